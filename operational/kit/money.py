"""Money: whole minor units and a currency. Never a float."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

# ISO 4217 exponents; crypto assets by their own, at most 8 (amounts are bigint).
EXPONENTS: dict[str, int] = {
    "AED": 2, "AUD": 2, "BHD": 3, "BRL": 2, "BTC": 8, "CAD": 2, "CHF": 2, "CLP": 0, "CNY": 2,
    "CZK": 2, "DKK": 2, "ETH": 8, "EUR": 2, "GBP": 2, "HKD": 2, "HUF": 2, "IDR": 2, "INR": 2,
    "JOD": 3, "JPY": 0, "KES": 2, "KRW": 0, "KWD": 3, "MXN": 2, "MYR": 2, "NGN": 2, "NOK": 2,
    "NZD": 2, "OMR": 3, "PHP": 2, "PLN": 2, "RON": 2, "SEK": 2, "SGD": 2, "THB": 2, "TND": 3, "TRY": 2,
    "USC": 2, "USD": 2, "USDC": 6, "USDT": 6, "VND": 0, "ZAR": 2,
}  # fmt: skip

MINOR_MAX = 10**18
"""No single amount may be larger; bigint ends at about 9.2 x 10**18."""


class AmountInvalid(ValueError):
    """A text that is no amount of its currency. The message names what is wrong."""


class CurrencyMismatch(ValueError):
    """Two currencies met in one sum or comparison."""


def exponent(currency: str) -> int:
    """Decimal places of the currency's minor unit (ISO 4217).

    Raises:
        AmountInvalid: the currency is not one we hold.
    """
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise AmountInvalid(f"currency {currency!r} is not supported") from None


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents, yen, satoshi) of one currency."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if isinstance(self.minor, bool) or not isinstance(self.minor, int):
            raise TypeError(f"minor units are whole, got {self.minor!r}")
        exponent(self.currency)

    @classmethod
    def parse(cls, text: str, currency: str) -> "Money":
        """Read a plain decimal such as ``"10.50"``. ASCII digits only, no sign, no exponent.

        Raises:
            AmountInvalid: anything else, too many decimals, or an amount over the limit.
        """
        places = exponent(currency)
        whole, dot, fraction = text.partition(".")
        if not _is_digits(whole) or (dot and not _is_digits(fraction)):
            raise AmountInvalid(f"amount {text[:40]!r} is not a plain decimal number")
        if len(fraction) > places:
            raise AmountInvalid(f"{currency} has {places} decimals, {text[:40]!r} has more")
        minor = int(whole + fraction.ljust(places, "0")) if len(whole) <= 20 else MINOR_MAX + 1  # noqa: PLR2004 - longer cannot fit
        if minor > MINOR_MAX:
            raise AmountInvalid(f"amount {text[:40]!r} is over the limit")
        return cls(minor, currency)

    @classmethod
    def rounded(cls, amount: Decimal, currency: str) -> "Money":
        """Round an exact decimal of major units once, half to even.

        Raises:
            AmountInvalid: not a finite number, or one of more digits than are kept.
        """
        try:
            minor = amount.scaleb(exponent(currency)).quantize(Decimal(1), ROUND_HALF_EVEN)
            return cls(int(minor), currency)
        except (InvalidOperation, ValueError):
            raise AmountInvalid(f"{amount} is not a finite amount") from None

    @property
    def major(self) -> Decimal:
        """The exact amount in major units."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def __str__(self) -> str:
        return f"{self.major:.{exponent(self.currency)}f} {self.currency}"

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def _same(self, other: "Money") -> int:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency}")
        return other.minor


def split(total: Money, weights: Sequence[int]) -> list[Money]:
    """Divide without creating or losing a unit: largest remainders take the odd ones.

    Raises:
        ValueError: no weights, a negative one, or all zero.
    """
    if not weights or min(weights) < 0 or sum(weights) == 0:
        raise ValueError("weights must be non-negative and not all zero")
    whole = sum(weights)
    parts = [divmod(abs(total.minor) * weight, whole) for weight in weights]
    left = abs(total.minor) - sum(share for share, _ in parts)
    order = sorted(range(len(parts)), key=lambda i: (-parts[i][1], i))
    lucky = set(order[:left])
    sign = -1 if total.minor < 0 else 1
    return [
        Money(sign * (share + (i in lucky)), total.currency) for i, (share, _) in enumerate(parts)
    ]


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
