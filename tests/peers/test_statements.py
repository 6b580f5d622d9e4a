"""A real MT4 statement and a real MT5 history, landed by the pipeline and recomputed in the lake."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pipelines.platform import receive

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def receipt(data, drop, settings, lake):
    if not data.is_dir():
        return None
    drop("platform", "oanda-mt4", data / "platform" / "mt4_oanda_statement.htm")
    drop("platform", "hfm-mt5", data / "platform" / "ReportHistory.xlsx")
    return receive.receive(settings, lake, now=NOW)


@pytest.fixture(scope="module")
def ask(lake):
    def asked(query):
        return lake.execute(query).fetchall()

    return asked


def test_both_statements_land(receipt):
    assert receipt.refused == {}
    assert list(receipt.landed) == [
        "hfm-mt5/ReportHistory.xlsx",
        "oanda-mt4/mt4_oanda_statement.htm",
    ]


def test_the_mt4_statement_ends_at_4954_18_and_is_worth_5082_44(receipt, ask):
    assert ask("""
        select login, currency, opening_balance_minor, balance_minor, equity_minor,
               printed_server_time::varchar
        from lake.raw.platform__statements where platform = 'mt4'
    """) == [("3606334", "USD", 0, 495_418, 508_244, "2020-02-23 17:06:00")]


def test_the_mt4_rows_make_the_printed_totals(receipt, ask):
    ((balance, floating),) = ask("""
        select sum(profit_minor + coalesce(swap_minor + commission_minor + taxes_minor, 0))
                   filter (section = 'closed'),
               sum(profit_minor + swap_minor + commission_minor + taxes_minor)
                   filter (section = 'open')
        from lake.raw.platform__statement_trades where file_name like 'mt4_statement/%'
    """)

    assert (balance, balance + floating) == (495_418, 508_244)


def test_mt4_financing_is_booked_as_balance_rows_and_is_no_deposit(receipt, ask):
    assert ask("""
        select comment, count(*), sum(profit_minor) from lake.raw.platform__statement_trades
        where operation = 'balance' and file_name like 'mt4_statement/%' group by 1 order by 1
    """) == [("ADJUSTMENT", 1, 500_000), ("Financing", 8, -1_157)]


def test_mt4_trades_keep_prices_and_volume_to_the_last_digit(receipt, ask):
    assert ask("""
        select symbol, operation, volume_e8, open_price, stop_loss, take_profit, close_price,
               profit_minor, close_server_time::varchar
        from lake.raw.platform__statement_trades where ticket = 233489119
    """) == [
        (
            "eurusd-2", "buy", 10_000_000, Decimal("1.08448"), Decimal("1.08117"), None,
            Decimal("1.08117"), -3_310, "2020-02-18 15:19:24",
        )
    ]  # fmt: skip


def test_every_mt5_balance_follows_from_the_one_before(receipt, ask):
    assert ask("""
        with chained as (
            select balance_minor, profit_minor + swap_minor + commission_minor + fee_minor as moved,
                   lag(balance_minor) over (order by row_no) as before
            from lake.raw.platform__statement_deals
        )
        select count(*), count(*) filter (before + moved <> balance_minor),
               max(balance_minor) filter (before is null)
        from chained
    """) == [(18, 0, 5_061)]
    assert ask("""
        select server, login, opening_balance_minor, balance_minor, equity_minor, floating_minor
        from lake.raw.platform__statements where platform = 'mt5'
    """) == [("HFMarketsKE-Demo2", "57174315", 5_061, 5_094, 4_857, -237)]


def test_the_mt5_account_was_stopped_out_once(receipt, ask):
    assert ask("""
        select deal, profit_minor, balance_minor, comment from lake.raw.platform__statement_deals
        where close_reason = 'so'
    """) == [(27886370, -1_756, 94, "[so 18.80%/0.94/5.00]")]
    assert ask("""
        select close_reason, count(*) from lake.raw.platform__statement_deals
        where direction = 'out' group by 1 order by 1
    """) == [("sl", 2), ("so", 1), ("tp", 3), (None, 3)]


def test_the_first_mt5_deals_close_positions_opened_before_the_exports_window(receipt, ask):
    assert ask("""
        select ticket, symbol from lake.raw.platform__statement_trades as positions
        where file_name like 'mt5_statement/%' and not exists (
            from lake.raw.platform__statement_deals
            where "order" = positions.ticket and direction = 'in'
        ) order by ticket
    """) == [(35324172, "EURUSD.Z"), (35324758, "EURUSD.Z")]


def test_mt5_positions_net_what_the_report_says(receipt, ask):
    assert ask("""
        select section, count(*), sum(profit_minor + swap_minor)
        from lake.raw.platform__statement_trades where file_name like 'mt5_statement/%'
        group by 1 order by 1
    """) == [("closed", 9, -4_967), ("open", 1, -237)]
    assert ask("""
        select count(*), count(*) filter (state = 'canceled'), count(*) filter (price is null)
        from lake.raw.platform__statement_orders
    """) == [(24, 7, 8)]
