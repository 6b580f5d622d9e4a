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


class ClearedBy(StrEnum):
    """What it takes until a reason no longer holds a case open."""

    PAPERS = "papers"
    """A later check that no longer finds it: the client has handed in what was missing."""
    PERSON = "person"
    """A decision. The client could make it disappear by changing what is compared."""


TRANSITIONS: dict[CaseStatus, frozenset[CaseStatus]] = {
    CaseStatus.OPEN: frozenset({CaseStatus.APPROVED, CaseStatus.REFUSED, CaseStatus.WITHDRAWN}),
    CaseStatus.APPROVED: frozenset(),
    CaseStatus.REFUSED: frozenset(),
    CaseStatus.WITHDRAWN: frozenset(),
}
