"""Every real file through a hub's inbox and one whole pass: the facts stand in what people read."""

import pytest

from lake import publication
from pipelines.psp.parse_adyen import parse_csv
from pipelines.refresh import refresh
from tests.peers import test_camt, test_mt940

NAMES = {
    "camt": (test_camt.LANDED, test_camt.REFUSED, ".xml"),
    "mt940": (test_mt940.LANDED, test_mt940.REFUSED, ".sta"),
}


@pytest.fixture(scope="module")
def outcome(data, drop, settings):
    """The pass over everything, each file dropped where its sender's files go."""
    if not data.is_dir():
        return None
    for folder, (landed, refused, ending) in NAMES.items():
        for name in (*landed, *refused):
            sender = f"{folder}-{name.replace('/', '-')}"
            drop("bank", sender, data / "bank" / folder / f"{name}{ending}")
    ofac = data / "sanctions" / "ofac_2019"
    drop("lists", "ofac", *(ofac / name for name in ("sdn.csv", "alt.csv", "add.csv")))
    drop("lists", "ofac", *sorted(ofac.glob("cons_*.csv")))
    drop("lists", "un", data / "sanctions" / "un" / "UN_consolidated.xml")
    adyen = data / "psp" / "adyen"
    drop("psp", "adyen", adyen / "settlement_detail_report_batch_238.csv", *adyen.glob("*.xls*"))
    drop("platform", "oanda-mt4", data / "platform" / "mt4_oanda_statement.htm")
    drop("platform", "hfm-mt5", data / "platform" / "ReportHistory.xlsx")
    market = data / "market"
    drop("market", "published", *market.glob("daily/*.zip"), *market.glob("*.csv"))
    drop("market", "published", market / "fxcm_eurusd_hour.zip")
    return refresh(settings)


@pytest.fixture(scope="module")
def ask(outcome, settings):
    def asked(query):
        with publication.read(settings) as lake:
            return lake.execute(query).fetchall()

    return asked


def test_one_pass_publishes_everything_but_the_files_that_break_their_contract(outcome):
    assert outcome.failures == ()
    assert outcome.is_published
    refused = {name.rpartition("/")[2] for name in outcome.landed.refused}
    assert refused == {
        "adyen_test_invalid.xls",
        *(f"{name}.xml" for name in test_camt.REFUSED),
        *(f"{name.rpartition('/')[2]}.sta" for name in test_mt940.REFUSED),
    }


def test_the_lists_are_published_as_they_were_counted(ask):
    assert ask("""
        select list_name, count(*), count(*) filter (kind = 'individual'),
               (select count(*) from lake.raw.reference__ofac_aliases a where a.list_name = e.list_name),
               (select count(*) from lake.raw.reference__ofac_addresses a where a.list_name = e.list_name)
        from lake.raw.reference__ofac_entries e where list_name = 'sdn' group by all
    """) == [("sdn", 7_379, 3_845, 9_682, 11_696)]
    assert ask("""
        select count(*),
               (select count(*) from lake.raw.reference__ofac_aliases where list_name = 'consolidated'),
               (select count(*) from lake.raw.reference__ofac_addresses where list_name = 'consolidated')
        from lake.raw.reference__ofac_entries where list_name = 'consolidated'
    """) == [(442, 1_073, 574)]
    for table in ("aliases", "addresses"):
        assert ask(f"""
            select count(*) from lake.raw.reference__ofac_{table}
            anti join lake.raw.reference__ofac_entries using (list_name, ent_num)
        """) == [(0,)]
    assert ask("""
        select count(*) filter (kind = 'individual'), count(*) filter (kind = 'entity'),
               (select count(*) from lake.raw.reference__un_aliases where kind = 'individual')
        from lake.raw.reference__un_entries
    """) == [(730, 273, 2_308)]


def test_batch_238_is_published_and_sums_to_zero(ask, data):
    (net,) = ask("select sum(net_minor) from lake.raw.psp__adyen_lines where batch_number = 238")
    assert net == (0,)
    report = data / "psp" / "adyen" / "settlement_detail_report_batch_238.csv"
    lines = parse_csv(report.read_bytes()).controls["lines"]
    assert ask("select count(*) from lake.raw.psp__adyen_lines where batch_number = 238") == [
        (lines,)
    ]


def test_every_published_bank_statement_that_states_both_balances_foots(ask):
    assert ask("""
        with balances as (
            select file_name, statement_no,
                   sum(amount_minor) filter (balance_code = 'OPBD') as opening,
                   sum(amount_minor) filter (balance_code = 'CLBD') as closing
            from lake.raw.bank__balances group by all
        ),
        moved as (
            select file_name, statement_no, sum(amount_minor) as moved
            from lake.raw.bank__entries group by all
        )
        select count(*) from balances left join moved using (file_name, statement_no)
        where opening + coalesce(moved, 0) <> closing
    """) == [(0,)]
    camt = sum(test_camt.LANDED.values())
    mt940 = sum(entries for _, entries, _ in test_mt940.LANDED.values())
    assert ask("select count(*) from lake.raw.bank__entries") == [(camt + mt940,)]


def test_the_account_statements_are_published_with_their_totals(ask):
    assert ask("""
        select platform, balance_minor, equity_minor from lake.raw.platform__statements order by 1
    """) == [("mt4", 495_418, 508_244), ("mt5", 5_094, 4_857)]


def test_rates_bars_and_symbols_are_published(ask):
    assert ask("select min(rate_date)::varchar from lake.raw.reference__fx_rates") == [
        ("1999-01-04",)
    ]
    assert ask("select count(*) from lake.raw.reference__quote_bars") == [(102_568,)]
    assert ask("select count(*) from lake.raw.reference__price_bars") == [(13_000,)]
    assert ask("select count(*) from lake.raw.reference__symbols") == [(293,)]
