"""The raw tables of printed account statements, the same for MT4 and MT5."""

import pyarrow as pa

from pipelines import contracts
from pipelines.contracts import EXACT, INSTANT, WALL_CLOCK, FileRefused

STATEMENTS = pa.schema(
    {
        "platform": pa.string(),
        "company": pa.string(),
        "server": pa.string(),
        "login": pa.string(),
        "holder": pa.string(),
        "currency": pa.string(),
        "leverage": pa.int64(),
        "opening_balance_minor": pa.int64(),
        "balance_minor": pa.int64(),
        "equity_minor": pa.int64(),
        "credit_minor": pa.int64(),
        "floating_minor": pa.int64(),
        "margin_minor": pa.int64(),
        "printed_at": INSTANT,
        "printed_server_time": WALL_CLOCK,
    }
)
"""One row per statement. The opening balance is what the printed rows leave unexplained: 0 where
the statement covers the account's whole life."""

TRADES = pa.schema(
    {
        "row_no": pa.int64(),
        "section": pa.string(),
        "ticket": pa.int64(),
        "operation": pa.string(),
        "symbol": pa.string(),
        "volume_e8": pa.int64(),
        "open_price": EXACT,
        "stop_loss": EXACT,
        "take_profit": EXACT,
        "close_price": EXACT,
        "commission_minor": pa.int64(),
        "taxes_minor": pa.int64(),
        "swap_minor": pa.int64(),
        "profit_minor": pa.int64(),
        "currency": pa.string(),
        "comment": pa.string(),
        "open_at": INSTANT,
        "open_server_time": WALL_CLOCK,
        "close_at": INSTANT,
        "close_server_time": WALL_CLOCK,
    }
)
"""One row per position (a whole round turn) or MT4 balance operation; `section` is `closed`, `open`
or `working`. An open position's close price is the market's. Volume in 1/100,000,000 lot."""

DEALS = pa.schema(
    {
        "row_no": pa.int64(),
        "deal": pa.int64(),
        "order": pa.int64(),
        "operation": pa.string(),
        "direction": pa.string(),
        "symbol": pa.string(),
        "volume_e8": pa.int64(),
        "price": EXACT,
        "commission_minor": pa.int64(),
        "fee_minor": pa.int64(),
        "swap_minor": pa.int64(),
        "profit_minor": pa.int64(),
        "balance_minor": pa.int64(),
        "currency": pa.string(),
        "close_reason": pa.string(),
        "comment": pa.string(),
        "executed_at": INSTANT,
        "executed_server_time": WALL_CLOCK,
    }
)
"""One row per MT5 deal. `balance_minor` is the account's balance after it; `close_reason` is `so`
(stopped out), `sl` or `tp` where the platform closed the position, else empty."""

VOLUME_E8_MAX = 2**63 - 1

ORDERS = pa.schema(
    {
        "row_no": pa.int64(),
        "order": pa.int64(),
        "operation": pa.string(),
        "state": pa.string(),
        "symbol": pa.string(),
        "volume_e8": pa.int64(),
        "filled_e8": pa.int64(),
        "price": EXACT,
        "stop_loss": EXACT,
        "take_profit": EXACT,
        "comment": pa.string(),
        "open_at": INSTANT,
        "open_server_time": WALL_CLOCK,
        "done_at": INSTANT,
        "done_server_time": WALL_CLOCK,
    }
)
"""One row per MT5 order; an order at market has no price."""


def lots_e8(text: str, row: int, column: str) -> int:
    """Lots, as printed, in whole 1/100,000,000 lot.

    Raises:
        FileRefused: no plain decimal, finer than that, or more than anybody trades.
    """
    volume = contracts.decimal(text, row=row, column=column).scaleb(8)
    if volume != volume.to_integral_value():
        raise FileRefused(f"{text} lots is too fine", row=row, column=column)
    if abs(volume) > VOLUME_E8_MAX:
        raise FileRefused(f"{text} lots is too much", row=row, column=column)
    return int(volume)
