"""M8: money is whole minor units; rounding never creates or loses one."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operational.kit.money import (
    EXPONENTS,
    MINOR_MAX,
    AmountInvalid,
    CurrencyMismatch,
    Money,
    split,
)

CURRENCIES = st.sampled_from(sorted(EXPONENTS))
MINOR = st.integers(-MINOR_MAX, MINOR_MAX)


@settings(max_examples=20_000, deadline=None)
@given(minor=MINOR, currency=st.sampled_from(["JPY", "USD", "KWD", "BTC"]),
       weights=st.binary(min_size=1, max_size=50).filter(any).map(list))  # fmt: skip
def test_a_split_never_creates_or_loses_a_unit(minor, currency, weights):
    parts = split(Money(minor, currency), weights)

    assert sum(part.minor for part in parts) == minor
    assert all(part.minor == 0 for part, weight in zip(parts, weights, strict=True) if weight == 0)
    # Nobody is more than one unit away from the exact share.
    exact = [Decimal(minor) * weight / sum(weights) for weight in weights]
    assert all(abs(part.minor - share) <= 1 for part, share in zip(parts, exact, strict=True))


@given(minor=st.integers(0, MINOR_MAX), currency=CURRENCIES)
def test_what_is_written_reads_back_the_same(minor, currency):
    money = Money(minor, currency)
    amount, unit = str(money).split()

    assert Money.parse(amount, unit) == money
    assert Money.rounded(money.major, currency) == money


@pytest.mark.parametrize("text", [
    "", "-1", "+1", "1e1", "10,00", "1_000", " 1", "1 ", "NaN", "inf", "１２", "0x10", ".5", "1.", "1.2.3",
    "10.001", "1" * 30, "٣",
])  # fmt: skip
def test_a_text_that_is_no_amount_is_refused(text):
    with pytest.raises(AmountInvalid):
        Money.parse(text, "USD")


def test_a_currency_we_do_not_hold_is_refused_by_name():
    with pytest.raises(AmountInvalid, match="'XXX' is not supported"):
        Money.parse("1.00", "XXX")


def test_yen_have_no_decimals_and_dinars_have_three():
    assert Money.parse("100", "JPY").minor == 100
    assert Money.parse("1.234", "KWD").minor == 1234
    with pytest.raises(AmountInvalid, match="JPY has 0 decimals"):
        Money.parse("1.5", "JPY")


def test_half_a_cent_is_rounded_to_even():
    assert [Money.rounded(Decimal(text), "USD").minor for text in ("0.005", "0.015", "-0.005")] == [
        0,
        2,
        0,
    ]


def test_dollars_and_yen_are_never_compared_or_added():
    for act in (lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b, lambda a, b: a <= b):
        with pytest.raises(CurrencyMismatch):
            act(Money(1, "USD"), Money(1, "JPY"))


def test_a_float_is_no_money():
    with pytest.raises(TypeError):
        Money(1.0, "USD")
