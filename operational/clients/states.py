"""The stages of a client."""

from enum import StrEnum


class Stage(StrEnum):
    LEAD = "lead"
    """Left a name and an e-mail; routed to a team."""
    PROFILED = "profiled"
    """Gave the personal details a check needs."""
    IN_REVIEW = "in_review"
    """A person must decide on the identity case."""
    VERIFIED = "verified"
    """Identity approved; may pay in, open accounts and trade."""
    REFUSED = "refused"
    """Identity refused; may not pay in."""
    CLOSED = "closed"
    """The relationship ended."""


TRANSITIONS: dict[Stage, frozenset[Stage]] = {
    Stage.LEAD: frozenset({Stage.PROFILED, Stage.CLOSED}),
    Stage.PROFILED: frozenset({Stage.IN_REVIEW, Stage.VERIFIED, Stage.REFUSED, Stage.CLOSED}),
    Stage.IN_REVIEW: frozenset({Stage.VERIFIED, Stage.REFUSED, Stage.PROFILED, Stage.CLOSED}),
    Stage.VERIFIED: frozenset({Stage.IN_REVIEW, Stage.CLOSED}),
    Stage.REFUSED: frozenset({Stage.IN_REVIEW, Stage.CLOSED}),
    Stage.CLOSED: frozenset(),
}
