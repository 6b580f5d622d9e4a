"""Published lists, rates and prices: an issue is taken whole or not at all."""

import io
import zipfile
from datetime import date
from decimal import Decimal

import pytest

from pipelines.contracts import FileRefused
from pipelines.reference import ecb, market, ofac, un
from tests.pipelines.lists import a_un_list

ENTRIES = (
    b'36,"AEROCARIBBEAN AIRLINES",-0- ,"CUBA",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n'
    b'9640,"DOE, Jos\xe9","individual","SDGT] [IFSR",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"DOB 1951; "\r\n'
    b"\x1a"
)
ALIASES = b'36,12,"aka","AERO-CARIBBEAN",-0- \r\n9640,13,"fka","DOE, Joseph",-0- \r\n\x1a'
ADDRESSES = b'36,25,-0- ,"Havana","Cuba",-0- \r\n\x1a'


def an_issue(entries=ENTRIES, aliases=ALIASES, addresses=ADDRESSES, overflow=None):
    return ofac.Files(entries, aliases, addresses, overflow)


def test_an_ofac_issue_is_read_from_its_four_files():
    batch = ofac.parse(an_issue(overflow=b"9640,\"a.k.a. 'SHORT'.\"\r\n\x1a"), "sdn")

    entity, person = batch.tables["reference__ofac_entries"].to_pylist()
    assert (entity["kind"], entity["name"], entity["remarks"]) == (
        "entity",
        "AEROCARIBBEAN AIRLINES",
        None,
    )
    assert (person["name"], person["programs"]) == ("DOE, José", ["SDGT", "IFSR"])
    assert person["remarks"] == "DOB 1951;a.k.a. 'SHORT'."
    assert batch.controls == {"entries": 2, "aliases": 2, "addresses": 1}
    assert (batch.name, batch.is_reissued) == ("sdn", True)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (an_issue(aliases=ALIASES.replace(b"9640", b"9641")), "row 2, column 'aliases: ent_num': 9641 is not"),
        (an_issue(addresses=ADDRESSES.replace(b"36", b"37")), "row 1, column 'addresses: ent_num': 37 is not"),
        (an_issue(overflow=b'7,"more"\r\n'), "7 is not on the list"),
        (an_issue(entries=ENTRIES.replace(b"9640", b"36")), "row 2, column 'entries: ent_num': 36 is used twice"),
        (an_issue(entries=ENTRIES.replace(b"individual", b"person")), "unknown kind 'person'"),
        (an_issue(aliases=ALIASES.replace(b"fka", b"xxx")), "unknown type 'xxx'"),
        (an_issue(entries=ENTRIES[:-50]), "row 2, column 'entries': has 5 cells instead of 12"),
        (an_issue(entries=b""), "the file is empty"),
    ],
)  # fmt: skip
def test_an_ofac_issue_whose_files_do_not_fit_together_is_refused(files, reason):
    with pytest.raises(FileRefused, match=reason):
        ofac.parse(files, "sdn")


def test_a_un_listing_is_read_with_its_names_births_and_aliases():
    tables = {name: table.to_pylist() for name, table in un.parse(a_un_list()).tables.items()}

    (entry,) = tables["reference__un_entries"]
    assert (entry["name"], entry["kind"], entry["listed_date"]) == (
        "ERIC BADEGE",
        "individual",
        date(2015, 4, 7),
    )
    assert tables["reference__un_aliases"][0]["name"] == "Éric"
    assert (
        tables["reference__un_births"][0]["from_year"],
        tables["reference__un_births"][0]["to_year"],
    ) == (1971, 1973)
    assert tables["reference__un_documents"] == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (a_un_list(data_id="x"), "'x' is not a whole number"),
        (a_un_list().replace(b"CDi.001", b""), "has no name or reference"),
        (a_un_list().replace(b"2015-04-07", b"07.04.2015"), "is not a time written as"),
        (a_un_list().replace(b"INDIVIDUALS", b"PEOPLE"), "the list is empty"),
        (b"<OTHER/>", "not the consolidated list"),
    ],
)
def test_a_un_list_that_breaks_its_contract_is_refused(content, reason):
    with pytest.raises(FileRefused, match=reason):
        un.parse(content)


def zipped(name, text):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, text)
    return packed.getvalue()


RATES = "Date,USD,JPY,CYP,\n2026-03-03,1.0851,162.35,N/A,\n2026-03-02,1.0837,N/A,N/A,\n"


def test_rates_keep_every_digit_and_a_day_without_a_rate_has_no_row():
    batch = ecb.parse(zipped(ecb.FILE, RATES))

    assert batch.tables["reference__fx_rates"].to_pylist() == [
        {
            "rate_date": day,
            "base_currency": "EUR",
            "quote_currency": currency,
            "rate": Decimal(rate),
        }
        for day, currency, rate in (
            (date(2026, 3, 2), "USD", "1.0837"),
            (date(2026, 3, 3), "JPY", "162.35"),
            (date(2026, 3, 3), "USD", "1.0851"),
        )
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (RATES.replace("1.0851", "1,0851"), "Expected 5 columns"),
        (RATES.replace("1.0851", "high"), "column 'USD'"),
        (RATES.replace("1.0851", "-1.0851"), "not positive"),
        (RATES.replace("1.0851", "1.08510000001"), "column 'USD'"),
        (RATES.replace("2026-03-02", "2026-03-03"), "a day comes twice"),
        (RATES.replace("2026-03-02", "02/03/2026"), "column 'Date'"),
        (RATES.replace("Date", "Day"), "row 1: not a date and currency codes"),
        (RATES.replace("CYP,", "CYP"), "row 1: not a date and currency codes"),
    ],
)
def test_rates_that_break_their_contract_are_refused(text, reason):
    with pytest.raises(FileRefused, match=reason):
        ecb.parse(zipped(ecb.FILE, text))


def test_an_archive_with_another_file_in_it_is_refused():
    with pytest.raises(FileRefused, match="eurofxref-hist"):
        ecb.parse(zipped("../eurofxref-hist.csv", RATES))


BARS = (
    "20260302 00:00,1.0801,1.0850,1.0790,1.0840,0,1.0803,1.0852,1.0792,1.0842,3\n"
    "20260303 00:00,1.0840,1.0860,1.0830,1.0851,0,1.0842,1.0862,1.0832,1.0853,4\n"
)


def quotes(text):
    return market.parse_quote_bars(
        zipped("eurusd.csv", text), venue="oanda", symbol="EURUSD", resolution="daily"
    )


def test_quote_bars_are_read_as_published():
    first, _ = quotes(BARS).tables["reference__quote_bars"].to_pylist()

    assert (first["venue"], first["symbol"], first["resolution"]) == ("oanda", "EURUSD", "daily")
    assert (first["bid_open"], first["ask_close"], first["ask_size"]) == (
        Decimal("1.0801"),
        Decimal("1.0842"),
        3,
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BARS.replace("1.0850", "1.0799", 1), "row 1, column 'bid_high': the high and low do not"),
        (BARS.replace("1.0792", "0.0000", 1), "column 'ask_high'"),
        (BARS.replace("20260303", "20260302"), "bars out of order"),
        (BARS.replace("1.0801", "cheap"), "column #1: The string 'cheap'"),
        (BARS.replace("20260302 00:00", "2026-03-02"), "conversion error to timestamp"),
        (BARS.replace(",3\n", "\n"), "Expected 11 columns, got 10"),
    ],
)
def test_quote_bars_that_cannot_be_true_are_refused(text, reason):
    with pytest.raises(FileRefused, match=reason):
        quotes(text)


PRICES = (
    b"time,open,high,low,close,volume\n2026-03-02 00:00:00+00:00,2890.1,2895.5,2888.0,2891.2,812\n"
)


def test_single_price_bars_are_read_and_a_renamed_column_is_refused():
    kind = {"venue": "published", "symbol": "XAUUSD", "resolution": "hour"}
    (bar,) = market.parse_price_bars(PRICES, **kind).tables["reference__price_bars"].to_pylist()
    assert (bar["open"], bar["close"], bar["volume"]) == (Decimal("2890.1"), Decimal("2891.2"), 812)

    with pytest.raises(FileRefused, match="column 'volume': this column is missing"):
        market.parse_price_bars(PRICES.replace(b"volume", b"ticks"), **kind)


SYMBOLS = (
    ",".join(market.SYMBOL_COLUMNS) + "\n\n# remarks\nfxcm,EURUSD,forex,,USD,1,0.00001,1000\n"
    "cme,ES,future,S&P,USD,50,0.25,1,ES,1\n"
).encode()


def test_symbols_a_broker_of_cfds_deals_in_are_read():
    (symbol,) = market.parse_symbols(SYMBOLS).tables["reference__symbols"].to_pylist()

    assert (symbol["symbol"], symbol["price_step"], symbol["lot_size"]) == (
        "EURUSD",
        Decimal("0.00001"),
        1000,
    )


def test_a_symbol_with_a_cell_too_few_is_refused_with_its_row():
    with pytest.raises(FileRefused, match="row 4: has 7 cells"):
        market.parse_symbols(SYMBOLS.replace(b",0.00001,1000", b",0.00001"))
