"""Shapes deals as the MT5 Web API sends them, every number a string, into typed rows."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from pipelines.contracts import EXACT, INSTANT, WALL_CLOCK
from pipelines.platform.server_time import to_utc

AMOUNT = pa.decimal128(20, 8)

DEALS = pa.schema(
    {
        "platform": pa.string(),
        "server": pa.string(),
        "deal": pa.int64(),
        "login": pa.int64(),
        "position": pa.int64(),
        "order_ticket": pa.int64(),
        "external_id": pa.string(),
        "action": pa.int16(),
        "entry": pa.int16(),
        "reason": pa.int16(),
        "symbol": pa.string(),
        "volume_e8": pa.int64(),
        "volume_closed_e8": pa.int64(),
        "contract_size": EXACT,
        "price": EXACT,
        "price_position": EXACT,
        "profit": AMOUNT,
        "swap": AMOUNT,
        "commission": AMOUNT,
        "fee": AMOUNT,
        "comment": pa.string(),
        "server_time": WALL_CLOCK,
        "executed_at": INSTANT,
        "content_sha256": pa.string(),
    }
)
"""One row per deal. Amounts are in the account's currency, volume in 1/100,000,000 lot."""

# VolumeExt is 10,000 times finer than Volume, which loses micro lots.
_FINER = 10_000


def parse(
    records: Iterable[Mapping[str, str]], *, platform: str, server: str, zone: str
) -> pa.Table:
    """Type `records` and fingerprint each whole, so that any change in it is a new version.

    Raises:
        KeyError: a field every build sends is missing.
        ValueError: a field is no number.
    """
    rows = [_row(record, platform, server, zone) for record in records]
    return pa.Table.from_pylist(rows, schema=DEALS)


def _row(record: Mapping[str, str], platform: str, server: str, zone: str) -> dict[str, Any]:
    server_time = _wall_clock(record)
    content = json.dumps(dict(record), sort_keys=True, ensure_ascii=False)
    return {
        "platform": platform,
        "server": server,
        "deal": int(record["Deal"]),
        "login": int(record["Login"]),
        "position": int(record.get("PositionID", "0")),
        "order_ticket": int(record.get("Order", "0")),
        "external_id": record.get("ExternalID", ""),
        "action": int(record["Action"]),
        "entry": int(record["Entry"]),
        "reason": int(record.get("Reason", "0")),
        "symbol": record.get("Symbol", ""),
        "volume_e8": _volume(record, "Volume"),
        "volume_closed_e8": _volume(record, "VolumeClosed"),
        "contract_size": _decimal(record, "ContractSize"),
        "price": _decimal(record, "Price"),
        "price_position": _decimal(record, "PricePosition"),
        "profit": _decimal(record, "Profit"),
        "swap": _decimal(record, "Storage"),
        "commission": _decimal(record, "Commission"),
        "fee": _decimal(record, "Fee"),
        "comment": record.get("Comment", ""),
        "server_time": server_time,
        "executed_at": to_utc(server_time, zone),
        "content_sha256": hashlib.sha256(content.encode()).hexdigest(),
    }


def _wall_clock(record: Mapping[str, str]) -> datetime:
    """The server's own clock, which MetaTrader writes as if it were an epoch."""
    milliseconds = int(record.get("TimeMsc") or 0) or int(record["Time"]) * 1000
    seconds, rest = divmod(milliseconds, 1000)
    wall_clock = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return wall_clock.replace(microsecond=rest * 1000)


def _volume(record: Mapping[str, str], field: str) -> int:
    fine = record.get(f"{field}Ext")
    return int(fine) if fine else int(record.get(field, "0")) * _FINER


def _decimal(record: Mapping[str, str], field: str) -> Decimal:
    return Decimal(record.get(field) or "0")
