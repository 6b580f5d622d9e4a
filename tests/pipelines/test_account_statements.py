"""Printed account statements: every total is recomputed from the rows above it."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operational.platforms import server_time
from pipelines.contracts import FileRefused
from pipelines.platform import statement_mt4, statement_mt5


def tr(*cells):
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def an_mt4(
    *,
    profit="25.50", total="25.50", deposit="1 000.00", balance="1 025.50", equity="1 020.50",
    working="",
):  # fmt: skip
    head = [
        "Price",
        "S / L",
        "T / P",
        "Close Time",
        "Price",
        "Commission",
        "Taxes",
        "Swap",
        "Profit",
    ]
    trade = ["2026.03.02 10:00:00", "buy", "0.10", "eurusd", "1.08010", "0.00000", "1.09000"]
    result = ["1.08350", "-7.00", "0.00", "-1.50"]
    return (
        "<html><body><b>Kingpost Markets</b><table>"
        + tr(
            "Account: 5001",
            "Name: A Client",
            "Currency: USD",
            "Leverage: 1:100",
            "2026 March 06, 23:59",
        )
        + tr("Closed Transactions:")
        + tr("Ticket", "Open Time", "Type", "Size", "Item", *head)
        + tr("101", "2026.03.01 09:00:00", "balance", "Deposit", deposit)
        + tr(
            "102", *trade, "2026.03.02 11:00:00", *result, "34.00" if profit == "25.50" else profit
        )
        + tr(
            "103",
            *trade[:1],
            "sell limit",
            *trade[2:],
            "2026.03.03 11:00:00",
            "1.08350",
            "cancelled",
        )
        + tr("&nbsp;", "-7.00", "0.00", "-1.50", "34.00")
        + tr("Closed P/L:", total)
        + tr("Open Trades:")
        + tr("104", *trade, "&nbsp;", "1.08000", "0.00", "0.00", "0.00", "-5.00")
        + tr("&nbsp;", "0.00", "0.00", "0.00", "-5.00")
        + tr("&nbsp;", "Floating P/L:", "-5.00")
        + tr("Working Orders:")
        + (working or tr("No transactions"))
        + tr("Summary:")
        + tr("Deposit/Withdrawal:", "1 000.00", "Credit Facility:", "0.00", "&nbsp;")
        + tr("Closed Trade P/L:", total, "Floating P/L:", "-5.00", "Margin:", "108.01")
        + tr("Balance:", balance, "Equity:", equity, "Free Margin:", "912.49")
        + "</table></body></html>"
    ).encode("cp1252")


def test_an_mt4_statement_is_read_and_its_totals_recomputed():
    batch = statement_mt4.parse(an_mt4())

    (statement,) = batch.tables["platform__statements"].to_pylist()
    assert (statement["balance_minor"], statement["equity_minor"]) == (102_550, 102_050)
    assert (statement["opening_balance_minor"], statement["leverage"]) == (0, 100)
    deposit, trade, cancelled, still_open = batch.tables["platform__statement_trades"].to_pylist()
    assert (deposit["operation"], deposit["profit_minor"], deposit["comment"]) == (
        "balance",
        100_000,
        "Deposit",
    )
    assert (trade["volume_e8"], trade["profit_minor"], trade["stop_loss"]) == (
        10_000_000,
        3_400,
        None,
    )
    assert (cancelled["comment"], cancelled["profit_minor"]) == ("cancelled", None)
    assert (still_open["section"], still_open["close_at"]) == ("open", None)


def test_a_working_order_is_no_trade():
    order = tr(
        "105",
        "2026.03.05 10:00:00",
        "buy limit",
        "0.10",
        "eurusd",
        "1.07",
        "0.00",
        "0.00",
        "1.08",
        "&nbsp;",
    )

    (*_, working) = (
        statement_mt4.parse(an_mt4(working=order)).tables["platform__statement_trades"].to_pylist()
    )
    assert (working["section"], working["operation"], working["profit_minor"]) == (
        "working",
        "buy limit",
        None,
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (an_mt4(profit="33.99"), "the closed rows make"),
        (an_mt4(deposit="1 000.01"), "column 'Deposit/Withdrawal': the rows make 100001"),
        (an_mt4(total="25.51"), "column 'closed': the rows make 2550"),
        (an_mt4(equity="1 020.51"), "column 'Equity'"),
        (an_mt4(balance="1.025,50"), "is not a plain decimal number"),
        (an_mt4().replace(b"2026.03.02 10", b"02.03.2026 10"), "is not a time written as"),
        (an_mt4().replace(b"Currency: USD", b"Currency: XXX"), "'XXX' is not supported"),
        (an_mt4().replace(b"Balance:", b"Saldo:"), "column 'Balance'"),
        (b"<html></html>", "holds no table"),
        (an_mt4() + b"\x81", "not cp1252"),
    ],
)
def test_an_mt4_statement_that_breaks_its_contract_is_refused(content, reason):
    with pytest.raises(FileRefused, match=reason):
        statement_mt4.parse(content)


@pytest.fixture(scope="module")
def an_mt5(a_workbook):
    def made(*, deal_balance=50.94, total=11.91, equity=48.57, header=None, sheet="Sheet1"):
        position = ["2026.03.02 10:00:00", 71, "EURUSD", "buy", "0.01", 1.12895, None, 1.14086]
        rows = [
            ["Trade History Report"],
            ["Account:", None, None, "5001 (USD, Kingpost-Live, real, Hedge)"],
            ["Date:", None, None, "2026.03.06 23:59"],
            ["Positions"],
            header or statement_mt5.HEADERS["Positions"],
            [*position, "2026.03.03 10:00:00", 1.14086, 0.0, 0.0, 11.91],
            ["Orders"],
            statement_mt5.HEADERS["Orders"],
            ["2026.03.03 09:59:59", 92, "EURUSD", "sell", "0.01 / 0.01", "market", None, None,
             "2026.03.03 10:00:00", "filled", None, "[so 18.80%/0.94/5.00]"],
            ["Deals"],
            statement_mt5.HEADERS["Deals"],
            ["2026.03.02 10:00:00", 81, "EURUSD", "buy", "in", "0.01", 1.12895, 91, 0.0, 0.0, 0.0, 0.0, 39.03],
            ["2026.03.03 10:00:00", 82, "EURUSD", "sell", "out", "0.01", 1.14086, 92, 0.0, 0.0, 0.0, 11.91,
             deal_balance, "[so 18.80%/0.94/5.00]"],
            [*[None] * 8, 0.0, 0.0, 0.0, total, 50.94],
            ["Open Positions"],
            statement_mt5.HEADERS["Open Positions"],
            [*position, 1.12658, 0.0, None, -2.37, "kept"],
            [*[None] * 10, 0.0, -2.37],
            ["Balance:", None, None, 50.94, None, None, "Free Margin:", None, None, 47.1],
            ["Credit Facility:", None, None, 0.0, None, None, "Margin:", None, None, 1.47],
            ["Floating P/L:", None, None, -2.37],
            ["Equity:", None, None, equity],
            ["Results"],
            ["Total Net Profit:", None, None, 11.91],
        ]  # fmt: skip
        return a_workbook(**{sheet: rows})

    return made


def test_an_mt5_history_is_read_and_its_balances_chained(an_mt5):
    batch = statement_mt5.parse(an_mt5())

    (statement,) = batch.tables["platform__statements"].to_pylist()
    assert (statement["login"], statement["server"]) == ("5001", "Kingpost-Live")
    assert (statement["opening_balance_minor"], statement["balance_minor"]) == (3_903, 5_094)
    opened, stopped = batch.tables["platform__statement_deals"].to_pylist()
    assert (opened["direction"], opened["close_reason"]) == ("in", None)
    assert (stopped["close_reason"], stopped["profit_minor"]) == ("so", 1_191)
    # New York keeps winter time until the eighth: the server is two hours ahead of UTC.
    assert stopped["executed_at"] == datetime(2026, 3, 3, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"deal_balance": 50.95}, "column 'Balance': the balance should be 5094, not 5095"),
        (
            {"total": 11.92},
            "column 'profit_minor': the rows make 1191 minor units, the report says 1192",
        ),
        ({"equity": 48.58}, "column 'Equity'"),
        (
            {"header": ["Zeit", *statement_mt5.HEADERS["Positions"][1:]]},
            "column 'Time': Positions has 'Zeit'",
        ),
        ({"header": statement_mt5.HEADERS["Positions"][:-1]}, "column 'Profit'"),
        ({"sheet": "Sheet2"}, "the sheet is called 'Sheet2'"),
        ({"total": 11.915}, "has more decimals than USD"),
    ],
)
def test_an_mt5_history_that_breaks_its_contract_is_refused(an_mt5, changed, reason):
    with pytest.raises(FileRefused, match=reason):
        statement_mt5.parse(an_mt5(**changed))


@pytest.mark.parametrize(
    ("shown", "zone", "instant"),
    [
        ("2026-01-15", "America/New_York+7", datetime(2026, 1, 14, 22, tzinfo=UTC)),
        ("2026-07-15", "America/New_York+7", datetime(2026, 7, 14, 21, tzinfo=UTC)),
        # America has changed its clocks and Europe has not.
        ("2026-03-12", "America/New_York+7", datetime(2026, 3, 11, 21, tzinfo=UTC)),
        ("2026-03-12", "Europe/Helsinki", datetime(2026, 3, 11, 22, tzinfo=UTC)),
        # IANA's own names run against the sign: Etc/GMT-2 is two hours ahead of UTC.
        ("2026-03-12", "Etc/GMT-2", datetime(2026, 3, 11, 22, tzinfo=UTC)),
        ("2026-03-12", "Etc/GMT+5", datetime(2026, 3, 12, 5, tzinfo=UTC)),
        ("2026-03-12", "UTC+2", datetime(2026, 3, 11, 22, tzinfo=UTC)),
    ],
)
def test_a_servers_midnight_is_five_in_the_afternoon_in_new_york(shown, zone, instant):
    assert server_time.to_utc(datetime.fromisoformat(shown), zone) == instant


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "+3", "America/New_York+7+1"])
def test_a_zone_nobody_keeps_is_an_error(zone):
    with pytest.raises(ValueError, match="is no zone"):
        server_time.to_utc(datetime.fromisoformat("2026-01-15"), zone)


@given(st.data())
@settings(max_examples=100)
def test_a_damaged_statement_is_refused_or_still_adds_up_but_never_crashes(data):
    content = an_mt4()
    place = data.draw(st.integers(0, len(content) - 1))
    damage = data.draw(st.binary(max_size=3))

    with contextlib.suppress(FileRefused):
        statement_mt4.parse(
            content[:place] + damage + content[place + data.draw(st.integers(0, 5)) :]
        )


@pytest.mark.parametrize(
    ("size", "reason"), [("999999999999.00", "too much"), ("0.000000001", "too fine")]
)
def test_a_volume_no_number_can_hold_is_refused(size, reason):
    with pytest.raises(FileRefused, match=f"column 'Size': {size} lots is {reason}"):
        statement_mt4.parse(an_mt4().replace(b"0.10", size.encode(), 1))
