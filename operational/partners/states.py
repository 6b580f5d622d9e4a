"""Why a client belongs to a partner, or to nobody."""

from enum import StrEnum


class Reason(StrEnum):
    """The reason an attribution starts; `Flag` says why one did not."""

    REFERRAL_CODE = "referral_code"
    """The client came with the partner's code."""
    MOVED = "moved"
    """Staff moved the client here."""


class Flag(StrEnum):
    UNKNOWN_CODE = "unknown_code"
    """Nobody has this code."""
    INACTIVE_PARTNER = "inactive_partner"
    """The code's partner has left."""
    SAME_NAME = "same_name"
    """The client bears the partner's own name; perhaps a self-referral."""
