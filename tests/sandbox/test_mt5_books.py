"""Whatever traders and dealers do, the platform's books agree with its deals."""

import tempfile
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.mt5 import accounts, trading
from sandbox.mt5.retcodes import Failed
from sandbox.mt5.tables import TABLES, deals_where, user_row
from sandbox.store import Store

START = datetime(2026, 3, 2, tzinfo=UTC)

steps = st.lists(
    st.tuples(
        st.sampled_from(["deposit", "credit", "open", "close", "cancel", "delete", "restore"]),
        st.integers(-300, 900),
        st.sampled_from(["EURUSD", "USDJPY", "XAUUSD"]),
    ),
    max_size=30,
)


def take(store: Store, login: int, step: tuple[str, int, str], at: datetime) -> None:
    """One step; a refusal is an answer, too."""
    op, number, name = step
    tickets = store.rows("select deal from deals order by deal")
    ticket = tickets[number % len(tickets)]["deal"] if tickets else 0
    lots = Decimal(abs(number) % 40) / 100
    match op:
        case "deposit" | "credit":
            action = 2 if op == "deposit" else 3
            accounts.operate(store, login, action=action, amount=Decimal(number), comment=op, at=at)
        case "open":
            trading.open_position(
                store, login, name=name, is_buy=number > 0, lots=lots, at=at, check_margin=False
            )
        case "close":
            held = store.rows("select position from positions")
            if held:
                position = held[number % len(held)]["position"]
                trading.close_position(store, position, at=at, lots=lots or None)
        case "cancel":
            action = trading.CANCELLED.get(trading.deal_of(store, ticket)["Action"], "0")
            trading.change_deal(store, ticket, {"Action": action})
        case _:
            trading.remove_deal(store, ticket, restore=op == "restore")


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["real\\raw-EUR", "real\\standard-JPY", "real\\cent-USC"]), steps)
def test_balance_and_credit_are_the_sum_of_the_deals(group, taken):
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "mt5.sqlite", TABLES)
        login = accounts.add_user(store, {"group": group}, START)
        for hour, step in enumerate(taken):
            with suppress(Failed), store.transaction():
                take(store, login, step, START + timedelta(hours=7 * hour))

        user = user_row(store, login)
        deals = deals_where(store, "login = ?", login)
        assert accounts.history_of(store, user) == {
            "balance_minor": user["balance_minor"],
            "credit_minor": user["credit_minor"],
        }
        assert len({deal["Deal"] for deal in deals}) == len(deals)
        store.close()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50)), min_size=1, max_size=10))
def test_what_went_in_and_did_not_come_out_is_open(volumes):
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "mt5.sqlite", TABLES)
        login = accounts.add_user(store, {"group": "real\\standard-USD"}, START)
        for opened, closed in volumes:
            made = trading.open_position(
                store,
                login,
                name="EURUSD",
                is_buy=True,
                lots=Decimal(opened) / 100,
                at=START,
                check_margin=False,
            )
            with suppress(Failed):
                trading.close_position(
                    store, int(made["PositionID"]), at=START, lots=Decimal(closed) / 100
                )

        left: dict[str, int] = defaultdict(int)
        for deal in deals_where(store, "login = ?", login):
            sign = 1 if deal["Entry"] == "0" else -1
            left[deal["PositionID"]] += sign * int(deal["VolumeExt"])
        held = store.rows("select position, volume_e8 from positions")
        assert {str(row["position"]): row["volume_e8"] for row in held} == {
            position: volume for position, volume in left.items() if volume
        }
        store.close()
