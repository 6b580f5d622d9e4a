"""M8: money is whole minor units; rounding never creates or loses one."""

from decimal import Decimal

import pytest
from babel.numbers import get_currency_precision
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


def test_currencies_have_the_decimals_that_their_banks_use():
    """ISO 4217 as CLDR holds it. It leaves the fillér of Hungary and the sen of Indonesia away."""
    differs = {
        code: places
        for code, places in EXPONENTS.items()
        if places != get_currency_precision(code) and code not in {"HUF", "IDR"}
    }

    assert differs == {"BTC": 8, "ETH": 8, "USDC": 6, "USDT": 6}
    assert (EXPONENTS["HUF"], EXPONENTS["IDR"]) == (2, 2)
    with pytest.raises(AmountInvalid):
        Money(1, "XXX")


def test_amounts_of_one_currency_are_added_and_compared():
    one, two, same = Money(100, "USD"), Money(250, "USD"), Money(100, "USD")

    assert (one + two, two - one, -one) == (
        Money(350, "USD"),
        Money(150, "USD"),
        Money(-100, "USD"),
    )
    assert (one < two, one < same, two < one) == (True, False, False)
    assert (one <= two, one <= same, two <= one) == (True, True, False)


def test_the_largest_amount_is_read_and_one_more_is_not():
    assert Money.parse("10000000000000000.00", "USD").minor == MINOR_MAX == 10**18
    for text in ("10000000000000000.01", "1" * 20, "1" * 21):
        with pytest.raises(AmountInvalid, match="over the limit"):
            Money.parse(text, "USD")
    assert Money.parse("00000000000000000001", "USD").minor == 100
    for text in ("NaN", "Infinity"):
        with pytest.raises(AmountInvalid, match="finite"):
            Money.rounded(Decimal(text), "USD")


def test_the_odd_unit_goes_to_the_largest_remainder_and_among_equals_to_the_first():
    def parts(minor, *weights):
        return [part.minor for part in split(Money(minor, "USD"), weights)]

    assert parts(10, 1, 2, 3) == [2, 3, 5]
    assert parts(100, 1, 1, 1) == [34, 33, 33]
    assert parts(-100, 1, 1, 1) == [-34, -33, -33]
    assert parts(0, 0, 5) == [0, 0]
    assert parts(7, 1) == [7]
    for weights in ((), (0,), (0, 0), (1, -1), (-1, 5)):
        with pytest.raises(ValueError, match="weights must be"):
            parts(100, *weights)


def test_dollars_and_yen_are_never_compared_or_added():
    for act in (lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b, lambda a, b: a <= b):
        with pytest.raises(CurrencyMismatch):
            act(Money(1, "USD"), Money(1, "JPY"))


def test_a_float_is_no_money():
    with pytest.raises(TypeError):
        Money(1.0, "USD")
