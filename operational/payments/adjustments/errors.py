"""What adjustments refuse."""

from operational.kit.errors import DomainError, InvalidInput, NotFound


class AdjustmentNotFound(NotFound):
    code = "adjustment_not_found"


class AdjustmentOverLimit(DomainError):
    """More than two persons may move by hand."""

    code = "adjustment_over_limit"


class WrongDirection(InvalidInput):
    """A reason that only gives was to take, or the other way round."""

    code = "wrong_direction"


class NotThatMuchDebt(DomainError):
    """More is to be written off than the client owes."""

    code = "not_that_much_debt"


class NotReversible(DomainError):
    """Not posted, a reversal itself, or reversed already."""

    code = "not_reversible"
