"""States of what arrives and what leaves."""

from enum import StrEnum


class InboxStatus(StrEnum):
    NEW = "new"
    """Verified and stored; nobody acted on it yet."""
    DONE = "done"
    """Its effect is committed."""
    PARKED = "parked"
    """It could not be applied; a person must look, and replay or close it."""
    CLOSED = "closed"
    """A person decided, with a reason, that nothing follows from it."""


class OutboxStatus(StrEnum):
    PENDING = "pending"
    """To be carried, perhaps again."""
    SENT = "sent"
    """The other side did it, and what follows here is committed."""
    REFUSED = "refused"
    """The other side said no, and what follows here is committed."""
    PARKED = "parked"
    """Unanswered until its deadline; a person must look, and replay or close it."""
    CLOSED = "closed"
    """A person decided, with a reason, that it is carried no more."""
