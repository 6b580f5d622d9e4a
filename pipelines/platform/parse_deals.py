"""Shapes deals as the MT5 Web API sends them, every number a string, into typed rows."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from operational.platforms.server_time import to_utc
from pipelines import contracts
from pipelines.border import BatchRefusedError
from pipelines.contracts import EXACT, INSTANT, WALL_CLOCK, YEARS, FileRefused

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

CODE_MAX = 2**15 - 1
# VolumeExt is 10,000 times finer than Volume, which loses micro lots.
_FINER = 10_000
VOLUME_MAX = (2**63 - 1) // _FINER
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a server's wall clock
MILLISECONDS_MAX = (datetime(YEARS.stop, 1, 1) - _EPOCH) // timedelta(milliseconds=1)  # noqa: DTZ001


def parse(
    records: Iterable[Mapping[str, str]], *, platform: str, server: str, zone: str
) -> pa.Table:
    """Type `records` and fingerprint each whole, so that any change in it is a new version.

    Raises:
        BatchRefusedError: naming the deal and the field that is missing or no such number.
    """
    rows = []
    for record in records:
        try:
            rows.append(_row(record, platform, server, zone))
        except FileRefused as refusal:
            reason = f"deal {record.get('Deal', 'without a number')}: {refusal}"
            raise BatchRefusedError("platform__deals", [reason]) from None
    return pa.Table.from_pylist(rows, schema=DEALS)


def _row(record: Mapping[str, str], platform: str, server: str, zone: str) -> dict[str, Any]:
    server_time = _wall_clock(record)
    content = json.dumps(dict(record), sort_keys=True, ensure_ascii=False)
    return {
        "platform": platform,
        "server": server,
        "deal": _whole(record, "Deal"),
        "login": _whole(record, "Login"),
        "position": _whole(record, "PositionID", "0"),
        "order_ticket": _whole(record, "Order", "0"),
        "external_id": record.get("ExternalID", ""),
        "action": _whole(record, "Action", most=CODE_MAX),
        "entry": _whole(record, "Entry", most=CODE_MAX),
        "reason": _whole(record, "Reason", "0", most=CODE_MAX),
        "symbol": record.get("Symbol", ""),
        "volume_e8": _volume(record, "Volume"),
        "volume_closed_e8": _volume(record, "VolumeClosed"),
        "contract_size": _decimal(record, "ContractSize"),
        "price": _decimal(record, "Price"),
        "price_position": _decimal(record, "PricePosition"),
        "profit": _decimal(record, "Profit", AMOUNT),
        "swap": _decimal(record, "Storage", AMOUNT),
        "commission": _decimal(record, "Commission", AMOUNT),
        "fee": _decimal(record, "Fee", AMOUNT),
        "comment": record.get("Comment", ""),
        "server_time": server_time,
        "executed_at": to_utc(server_time, zone),
        "content_sha256": hashlib.sha256(content.encode()).hexdigest(),
    }


def _wall_clock(record: Mapping[str, str]) -> datetime:
    """The server's own clock, which MetaTrader writes as if it were an epoch."""
    fine = _whole(record, "TimeMsc", "0", most=MILLISECONDS_MAX)
    coarse = 0 if fine else _whole(record, "Time", most=MILLISECONDS_MAX // 1000)
    return _EPOCH + timedelta(milliseconds=fine or coarse * 1000)


def _volume(record: Mapping[str, str], field: str) -> int:
    if record.get(f"{field}Ext"):
        return _whole(record, f"{field}Ext")
    return _whole(record, field, "0", most=VOLUME_MAX) * _FINER


def _whole(
    record: Mapping[str, str], field: str, missing: str = "", *, most: int = 2**63 - 1
) -> int:
    """A whole number; `missing` stands for a field that older builds do not send.

    Raises:
        FileRefused: none is there, it is no whole number, or over `most`.
    """
    found = contracts.whole(str(record.get(field) or missing), column=field)
    if found > most:
        raise FileRefused(f"{found} is over {most}", column=field)
    return found


def _decimal(record: Mapping[str, str], field: str, kind: pa.Decimal128Type = EXACT) -> Decimal:
    return contracts.exact(str(record.get(field) or "0"), kind, column=field)
