"""States of a case."""

from enum import StrEnum


class CaseStatus(StrEnum):
    OPEN = "open"
    """Waits for a person."""
    APPROVED = "approved"
    """A person let it pass."""
    REFUSED = "refused"
    """A person stopped it for good."""
    WITHDRAWN = "withdrawn"
    """Its reasons are gone: a later check passed by rule."""


TRANSITIONS: dict[CaseStatus, frozenset[CaseStatus]] = {
    CaseStatus.OPEN: frozenset({CaseStatus.APPROVED, CaseStatus.REFUSED, CaseStatus.WITHDRAWN}),
    CaseStatus.APPROVED: frozenset(),
    CaseStatus.REFUSED: frozenset(),
    CaseStatus.WITHDRAWN: frozenset(),
}
