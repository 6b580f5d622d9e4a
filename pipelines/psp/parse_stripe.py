"""Stripe's itemised payout reconciliation report: every balance movement of each payout."""

from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import pyarrow as pa

from pipelines import contracts
from pipelines.contracts import INSTANT, Batch, FileRefused, Row

COLUMNS = (
    "balance_transaction_id", "created_utc", "available_on_utc", "currency", "gross", "fee",
    "net", "reporting_category", "source_id", "description", "automatic_payout_id",
)  # fmt: skip
EFFECTIVE = ("automatic_payout_id_effective_at_utc", "automatic_payout_effective_at_utc")
"""The column was renamed between versions of the report; one of the two is there."""
OPTIONAL = (
    *EFFECTIVE, "created", "available_on", "automatic_payout_id_effective_at",
    "automatic_payout_effective_at", "customer_facing_amount", "customer_facing_currency",
    "regulatory_tag", "charge_id", "payment_intent_id", "payment_method_type", "card_brand",
    "card_funding", "card_country", "dispute_reason", "payment_metadata[reference]",
)  # fmt: skip

FACTS = (
    "payout_id", "balance_transaction_id", "source_id", "reporting_category", "gross_minor",
    "fee_minor", "net_minor", "currency", "created_at", "available_at", "payout_effective_at",
)  # fmt: skip
"""What a movement is. Optional columns and free text come and go between reports."""

LINES = pa.schema(
    {
        "line_no": pa.int64(),
        "balance_transaction_id": pa.string(),
        "payout_id": pa.string(),
        "source_id": pa.string(),
        "charge_id": pa.string(),
        "payment_intent_id": pa.string(),
        "merchant_reference": pa.string(),
        "reporting_category": pa.string(),
        "description": pa.string(),
        "gross_minor": pa.int64(),
        "fee_minor": pa.int64(),
        "net_minor": pa.int64(),
        "currency": pa.string(),
        "customer_facing_minor": pa.int64(),
        "customer_facing_currency": pa.string(),
        "payment_method_type": pa.string(),
        "card_brand": pa.string(),
        "card_funding": pa.string(),
        "card_country": pa.string(),
        "dispute_reason": pa.string(),
        "created_at": INSTANT,
        "available_at": INSTANT,
        "payout_effective_at": INSTANT,
    }
)
"""One row per balance movement, as Stripe counts it: net = gross - fee."""


def parse(content: bytes) -> list[Batch]:
    """Read and check a report; each payout in it is a batch of its own.

    Reports over overlapping days repeat payouts, so what is landed once is the payout, not the
    file. An empty report (a header alone) holds none.

    Raises:
        FileRefused: a column renamed, a net that is not gross less fee, a movement listed twice,
            a payout in two currencies, or one whose own payout line does not empty it.
    """
    lines = iter(contracts.csv_rows(contracts.decode(content, "utf-8")))
    number, header = next(lines, (1, []))
    contracts.match_header(header, COLUMNS, OPTIONAL, row=number)
    effective = next((name for name in EFFECTIVE if name in header), None)
    if effective is None:
        raise FileRefused("this column is missing", row=number, column=EFFECTIVE[0])
    rows = [_line(number, header, cells, effective) for number, cells in lines]
    seen: set[str] = set()
    for row in rows:
        if row["balance_transaction_id"] in seen:
            place: dict[str, Any] = {"row": row["line_no"], "column": "balance_transaction_id"}
            raise FileRefused(f"{row['balance_transaction_id']} comes twice", **place)
        seen.add(row["balance_transaction_id"])
    rows.sort(key=lambda row: (row["payout_id"], row["balance_transaction_id"]))
    return [
        _payout(payout_id, list(group))
        for payout_id, group in groupby(rows, key=lambda row: str(row["payout_id"]))
    ]


def _payout(payout_id: str, rows: list[Row]) -> Batch:
    currencies = {row["currency"] for row in rows}
    if len(currencies) > 1:
        raise FileRefused(f"payout {payout_id} is in {', '.join(sorted(currencies))}")
    net = sum(row["net_minor"] for row in rows)
    if net and any(row["reporting_category"] == "payout" for row in rows):
        raise FileRefused(f"payout {payout_id} leaves {net} minor units", column="net")
    facts = [[str(row[name]) for name in FACTS] for row in rows]
    return Batch(
        source="stripe_payout",
        content_sha256=contracts.sha256(repr(facts).encode()),
        name=payout_id,
        is_repeated=True,
        tables={"psp__stripe_lines": pa.Table.from_pylist(rows, schema=LINES)},
        controls={"lines": len(rows), f"net {currencies.pop()}": net},
    )


def _line(number: int, header: list[str], cells: list[str], effective: str) -> Row:
    if len(cells) != len(header):
        raise FileRefused(f"has {len(cells)} cells, the header {len(header)}", row=number)
    texts = dict.fromkeys(OPTIONAL, "") | dict(zip(header, cells, strict=True))
    currency = texts["currency"].upper()
    gross, fee, net = (_amount(texts, name, currency, number) for name in ("gross", "fee", "net"))
    if gross - fee != net:
        raise FileRefused(f"{gross} less {fee} is not {net}", row=number, column="net")
    if not texts["automatic_payout_id"] or not texts["balance_transaction_id"]:
        raise FileRefused("names no payout or movement", row=number, column="automatic_payout_id")
    facing = texts["customer_facing_currency"].upper()
    return {
        "line_no": number,
        "payout_id": texts["automatic_payout_id"],
        "merchant_reference": texts["payment_metadata[reference]"] or None,
        "gross_minor": gross,
        "fee_minor": fee,
        "net_minor": net,
        "currency": currency,
        "customer_facing_minor": _amount(texts, "customer_facing_amount", facing, number)
        if facing
        else None,
        "customer_facing_currency": facing or None,
        "created_at": _at(texts, "created_utc", number),
        "available_at": _at(texts, "available_on_utc", number),
        "payout_effective_at": _at(texts, effective, number),
        **{
            name: texts[name] or None
            for name in (
                "balance_transaction_id", "source_id", "charge_id", "payment_intent_id",
                "reporting_category", "description", "payment_method_type", "card_brand",
                "card_funding", "card_country", "dispute_reason",
            )
        },
    }  # fmt: skip


def _amount(texts: dict[str, str], column: str, currency: str, number: int) -> int:
    """Reports are in major units, unlike the API."""
    place: dict[str, Any] = {"row": number, "column": column}
    return contracts.minor(contracts.decimal(texts[column], **place), currency, **place)


def _at(texts: dict[str, str], column: str, number: int) -> datetime:
    place: dict[str, Any] = {"row": number, "column": column}
    return contracts.wall_clock(texts[column], "%Y-%m-%d %H:%M:%S", **place).replace(tzinfo=UTC)
