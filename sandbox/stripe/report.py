"""The itemised payout reconciliation report, and the automatic payouts it explains."""

import csv
import io
from datetime import UTC, date, datetime, time
from operator import itemgetter

from fastapi import APIRouter, Request
from fastapi.responses import Response

from operational.kit.money import Money
from sandbox.settlement import assign, close_days, lines_of
from sandbox.store import Document
from sandbox.stripe import objects, verbs
from sandbox.stripe.routes import authorise
from sandbox.world import World

_COLUMNS = (
    "balance_transaction_id", "created_utc", "created", "available_on_utc", "available_on",
    "currency", "gross", "fee", "net", "reporting_category", "source_id", "description",
    "customer_facing_amount", "customer_facing_currency", "regulatory_tag", "automatic_payout_id",
    "automatic_payout_id_effective_at_utc", "automatic_payout_id_effective_at", "charge_id",
    "payment_intent_id", "payment_method_type", "card_brand", "card_funding", "card_country",
    "dispute_reason", "payment_metadata[reference]",
)  # fmt: skip


def settle(world: World, until: date) -> None:
    """Pay the broker what has become available, one payout per day and currency."""
    with world.store.transaction():
        for batch in close_days(world, until):
            at = int(datetime.combine(batch.day, time(), UTC).timestamp())
            paid = objects.payout(
                world.store.new_id("po_"),
                amount=batch.net_minor,
                currency=batch.currency,
                created=at,
                arrival=at,
                metadata={},
                automatic=True,
            )
            paid["status"] = "paid"
            world.store.put(paid, kind="payout", parent=batch.day.isoformat())
            assign(world, batch, paid["id"])
            verbs.tell(world, "payout.paid", paid, paid["id"])


def _row(line: Document, payout: Document) -> dict[str, object]:
    currency = line["currency"].upper()
    effective, created, available = (
        datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
        for at in (payout["arrival_date"], line["created"], line["available_on"])
    )
    gross, fee, net = (Money(line[name], currency).major for name in ("amount", "fee", "net"))
    is_charge = line["reporting_category"] == "charge"
    return {
        "balance_transaction_id": line["id"],
        "created_utc": created,
        "created": created,
        "available_on_utc": available,
        "available_on": available,
        "currency": line["currency"],
        "gross": gross,
        "fee": fee,
        "net": net,
        "reporting_category": line["reporting_category"],
        "source_id": line["source"],
        "description": line["description"],
        "customer_facing_amount": gross if is_charge else "",
        "customer_facing_currency": line["currency"] if is_charge else "",
        "automatic_payout_id": payout["id"],
        "automatic_payout_id_effective_at_utc": effective,
        "automatic_payout_id_effective_at": effective,
        "charge_id": line["charge"],
        "payment_intent_id": line["payment_intent"],
        "payment_method_type": "card" if line["card"] else "",
        "card_brand": line["card"].get("brand", ""),
        "card_funding": line["card"].get("funding", ""),
        "card_country": line["card"].get("country", ""),
        "dispute_reason": line["dispute_reason"],
        "payment_metadata[reference]": line["reference"],
    }


def itemised(world: World, since: date, until: date) -> str:
    """The report over payouts effective from one day to another, both included. Major units."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, _COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    days = (since.isoformat(), until.isoformat())
    payouts = reversed(world.store.listed("payout", "parent between ? and ?", *days))
    for payout in sorted(payouts, key=itemgetter("created", "currency")):
        writer.writerows(_row(line, payout) for line in lines_of(world, payout["id"]))
    return text.getvalue()


def routes(world: World) -> APIRouter:
    router = APIRouter()

    @router.get("/v1/reporting/itemised_payouts.csv")
    def report(
        request: Request,
        date: date | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> Response:
        authorise(world, request)
        today = world.now().date()
        settle(world, today)
        body = itemised(world, date or since or _FIRST_DAY, date or until or today)
        return Response(body, media_type="text/csv; charset=utf-8")

    @router.post("/sandbox/settle")
    def settle_now(until: date) -> Document:
        """Close days before their time, so that a demo need not wait two days."""
        settle(world, until)
        return {"until": until.isoformat()}

    return router


_FIRST_DAY = date(2000, 1, 1)
