"""The settlement reports: one payout per day and currency, broken down, and the list of payouts.

``GET /reports`` lists them as Checkout.com's Reports API does, each with its files; a file is at
``GET /reports/{report}/files/{file}``. Amounts are in major units and signed by what the merchant
gets: gross + deduction = net, and the nets of a payout id add up to its payout amount, which only
the payouts file says.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time

from fastapi import APIRouter, Request
from fastapi.responses import Response

from operational.kit.money import Money
from sandbox.checkout_com import verbs
from sandbox.checkout_com.routes import check_key
from sandbox.checkout_com.verbs import found
from sandbox.settlement import Batch, assign, close_days, lines_of
from sandbox.store import Document
from sandbox.world import World

BREAKDOWN = (
    "Client Entity ID", "Client Entity Name", "Processing Channel ID", "Processing Channel Name",
    "Type", "Payment ID", "Reference", "Processed On", "Available On", "Holding Currency",
    "Payout ID", "Gross In Holding Currency", "Deduction In Holding Currency",
    "Net In Holding Currency", "Processing Fee In Holding Currency",
    "Scheme Fee In Holding Currency", "Interchange In Holding Currency", "Tax In Holding Currency",
    "Reserve In Holding Currency", "Processing Currency", "Gross In Processing Currency",
    "FX Rate Applied", "Payment Method", "Action ID", "Timezone",
)  # fmt: skip
PAYOUTS = (
    "Client Entity ID", "Client Entity Name", "Holding Currency", "Payout ID", "Payout Date",
    "Reporting Start Date", "Reporting End Date", "Payout Amount", "Payments", "Refunds",
    "Chargebacks", "Processing Fees", "Scheme Fees", "Interchange",
)  # fmt: skip
_NAME = "Kingpost"
_FIRST_PAYOUT = 1
_TYPES = {"Charge": "Payments", "Refund": "Refunds"}


def settle(world: World, until: date) -> None:
    """Close the days that are due: name the payouts, write their files, tell of each."""
    with world.store.transaction():
        for batch in close_days(world, until):
            number = world.store.next_number("payout", _FIRST_PAYOUT)
            payout_id = f"{number:08}CKO{batch.currency[:1]}"
            assign(world, batch, payout_id)
            report = _report(world, batch, payout_id)
            world.store.put(report, kind="report", parent=payout_id)
            verbs.report_generated(world, _shown(report, ""))


def _report(world: World, batch: Batch, payout_id: str) -> Document:
    entity = world.secrets["entities"][0]
    day, lines = f"{batch.day:%Y%m%d}", lines_of(world, payout_id)
    common = {"Client Entity ID": entity, "Client Entity Name": _NAME}
    rows = [common | _row(world, line, batch, payout_id) for line in lines]
    contents = {
        f"settlement-breakdown_{entity}_{day}_{payout_id}_1.csv": _written(BREAKDOWN, rows),
        f"payouts_{entity}_{payout_id}_{day}_1.csv": _written(
            PAYOUTS, [common | _payout(lines, batch, payout_id)]
        ),
    }
    files = [
        {"id": world.store.new_id("file_", 26), "filename": name, "format": "CSV", "body": body}
        for name, body in contents.items()
    ]
    return {
        "id": world.store.new_id("rpt_", 26),
        "created": int(_midnight(batch.day).timestamp()),
        "created_on": _midnight(batch.day).isoformat(),
        "type": "SettlementBreakdown",
        "account": {"entity_id": entity},
        "tags": [payout_id],
        "from": batch.day.isoformat(),
        "to": batch.day.isoformat(),
        "files": files,
    }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _written(columns: Sequence[str], rows: Iterable[Document]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _major(minor: int, currency: str) -> str:
    return f"{Money(minor, currency).major:f}"


def _row(world: World, line: Document, batch: Batch, payout_id: str) -> Document:
    currency = batch.currency
    amounts = {
        "Gross In Holding Currency": line["gross"],
        "Deduction In Holding Currency": line["net"] - line["gross"],
        "Net In Holding Currency": line["net"],
        "Processing Fee In Holding Currency": -line["processing"],
        "Scheme Fee In Holding Currency": -line["scheme"],
        "Interchange In Holding Currency": -line["interchange"],
        "Tax In Holding Currency": 0,
        "Reserve In Holding Currency": 0,
        "Gross In Processing Currency": line["gross"],
    }
    return {
        "Processing Channel ID": world.secrets["processing_channels"][0],
        "Processing Channel Name": _NAME,
        "Type": line["type"],
        "Payment ID": line["payment_id"],
        "Reference": line["reference"],
        "Processed On": f"{datetime.fromisoformat(line['processed_on']):%Y-%m-%dT%H:%M:%S}",
        "Available On": f"{batch.day:%Y-%m-%dT%H:%M:%S}",
        "Holding Currency": currency,
        "Payout ID": payout_id,
        **{name: _major(minor, currency) for name, minor in amounts.items()},
        "Processing Currency": currency,
        "FX Rate Applied": "1",
        "Payment Method": line["payment_method"],
        "Action ID": line["action_id"],
        "Timezone": "UTC",
    }


def _payout(lines: Sequence[Document], batch: Batch, payout_id: str) -> Document:
    sums = dict.fromkeys(("Payments", "Refunds", "Chargebacks"), 0)
    for line in lines:
        sums[_TYPES.get(line["type"], "Chargebacks")] += line["gross"]
    for column, name in (
        ("Processing Fees", "processing"),
        ("Scheme Fees", "scheme"),
        ("Interchange", "interchange"),
    ):
        sums[column] = -sum(line[name] for line in lines)
    day = batch.day.isoformat()
    return {
        "Holding Currency": batch.currency,
        "Payout ID": payout_id,
        "Payout Date": day,
        "Reporting Start Date": day,
        "Reporting End Date": day,
        "Payout Amount": _major(batch.net_minor, batch.currency),
        **{name: _major(minor, batch.currency) for name, minor in sums.items()},
    }


def _shown(report: Document, origin: str) -> Document:
    files = [
        {
            "id": one["id"],
            "filename": one["filename"],
            "format": one["format"],
            "_links": {"self": {"href": f"{origin}reports/{report['id']}/files/{one['id']}"}},
        }
        for one in report["files"]
    ]
    kept = ("id", "created_on", "type", "account", "tags", "from", "to")
    return {name: report[name] for name in kept} | {"files": files}


def routes(world: World) -> APIRouter:
    router = APIRouter()

    @router.get("/reports")
    def listed(request: Request) -> Document:
        """What can be fetched, the newest first."""
        check_key(world, request)
        settle(world, world.now().date())
        origin = str(request.base_url)
        reports = [_shown(one, origin) for one in world.store.listed("report")]
        return {"count": len(reports), "limit": len(reports), "data": reports}

    @router.get("/reports/{identifier}/files/{name}")
    def fetch(identifier: str, name: str, request: Request) -> Response:
        check_key(world, request)
        for one in found(world, "report", identifier)["files"]:
            if one["id"] == name:
                return Response(one["body"], media_type="text/csv; charset=utf-8")
        return Response(status_code=404)

    @router.post("/sandbox/settle")
    def settle_now(until: date) -> Document:
        """Close days before their time, so that a demo need not wait two days."""
        settle(world, until)
        return {"until": until.isoformat()}

    return router
