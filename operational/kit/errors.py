"""The root of every business refusal."""

from typing import ClassVar


class DomainError(Exception):
    """A refusal a person can act on. `code` is stable, `field` names the input at fault, if one."""

    code: ClassVar[str] = "refused"
    field: str | None = None

    def __init__(self, sentence: str, *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field


class NotFound(DomainError):
    code = "not_found"


class Forbidden(DomainError):
    code = "forbidden"


class Stale(DomainError):
    """The case changed since it was shown."""

    code = "stale"


class Conflict(DomainError):
    """Another request holds this; try again."""

    code = "conflict"


class InvalidInput(DomainError):
    code = "invalid_input"
