"""Numbers as people write them: exact where it counts, short where there is little room."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from dashboards import theme
from dashboards.charts import lineage, series
from lake.lineage import Step

NOW = datetime(2026, 3, 2, 12, 0, 5, tzinfo=UTC)
TILE_CHARACTERS_MAX = 10
"""What a tile on a phone holds, by the width of a digit."""


@pytest.mark.parametrize(
    ("value", "unit", "tile", "whole"),
    [
        (None, "usd", "—", "—"),
        (Decimal("0E-8"), "usd", "$0.00", "$0.00"),
        (Decimal("-0.5"), "usd", "-$0.50", "-$0.50"),
        (Decimal("999.99"), "usd", "$999.99", "$999.99"),
        (Decimal("90657.15"), "usd", "$90,657", "$90,657.15"),
        (Decimal("-1234567.89"), "usd", "-$1.235 M", "-$1,234,567.89"),
        (Decimal("98765432109.87654321"), "usd", "$98.765 bn", "$98,765,432,109.87654321"),
        (Decimal("0.72500000"), "usd", "$0.72", "$0.725"),
        (Decimal("12345678901234567.12345678"), "usd", None, "$12,345,678,901,234,567.12345678"),
        (49, "count", "49", "49"),
        (Decimal("49.00000000"), "count", "49", "49"),
        (Decimal("59.29000000"), "lots", "59.29", "59.29"),
        (Decimal("91.70000000"), "percent", "91.7 %", "91.7 %"),
        (Decimal(100), "percent", "100.0 %", "100.0 %"),
    ],
)
def test_a_tile_is_short_and_an_opened_number_has_every_digit(value, unit, tile, whole):
    assert theme.exact(value, unit) == whole
    if tile is not None:
        assert theme.amount(value, unit) == tile


@pytest.mark.parametrize("unit", theme.WRITTEN)
@pytest.mark.parametrize("value", ["-9999999.99", "-999999.99", "-99999.99", "-999.99"])
def test_no_tile_of_up_to_ten_million_outgrows_a_phone(unit, value):
    shown = theme.amount(Decimal(value), unit)

    assert len(shown.removesuffix(" %").removesuffix(" M").replace(",", "")) <= TILE_CHARACTERS_MAX


@pytest.mark.parametrize(
    ("value", "before", "unit", "said"),
    [
        (49, 11, "count", "+38"),
        (11, 49, "count", "-38"),
        (49, 49, "count", "no change"),
        (Decimal("83.4"), Decimal("91.7"), "percent", "-8.3 pp"),
        (Decimal(-100), Decimal(50), "usd", "-$150.00"),
        (Decimal(50), None, "usd", "nothing to compare"),
        (None, Decimal(50), "usd", "nothing to compare"),
    ],
)
def test_a_change_has_its_sign_and_shares_differ_in_points(value, before, unit, said):
    text, is_change = theme.change(value, before, unit)

    assert text == said
    assert is_change == (said[0] in "+-")


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (97_500, "JPY", "97,500"),
        (-1, "USD", "-0.01"),
        (1_234_567, "BHD", "1,234.567"),
        (123_456_789, "BTC", "1.23456789"),
        (0, "EUR", "0.00"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(minor, currency, written):
    assert theme.money(currency, theme.major(minor, currency)) == written


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("amount_usd", Decimal("1234.50"), "1,234.50"),
        ("commission", Decimal("0.32500000000000"), "0.325"),
        ("success_percent", Decimal("88.9"), "88.9 %"),
        ("deals", 1_234, "1,234"),
        ("deal", 1_234_567, "1234567"),
        ("login", 900_037, "900037"),
        ("is_active", True, "yes"),
        ("closed_at", NOW, "2026-03-02 12:00"),
        ("day", NOW.date(), "2026-03-02"),
        ("reason", "card_declined", "card declined"),
        ("client_reference", "C-SF98TSHD", "C-SF98TSHD"),
        ("name", "fct_payments", "fct_payments"),
        ("status", None, "—"),
    ],
)
def test_a_cell_is_written_by_what_it_is(column, value, shown):
    assert theme.cell(column, value) == shown


def test_a_column_is_called_by_words():
    columns = ("client_reference", "amount_usd", "closed_at", "success_percent", "psp", "side")

    assert [theme.heading(column) for column in columns] == [
        "Client",
        "Amount, USD",
        "Closed, UTC",
        "Success, %",
        "PSP",
        "Side",
    ]


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (timedelta(seconds=-3), "just now"),
        (timedelta(seconds=40), "40 s ago"),
        (timedelta(minutes=119), "119 min ago"),
        (timedelta(hours=26, minutes=5), "26 h 05 min ago"),
        (timedelta(days=3), "3 days ago"),
    ],
)
def test_an_age_is_said_in_the_unit_a_reader_thinks_in(passed, said):
    assert theme.age(NOW - passed, NOW) == said


def test_a_plot_covers_the_whole_period_also_where_nothing_happened():
    since, until = date(2026, 3, 1), date(2026, 3, 4)
    frame = pl.DataFrame({"day": [date(2026, 3, 2)], "value": [Decimal("2.50")]})

    assert series.every_day(frame, since, until, day="day", value="value") == [0.0, 2.5, 0.0, 0.0]
    figure = series.daily(frame, since, until, day="day", value="value", unit="usd")
    assert list(figure.layout.xaxis.range) == ["2026-02-28 12:00", "2026-03-04 12:00"]


def test_a_plot_draws_shares_of_nothing_and_names_that_are_missing():
    frame = pl.DataFrame(
        {"day": [date(2026, 3, 2)], "name": [None], "value": pl.Series([None], dtype=pl.Decimal)},
        schema_overrides={"name": pl.String},
    )

    assert series.ranked(frame, name="name", value="value").data[0].y == (theme.NOTHING,)
    assert series.every_day(
        frame, date(2026, 3, 2), date(2026, 3, 2), day="day", value="value"
    ) == [0.0]


def test_the_largest_part_of_a_stack_stands_at_the_bottom():
    day = date(2026, 3, 2)
    frame = pl.DataFrame(
        {"day": [day] * 2, "psp": ["small", "large"], "usd": [Decimal(1), Decimal(9)]}
    )

    figure = series.stacked(frame, day, day, day="day", value="usd", by="psp", unit="usd")

    assert [bar.name for bar in figure.data] == ["large", "small"]


def test_the_picture_of_a_lineage_goes_from_what_arrived_to_the_mart():
    steps = [
        Step("fct_payments", "marts", "One row per payment.", ("stg_payments__payments",)),
        Step("stg_payments__payments", "staging", "", ("payments__payment",)),
        Step("payments__payment", "raw", "", ()),
    ]

    drawn = lineage.flow(steps).splitlines()

    assert drawn[0] == "flowchart LR"
    assert "    payments__payment --> stg_payments__payments" in drawn
    assert "    stg_payments__payments --> fct_payments" in drawn
