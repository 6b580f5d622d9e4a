"""NOWPayments' amounts: JSON numbers of any length, in the client's currency and in the coin."""

import re
from fractions import Fraction
from typing import Any

from operational.kit.money import MINOR_MAX, AmountInvalid, Money, exponent
from operational.kit.signatures import NumberText
from operational.payments.errors import CallbackMalformed
from operational.payments.psp import strict

# As JavaScript writes numbers; longer ones would be a way to keep us busy.
_NUMBER = re.compile(r"\d{1,21}(\.\d{1,21})?(e[+-]?\d{1,2})?", re.ASCII)


def fiat(amount: Money) -> NumberText:
    """An amount as a JSON number of major units."""
    return NumberText(f"{amount.major:f}")


def priced(told: dict[str, Any]) -> Money:
    """What was asked for."""
    return money(told, "price_amount", "price_currency")


def money(told: dict[str, Any], amount: str, currency: str) -> Money:
    """A field that must be an amount in a currency we hold, to the minor unit."""
    code = strict.text(told, currency).upper()
    minor = _number(told, amount) * _unit(code)
    if minor.denominator != 1:
        raise CallbackMalformed(f"{amount} is no whole number of minor units.")
    return _money(int(minor), code)


def worth(told: dict[str, Any], *, is_further: bool) -> Money:
    """What arrived is worth, in the currency of the price.

    At the rate that was quoted: the whole coin amount is worth the whole price. A further payment
    to an address used before is worth what NOWPayments says, for it had no quote.
    """
    code = strict.text(told, "price_currency").upper()
    at_fiat = _number(told, "actually_paid_at_fiat") if told.get("actually_paid_at_fiat") else None
    if is_further and at_fiat:
        return _money(round(at_fiat * _unit(code)), code)
    quoted = _number(told, "pay_amount")
    if not quoted:
        raise CallbackMalformed("pay_amount is nothing.")
    share = _number(told, "actually_paid") / quoted
    return _money(round(_number(told, "price_amount") * share * _unit(code)), code)


def _unit(currency: str) -> int:
    try:
        return int(10 ** exponent(currency))
    except AmountInvalid as error:
        raise CallbackMalformed(str(error)) from error


def _money(minor: int, currency: str) -> Money:
    if minor > MINOR_MAX:
        raise CallbackMalformed("an amount is over the limit.")
    return Money(minor, currency)


def _number(told: dict[str, Any], name: str) -> Fraction:
    """A JSON number, or the same as text."""
    value = told.get(name)
    text = str(value) if isinstance(value, int) else value
    if isinstance(value, bool) or not isinstance(text, str) or not _NUMBER.fullmatch(text):
        raise CallbackMalformed(f"{name} is no amount.")
    return Fraction(text)
