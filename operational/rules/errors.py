"""What the rules refuse."""

from operational.kit.errors import Conflict, DomainError, InvalidInput, NotFound


class TableNotFound(NotFound):
    """No such table, version, or no version in force."""

    code = "table_not_found"


class TableInvalid(InvalidInput):
    """Content that is no decision table, or that could decide the same facts in two ways."""

    code = "table_invalid"


class FactsInvalid(InvalidInput):
    """A fact the table asks for is missing, is nothing, or is a float."""

    code = "facts_invalid"


class NoRowApplies(DomainError):
    """No row of the table matches these facts: a hole in the table."""

    code = "no_row_applies"


class VersionMoved(Conflict):
    """The version is no longer in the state this step starts from."""

    code = "version_moved"


class DecisionNotFound(NotFound):
    code = "decision_not_found"


class ReplayNotFound(NotFound):
    code = "replay_not_found"
