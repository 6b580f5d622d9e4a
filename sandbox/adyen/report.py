"""The settlement detail report: one batch per day and currency, closed by a merchant payout."""

import csv
import io
from datetime import date, datetime, time

from fastapi import APIRouter, Request
from fastapi.responses import Response

from operational.kit.money import Money
from sandbox.adyen import verbs
from sandbox.adyen.routes import check_key
from sandbox.settlement import Batch, assign, close_days, lines_of
from sandbox.store import Document
from sandbox.world import World

_FIRST_BATCH = 1
_COMPANY = "Kingpost"
_COLUMNS = (
    "Company Account", "Merchant Account", "Psp Reference", "Merchant Reference", "Payment Method",
    "Creation Date", "TimeZone", "Type", "Modification Reference", "Gross Currency",
    "Gross Debit (GC)", "Gross Credit (GC)", "Exchange Rate", "Net Currency", "Net Debit (NC)",
    "Net Credit (NC)", "Commission (NC)", "Markup (NC)", "Scheme Fees (NC)", "Interchange (NC)",
    "Payment Method Variant", "Modification Merchant Reference", "Batch Number", "Reserved4",
    "Reserved5", "Reserved6", "Reserved7", "Reserved8", "Reserved9", "Reserved10",
)  # fmt: skip


def settle(world: World, until: date, origin: str) -> None:
    """Close the days that are due: number the batches, write their reports, tell of each."""
    with world.store.transaction():
        for batch in close_days(world, until):
            number = world.store.next_number("batch", _FIRST_BATCH)
            assign(world, batch, str(number))
            report: Document = {
                "id": f"settlement_detail_report_batch_{number}.csv",
                "created": int(_midnight(batch.day).timestamp()),
                "batch": number,
                "merchantAccount": world.secrets["merchant_accounts"][0],
                "day": batch.day.isoformat(),
                "currency": batch.currency,
                "paid_minor": batch.net_minor,
                "body": _written(world, batch, number),
            }
            world.store.put(report, kind="report", parent=report["day"])
            verbs.report_available(world, report["id"], f"{origin}reports/{report['id']}")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), verbs.ZONE)


def _written(world: World, batch: Batch, number: int) -> str:
    """The report's text: a row per line, and the payout that brings the sum to nothing."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, _COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    common: Document = {
        "Company Account": _COMPANY,
        "Merchant Account": world.secrets["merchant_accounts"][0],
        "Batch Number": number,
    }
    writer.writerows(common | _row(line) for line in lines_of(world, str(number)))
    writer.writerow(common | _payout_row(batch, number))
    return text.getvalue()


def _local(at: datetime) -> Document:
    local = at.astimezone(verbs.ZONE)
    return {
        "Creation Date": local.strftime("%Y-%m-%d %H:%M:%S"),
        "TimeZone": local.strftime("%Z"),
    }


def _row(line: Document) -> Document:
    currency: str = line["currency"]
    gross, net = line["gross"], line["net"]
    costs = {
        column: Money(line[name], currency).major if line[name] else ""
        for column, name in (
            ("Markup (NC)", "markup"),
            ("Scheme Fees (NC)", "scheme"),
            ("Interchange (NC)", "interchange"),
        )
    }
    side = "Debit" if gross < 0 else "Credit"
    net_side = "Debit" if net < 0 else "Credit"
    return {
        "Psp Reference": line["psp_reference"],
        "Merchant Reference": line["merchant_reference"],
        "Payment Method": line["payment_method"],
        **_local(datetime.fromisoformat(line["created"])),
        "Type": line["type"],
        "Modification Reference": line["modification_reference"],
        "Gross Currency": currency,
        f"Gross {side} (GC)": Money(abs(gross), currency).major,
        "Exchange Rate": "1",
        "Net Currency": currency,
        f"Net {net_side} (NC)": Money(abs(net), currency).major,
        **costs,
        "Payment Method Variant": line["payment_method"],
        "Modification Merchant Reference": line["modification_merchant_reference"],
    }


def _payout_row(batch: Batch, number: int) -> Document:
    return {
        **_local(_midnight(batch.day)),
        "Type": "MerchantPayout",
        "Modification Reference": f"TX{number:08}XT batch {number}",
        "Net Currency": batch.currency,
        "Net Debit (NC)": Money(batch.net_minor, batch.currency).major,
    }


def routes(world: World) -> APIRouter:
    router = APIRouter()

    @router.get("/reports")
    def listed(request: Request) -> list[Document]:
        """What can be fetched, oldest first."""
        check_key(world, request)
        settle(world, world.now().date(), str(request.base_url))
        kept = ("id", "batch", "merchantAccount", "day", "currency", "paid_minor")
        reports = sorted(world.store.listed("report"), key=lambda report: report["batch"])
        return [{name: report[name] for name in kept} for report in reports]

    @router.get("/reports/{name}")
    def fetch(name: str, request: Request) -> Response:
        check_key(world, request)
        report = world.store.get("report", name)
        if report is None:
            raise verbs.invalid("000", "No such report", 404)
        return Response(report["body"], media_type="text/csv; charset=utf-8")

    @router.post("/sandbox/settle")
    def settle_now(until: date, request: Request) -> Document:
        """Close days before their time, so that a demo need not wait two days."""
        settle(world, until, str(request.base_url))
        return {"until": until.isoformat()}

    return router
