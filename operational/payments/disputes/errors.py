"""What disputes refuse."""

from operational.kit.errors import DomainError, NotFound


class DisputeNotFound(NotFound):
    code = "dispute_not_found"


class PackNotFound(NotFound):
    code = "pack_not_found"


class NotAnswerable(DomainError):
    """The bank waits for nothing, or has our answer."""

    code = "not_answerable"
