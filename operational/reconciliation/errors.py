"""What reconciliation refuses."""

from operational.kit.errors import Conflict, DomainError, InvalidInput, NotFound


class BreakNotFound(NotFound):
    code = "break_not_found"


class BreakClosed(Conflict):
    """The break has ended; it never opens again."""

    code = "break_closed"


class BreakMoved(Conflict):
    """The break cannot go there from where it stands."""

    code = "break_moved"


class BreakChanged(Conflict):
    """The break is no longer what was asked about."""

    code = "break_changed"


class NothingToPost(DomainError):
    """There is no difference, or no account it could be taken from."""

    code = "nothing_to_post"


class LinesDiffer(DomainError):
    """The chosen lines do not add up to what is expected."""

    code = "lines_differ"


class LineUnknown(InvalidInput):
    """A line that is no candidate of this break."""

    code = "line_unknown"


class LineTaken(Conflict):
    """A line that was matched by hand before."""

    code = "line_taken"


class ReportNotFound(NotFound):
    code = "report_not_found"


class ReportDecided(Conflict):
    """The version was signed or refused, or is not prepared yet."""

    code = "report_decided"


class ReportWaits(Conflict):
    """A version of this day waits already."""

    code = "report_waits"


class DayNotClosed(DomainError):
    """There is no report of a day that is not over."""

    code = "day_not_closed"


class AccountNamed(Conflict):
    """This bank account is on the list already."""

    code = "account_named"
