"""What messaging refuses."""

from operational.kit.errors import Conflict, DomainError


class IdempotencyKeyReused(DomainError):
    """The key was used before with another request."""

    code = "idempotency_key_reused"


class IdempotencyKeyUnsound(DomainError):
    """The key is empty, too long or not printable ASCII."""

    code = "idempotency_key_unsound"


class InProgress(Conflict):
    """The first request with this key is still being answered."""

    code = "in_progress"


class Incurable(DomainError):
    """No retry will make this message acceptable; it is parked at once for a person to see."""

    code = "incurable"


class NotParked(DomainError):
    """Only a parked message can be replayed or closed."""

    code = "not_parked"
