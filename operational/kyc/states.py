"""Kinds of documents and outcomes of a check."""

from enum import StrEnum


class DocumentKind(StrEnum):
    PASSPORT = "passport"
    """Machine-readable zone of two lines of 44 (TD3)."""
    ID_CARD = "id_card"
    """Three lines of 30 (TD1) or two of 36 (TD2)."""
    PROOF_OF_ADDRESS = "proof_of_address"
    """A bill or a statement; it has no machine-readable zone."""


IDENTITY = frozenset({DocumentKind.PASSPORT, DocumentKind.ID_CARD})
"""Documents that prove who somebody is."""


class Outcome(StrEnum):
    APPROVE = "approve"
    """Every check passed; the client is verified."""
    REVIEW = "review"
    """Stopped, with reasons; a person decides."""
    REFUSE = "refuse"
    """The rules do not let us serve this client."""
