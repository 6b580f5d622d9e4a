"""Test cards: Stripe's own published numbers and what they do."""

from dataclasses import dataclass

from sandbox.store import Document


@dataclass(frozen=True, slots=True)
class Card:
    """A card as typed in. Declined cards carry the reason, treacherous ones are disputed later."""

    number: str
    country: str = "US"

    @property
    def decline_code(self) -> str | None:
        return _DECLINES.get(self.number)

    @property
    def is_disputed(self) -> bool:
        return self.number in _DISPUTED

    @property
    def is_well_formed(self) -> bool:
        return self.number.isascii() and self.number.isdigit() and 12 <= len(self.number) <= 19  # noqa: PLR2004 - ISO/IEC 7812

    def described(self) -> Document:
        return {
            "brand": _BRANDS.get(self.number[:1], "unknown"),
            "country": self.country,
            "exp_month": 12,
            "exp_year": 2034,
            "fingerprint": f"fp{self.number[-4:]}{self.number[:4]}",
            "funding": "debit" if self.number.startswith("5") else "credit",
            "last4": self.number[-4:],
        }


def card_of(payment_method: str) -> Card:
    """The card behind a test token such as ``pm_card_visa``."""
    return Card(_TOKENS.get(payment_method, GOOD))


GOOD = "4242424242424242"
_BRANDS = {"3": "amex", "4": "visa", "5": "mastercard", "6": "discover"}
_DECLINES = {
    "4000000000000002": "generic_decline",
    "4000000000009995": "insufficient_funds",
    "4000000000009987": "lost_card",
    "4000000000000069": "expired_card",
    "4000000000000119": "processing_error",
}
_DISPUTED = frozenset({"4000000000000259"})
_TOKENS = {
    "pm_card_visa": GOOD,
    "pm_card_mastercard": "5555555555554444",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_createDispute": "4000000000000259",
}
