"""What happens to orders, captures, disputes and payouts at PayPal: objects, money and events."""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from operational.kit.money import Money
from sandbox.paypal.vendor import PayPal, error, text_of
from sandbox.settlement import add_line
from sandbox.store import BASE36, Document
from sandbox.vendor import Answer
from sandbox.world import World

_STEP = timedelta(seconds=1)
_UNCLAIMED_LIFE = timedelta(days=30)
_LIFE_SECONDS = 3 * 3600
"""An order nobody agreed to, or nobody captured, is forgotten after this time."""
_FEE_SHARE, _FEE_FIXED = 349, 35
"""Of a payment, in ten-thousandths, and in minor units."""
_PAYOUT_FEE = 25

DECLINED, PENDING, DISPUTED = "declined@", "pending@", "disputed@"
"""Payers whose account has no money, is looked at first, or who complain afterwards."""
_ENDINGS = {"failed@": "FAILED", "unclaimed@": "UNCLAIMED"}
_SENT_BACK = "refused@"


class Refused(Exception):
    """PayPal answers with an error and changes nothing."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body.decode())
        self.answer = answer


def invalid(issue: str, name: str = "UNPROCESSABLE_ENTITY", status: int = 422) -> Refused:
    return Refused(error(status, name, issue))


def found(world: World, kind: str, identifier: str) -> Document:
    document = world.store.get(kind, identifier)
    if document is None or (kind == "order" and _is_forgotten(world, document)):
        raise invalid("INVALID_RESOURCE_ID", "RESOURCE_NOT_FOUND", 404)
    return document


def _is_forgotten(world: World, order: Document) -> bool:
    is_old = bool(order["created"] + _LIFE_SECONDS <= world.clock.epoch())
    return is_old and order["status"] != "COMPLETED"


def new_id(world: World) -> str:
    return world.store.new_id("", 17, BASE36)


def now_text(world: World) -> str:
    return world.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def shown(document: Document) -> Document:
    """As PayPal shows it: without our own marks."""
    return {name: value for name, value in document.items() if name not in {"created", "mark"}}


def approve(world: World, order: Document, payer: str) -> Document:
    """The client agrees to pay; nothing has moved."""
    if order["status"] not in {"CREATED", "PAYER_ACTION_REQUIRED"}:
        raise invalid("ORDER_ALREADY_APPROVED")
    order |= {"status": "APPROVED", "update_time": now_text(world), "mark": payer}
    order["payer"] = {"email_address": payer, "payer_id": "PAYER" + payer[:8].upper()}
    world.store.put(order, kind="order")
    tell(world, "CHECKOUT.ORDER.APPROVED", order, order["id"], "checkout-order")
    return order


def capture(world: World, order: Document) -> Document:
    """Take what was agreed to: at once, after a look, or not at all."""
    if order["status"] == "COMPLETED":
        raise invalid("ORDER_ALREADY_CAPTURED")
    if order["status"] != "APPROVED":
        raise invalid("ORDER_NOT_APPROVED")
    payer = order["mark"]
    if payer.startswith(DECLINED):
        raise invalid("INSTRUMENT_DECLINED")
    unit = order["purchase_units"][0]
    taken: Document = {
        "id": new_id(world),
        "created": world.clock.epoch(),
        "mark": payer,
        "status": "PENDING" if payer.startswith(PENDING) else "COMPLETED",
        "amount": dict(unit["amount"]),
        "final_capture": True,
        "custom_id": unit.get("custom_id", ""),
        "invoice_id": unit.get("invoice_id", ""),
        "supplementary_data": {"related_ids": {"order_id": order["id"]}},
        "create_time": now_text(world),
        "update_time": now_text(world),
    }
    taken["links"] = [
        {"rel": "self", "href": _at(world, f"/v2/payments/captures/{taken['id']}")},
        {"rel": "refund", "href": _at(world, f"/v2/payments/captures/{taken['id']}/refund")},
        {"rel": "up", "href": _at(world, f"/v2/checkout/orders/{order['id']}")},
    ]
    order |= {"status": "COMPLETED", "update_time": now_text(world)}
    world.store.put(taken, kind="capture", reference=taken["custom_id"], parent=order["id"])
    world.store.put(order, kind="order")
    if taken["status"] == "PENDING":
        tell(world, "PAYMENT.CAPTURE.PENDING", taken, order["id"], "capture")
        world.timers.set(taken["id"], _STEP)
    else:
        complete(world, taken)
    return with_payments(world, order)


def complete(world: World, taken: Document, *, is_denied: bool = False) -> None:
    """A capture that was looked at is good, or is not."""
    taken |= {"status": "DECLINED" if is_denied else "COMPLETED", "update_time": now_text(world)}
    order_id = taken["supplementary_data"]["related_ids"]["order_id"]
    if not is_denied:
        gross = _money(taken["amount"])
        fee = _share(gross.minor, _FEE_SHARE) + _FEE_FIXED
        taken["seller_receivable_breakdown"] = {
            "gross_amount": taken["amount"],
            "paypal_fee": _amount(Money(fee, gross.currency)),
            "net_amount": _amount(Money(gross.minor - fee, gross.currency)),
        }
        _book(world, "T0006", taken, gross.minor, fee, taken["invoice_id"])
    world.store.put(taken, kind="capture")
    name = "PAYMENT.CAPTURE.DENIED" if is_denied else "PAYMENT.CAPTURE.COMPLETED"
    tell(world, name, taken, order_id, "capture")
    if not is_denied and taken["mark"].startswith(DISPUTED):
        dispute(world, taken)


def with_payments(world: World, order: Document) -> Document:
    """The order with what was captured and refunded of it."""
    captures = world.store.listed("capture", "parent = ?", order["id"])
    refunds = [one for each in captures for one in world.store.listed("refund", "parent = ?", each["id"])]  # fmt: skip
    payments = {"captures": [shown(each) for each in captures]}
    if refunds:
        payments["refunds"] = [shown(each) for each in refunds]
    unit = order["purchase_units"][0] | ({"payments": payments} if captures else {})
    return order | {"purchase_units": [unit]}


def refund(world: World, taken: Document, amount: Document, **named: str) -> Document:
    """Give a capture back, in part or whole."""
    given_back = sum(
        _money(one["amount"]).minor
        for one in world.store.listed("refund", "parent = ?", taken["id"])
    )
    money, left = _money(amount), _money(taken["amount"]).minor - given_back
    if taken["status"] not in {"COMPLETED", "PARTIALLY_REFUNDED"}:
        raise invalid("CAPTURE_FULLY_REFUNDED")
    if money.currency != taken["amount"]["currency_code"]:
        raise invalid("REFUND_CAPTURE_CURRENCY_MISMATCH")
    if not 0 < money.minor <= left:
        raise invalid("REFUND_AMOUNT_EXCEEDED")
    taken["status"] = "REFUNDED" if money.minor == left else "PARTIALLY_REFUNDED"
    world.store.put(taken, kind="capture")
    given = _given_back(world, taken, amount) | named
    world.store.put(given, kind="refund", reference=named.get("custom_id", ""), parent=taken["id"])
    _book(world, "T1107", given, -money.minor, 0, named.get("invoice_id", ""))
    order_id = taken["supplementary_data"]["related_ids"]["order_id"]
    tell(world, "PAYMENT.CAPTURE.REFUNDED", given, order_id, "refund")
    return given


def reverse(world: World, taken: Document) -> Document:
    """PayPal takes a payment back by itself."""
    given = _given_back(world, taken, taken["amount"])
    world.store.put(given, kind="reversal", parent=taken["id"])
    _book(world, "T1106", given, -_money(taken["amount"]).minor, 0, taken["invoice_id"])
    order_id = taken["supplementary_data"]["related_ids"]["order_id"]
    tell(world, "PAYMENT.CAPTURE.REVERSED", given, order_id, "refund")
    return given


def _given_back(world: World, taken: Document, amount: Document) -> Document:
    identifier = new_id(world)
    return {
        "id": identifier,
        "created": world.clock.epoch(),
        "amount": amount,
        "status": "COMPLETED",
        "create_time": now_text(world),
        "update_time": now_text(world),
        "links": [
            {"rel": "self", "href": _at(world, f"/v2/payments/refunds/{identifier}")},
            {"rel": "up", "href": _at(world, f"/v2/payments/captures/{taken['id']}")},
        ],
    }


def dispute(world: World, taken: Document) -> Document:
    """The payer complains; PayPal asks the merchant."""
    number = world.store.next_number("dispute", 42_663_135)
    case: Document = {
        "id": f"PP-R-{number}",
        "dispute_id": f"PP-R-{number}",
        "created": world.clock.epoch(),
        "create_time": now_text(world),
        "update_time": now_text(world),
        "disputed_transactions": [
            {
                "seller_transaction_id": taken["id"],
                "invoice_number": taken["invoice_id"],
                "gross_amount": taken["amount"],
            }
        ],
        "reason": "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
        "status": "WAITING_FOR_SELLER_RESPONSE",
        "dispute_amount": taken["amount"],
        "dispute_life_cycle_stage": "INQUIRY",
        "dispute_channel": "INTERNAL",
        "seller_response_due_date": (world.now() + timedelta(days=10)).isoformat(),
    }
    world.store.put(case, kind="dispute", parent=taken["id"])
    tell(world, "CUSTOMER.DISPUTE.CREATED", case, case["id"], "dispute")
    return case


def move_dispute(world: World, case: Document, status: str) -> Document:
    """``chargeback``: it becomes a claim; ``won`` or ``lost``: PayPal decides it."""
    if case["status"] == "RESOLVED":
        raise invalid("DISPUTE_ALREADY_RESOLVED")
    case["update_time"] = now_text(world)
    if status == "chargeback":
        case |= {"dispute_life_cycle_stage": "CHARGEBACK", "status": "UNDER_REVIEW"}
        world.store.put(case, kind="dispute")
        tell(world, "CUSTOMER.DISPUTE.UPDATED", case, case["id"], "dispute")
        return case
    outcome = "RESOLVED_SELLER_FAVOUR" if status == "won" else "RESOLVED_BUYER_FAVOUR"
    case |= {"status": "RESOLVED", "dispute_outcome": {"outcome_code": outcome}}
    world.store.put(case, kind="dispute")
    if status == "lost":
        taken = found(world, "capture", case["disputed_transactions"][0]["seller_transaction_id"])
        reverse(world, taken)
    tell(world, "CUSTOMER.DISPUTE.RESOLVED", case, case["id"], "dispute")
    return case


def pay_out(world: World, batch_name: str, item: Document) -> Document:
    """Take one payout; what comes of it is told a moment later."""
    earlier = world.store.listed("payout", "reference = ?", batch_name)
    if earlier:
        link = {"rel": "self", "href": _at(world, f"/v1/payments/payouts/{earlier[0]['id']}")}
        issue = "Batch with given sender_batch_id already exists"
        more: dict[str, Any] = {"field": "SENDER_BATCH_ID", "location": "body", "link": [link]}
        raise Refused(error(400, "USER_BUSINESS_ERROR", issue, **more))
    if _money(item["amount"], "currency").minor <= 0:
        raise invalid("INVALID_AMOUNT", "VALIDATION_ERROR", 400)
    sent: Document = {
        "id": new_id(world),
        "created": world.clock.epoch(),
        "sender_batch_id": batch_name,
        "payout_item_id": new_id(world),
        "transaction_status": "PENDING",
        "payout_item": item,
        "time_processed": now_text(world),
    }
    world.store.put(sent, kind="payout", reference=batch_name)
    world.timers.set(sent["id"], _STEP)
    return sent


_MOVES = {
    "PENDING": {"SUCCESS", "FAILED", "UNCLAIMED"},
    "UNCLAIMED": {"SUCCESS", "RETURNED"},
    "SUCCESS": {"REFUNDED"},
}
_TOLD = {"SUCCESS": "SUCCEEDED"}


def move_payout(world: World, sent: Document, status: str) -> Document:
    """Let a payout arrive, fail, wait for somebody, or come back."""
    before = sent["transaction_status"]
    if status not in _MOVES.get(before, set()):
        raise invalid("INVALID_STATUS")
    sent |= {"transaction_status": status, "time_processed": now_text(world)}
    if status == "FAILED":
        sent["errors"] = {"name": "RECEIVER_UNREGISTERED", "message": "Receiver is unregistered."}
    world.store.put(sent, kind="payout")
    value = _money(sent["payout_item"]["amount"], "currency").minor
    reference = sent["payout_item"].get("sender_item_id", "")
    if before == "PENDING" and status != "FAILED":
        _book(world, "T0001", as_item(sent), -value, _PAYOUT_FEE, reference)
    if status in {"RETURNED", "REFUNDED"}:
        _book(world, "T1110", as_item(sent), value, 0, reference)
    kind = f"PAYMENT.PAYOUTS-ITEM.{_TOLD.get(status, status)}"
    tell(world, kind, as_item(sent), sent["id"], "payouts_item")
    return sent


def as_item(sent: Document) -> Document:
    names = ("payout_item_id", "transaction_status", "payout_item", "time_processed", "errors")
    item = {name: sent[name] for name in names if name in sent}
    amount = _money(sent["payout_item"]["amount"], "currency")
    fee = {"value": text_of(Money(_PAYOUT_FEE, amount.currency)), "currency": amount.currency}
    return item | {"payout_batch_id": sent["id"], "payout_item_fee": fee}


def on_timer(world: World, identifier: str) -> None:
    """What time alone does: captures are looked at, payouts arrive or come back."""
    taken = world.store.get("capture", identifier)
    if taken is not None:
        complete(world, taken)
        return
    sent = found(world, "payout", identifier)
    receiver = sent["payout_item"]["receiver"]
    match sent["transaction_status"]:
        case "PENDING":
            known = (end for mark, end in _ENDINGS.items() if receiver.startswith(mark))
            status = next(known, "SUCCESS")
            move_payout(world, sent, status)
            if status == "UNCLAIMED":
                world.timers.set(identifier, _UNCLAIMED_LIFE)
            elif receiver.startswith(_SENT_BACK):
                world.timers.set(identifier, _STEP)
        case "UNCLAIMED":
            move_payout(world, sent, "RETURNED")
        case "SUCCESS":
            move_payout(world, sent, "REFUNDED")


def tell(world: World, kind: str, resource: Document, subject: str, resource_type: str) -> None:
    """Queue an event; it is signed when it leaves."""
    event: Document = {
        "id": world.store.new_id("WH-", 17, BASE36) + "-" + new_id(world),
        "event_version": "1.0",
        "create_time": world.now().strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "resource_type": resource_type,
        "resource_version": "2.0",
        "event_type": kind,
        "summary": kind.replace(".", " ").capitalize(),
        "resource": shown(resource),
    }
    world.emit(event, event_id=event["id"], kind=kind, subject=subject)


def _at(world: World, path: str) -> str:
    assert isinstance(world.vendor, PayPal)
    return world.vendor.url + path


def _money(amount: Document, name: str = "currency_code") -> Money:
    return Money.parse(str(amount["value"]), str(amount[name]))


def _amount(money: Money) -> Document:
    return {"currency_code": money.currency, "value": text_of(money)}


def _share(value: int, ten_thousandths: int) -> int:
    exact = Decimal(value) * ten_thousandths / 10_000
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def _book(world: World, code: str, moved: Document, gross: int, fee: int, invoice: str) -> None:  # noqa: PLR0917 - a line's columns
    """Write a line of the account. Gross is signed: what the merchant gets, in minor units."""
    amount = moved.get("amount") or moved["payout_item"]["amount"]
    currency: str = amount.get("currency_code") or amount["currency"]
    line = {
        "code": code,
        "transaction": moved.get("id") or moved["payout_item_id"],
        "invoice": invoice,
        "at": world.now().isoformat(),
        "currency": currency,
        "gross": gross,
        "fee": fee,
    }
    add_line(world, currency, gross - fee, line)
