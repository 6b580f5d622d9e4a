"""What happens to payments at Checkout.com: each verb moves objects, money and events."""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from sandbox.checkout_com.vendor import Refused
from sandbox.settlement import add_line
from sandbox.store import Document
from sandbox.world import World

GOOD = "4242424242424242"
_STEP = timedelta(seconds=1)
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_EVIDENCE_TIME = timedelta(days=10)

# Processing, scheme fee and interchange of a card payment, in ten-thousandths.
_PROCESSING, _SCHEME, _INTERCHANGE = 45, 12, 30
_PROCESSING_FIXED = 10
_CHARGEBACK_COST = 1500

_DECLINED = {
    "4000000000000002": ("20005", "Declined - Do not honour"),
    "4000000000009995": ("20051", "Insufficient funds"),
    "4000000000000069": ("30033", "Expired card - Pick up"),
    "4000300011112220": ("20059", "Suspected fraud"),
}
_DISPUTED = frozenset({"4000000000000259"})


def new_id(world: World, prefix: str) -> str:
    return world.store.new_id(prefix, 26, _BASE32)


def found(world: World, kind: str, identifier: str) -> Document:
    """The object, or an empty 404."""
    document = world.store.get(kind, identifier)
    if document is None:
        raise Refused(404)
    return document


def pay(world: World, session: Document, *, number: str, country: str) -> Document:
    """Try a card: authorised and captured when it works; either way webhooks tell."""
    number = number.replace(" ", "")
    declined = _DECLINED.get(number)
    if not (number.isascii() and number.isdigit() and 12 <= len(number) <= 19):  # noqa: PLR2004 - ISO/IEC 7812
        declined = ("20014", "Invalid account number (no such number)")
    return _tried(world, session, number, country, declined)


def decline(world: World, session: Document) -> Document:
    """The card holder fails at their bank's own question."""
    return _tried(world, session, GOOD, "NL", ("20150", "Card not 3D Secure enabled"))


def _tried(
    world: World,
    session: Document,
    number: str,
    country: str,
    declined: tuple[str, str] | None,
) -> Document:
    payment: Document = {
        "id": new_id(world, "pay_"),
        "created": world.clock.epoch(),
        "requested_on": stamp(world),
        "amount": session["amount"],
        "currency": session["currency"],
        "reference": session["reference"],
        "payment_type": "Regular",
        "status": "Declined" if declined else "Captured",
        "approved": declined is None,
        "source": {
            "type": "card",
            "last4": number[-4:],
            "scheme": {"3": "American Express", "5": "Mastercard"}.get(number[:1], "Visa"),
            "issuer_country": country,
        },
        "refunded": 0,
        "disputed": False,
    }
    world.store.put(payment, kind="payment", reference=payment["reference"])
    _act(world, payment, "Authorization", declined or ("10000", "Approved"))
    if declined is None:
        _act(world, payment, "Capture", ("10000", "Approved"))
        _book_charge(world, payment)
        if number in _DISPUTED:
            dispute(world, payment)
    return payment


def refund(world: World, payment: Document, *, amount: int | None, reference: str) -> Document:
    """Give money back to the card: accepted at once, done and told a moment later."""
    left = payment["amount"] - payment["refunded"]
    amount = left if amount is None else amount
    if payment["status"] not in {"Captured", "Partially Refunded"} or payment["disputed"]:
        raise Refused(403)
    if not 0 < amount <= left:
        raise Refused(422, "refund_amount_exceeds_balance")
    payment["refunded"] += amount
    whole = payment["refunded"] == payment["amount"]
    payment["status"] = "Refunded" if whole else "Partially Refunded"
    world.store.put(payment, kind="payment")
    given = _action(world, payment, "Refund", amount, reference=reference)
    world.timers.set(given["id"], _STEP)
    return given


def _finish_refund(world: World, given: Document) -> None:
    payment = found(world, "payment", given["payment"])
    given |= {"approved": True, "response_code": "10000", "response_summary": "Approved"}
    given["processed_on"] = stamp(world)
    world.store.put(given, kind="action")
    _book(world, "Refund", payment, -given["amount"], action=given["id"])
    _tell_of_action(world, payment, given)


def dispute(world: World, payment: Document) -> Document:
    """The card holder's bank takes the money back, with a cost: the account is debited at once."""
    if payment["disputed"] or not payment["approved"]:
        raise Refused(422, "payment_not_disputable")
    payment["disputed"] = True
    world.store.put(payment, kind="payment")
    opened: Document = {
        "id": new_id(world, "dsp_"),
        "created": world.clock.epoch(),
        "category": "fraudulent",
        "status": "evidence_required",
        "amount": payment["amount"],
        "currency": payment["currency"],
        "reason_code": "10.4",
        "payment_id": payment["id"],
        "payment_reference": payment["reference"],
        "payment_method": payment["source"]["scheme"].upper(),
        "evidence_required_by": (world.now() + _EVIDENCE_TIME).isoformat(),
    }
    world.store.put(opened, kind="dispute", parent=payment["id"])
    _tell_of_dispute(world, opened, "dispute_received")
    _tell_of_dispute(world, opened, "dispute_evidence_required")
    cost = {"processing": _CHARGEBACK_COST}
    _book(world, "Chargeback", payment, -payment["amount"], action=opened["id"], **cost)
    return opened


def close_dispute(world: World, opened: Document, *, won: bool) -> Document:
    """Won, the money comes back and the cost does not."""
    if opened["status"] != "evidence_required":
        raise Refused(422, "dispute_status_invalid")
    opened["status"] = "won" if won else "lost"
    world.store.put(opened, kind="dispute")
    if won:
        payment = found(world, "payment", opened["payment_id"])
        _book(world, "Chargeback Reversal", payment, opened["amount"], action=opened["id"])
    _tell_of_dispute(world, opened, f"dispute_{opened['status']}")
    return opened


def on_timer(world: World, identifier: str) -> None:
    """What time alone does: refunds are done."""
    given = found(world, "action", identifier)
    if given["approved"] is None:
        _finish_refund(world, given)


def stamp(world: World) -> str:
    """A time with the seven digits Checkout.com writes."""
    return world.now().strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def _act(world: World, payment: Document, kind: str, response: tuple[str, str]) -> Document:
    code, summary = response
    action = _action(world, payment, kind, payment["amount"], reference=payment["reference"])
    action |= {"approved": code == "10000", "response_code": code, "response_summary": summary}
    world.store.put(action, kind="action")
    _tell_of_action(world, payment, action)
    return action


def _action(world: World, payment: Document, kind: str, amount: int, *, reference: str) -> Document:
    action: Document = {
        "id": new_id(world, "act_"),
        "created": world.clock.epoch(),
        "type": kind,
        "payment": payment["id"],
        "amount": amount,
        "reference": reference or payment["reference"],
        "processed_on": stamp(world),
        "approved": None,
    }
    world.store.put(action, kind="action", parent=payment["id"])
    return action


_EVENTS = {
    ("Authorization", True): "payment_approved",
    ("Authorization", False): "payment_declined",
    ("Capture", True): "payment_captured",
    ("Refund", True): "payment_refunded",
}


def _tell_of_action(world: World, payment: Document, action: Document) -> None:
    said = {
        "id": payment["id"],
        "action_id": action["id"],
        "reference": action["reference"],
        "amount": action["amount"],
        "currency": payment["currency"],
        "payment_type": payment["payment_type"],
        "processed_on": action["processed_on"],
        "response_code": action["response_code"],
        "response_summary": action["response_summary"],
        "source": payment["source"],
    }
    _emit(world, _EVENTS[action["type"], action["approved"]], said, payment["id"])


def _tell_of_dispute(world: World, opened: Document, kind: str) -> None:
    hidden = {"created", "status"}
    said = {name: value for name, value in opened.items() if name not in hidden}
    said |= {
        "date": world.now().isoformat(),
        "processing_channel_id": world.secrets["processing_channels"][0],
        "entity_id": world.secrets["entities"][0],
    }
    _emit(world, kind, said, opened["payment_id"])


def report_generated(world: World, report: Document) -> None:
    """Tell that a report can be fetched."""
    _emit(world, "report_generated", report, report["id"])


def _emit(world: World, kind: str, said: Document, subject: str) -> None:
    event: Document = {
        "id": new_id(world, "evt_"),
        "type": kind,
        "version": "1.0.29",
        "created_on": stamp(world),
        "data": said,
    }
    world.emit(event, event_id=event["id"], kind=kind, subject=subject)


def _share(value: int, ten_thousandths: int) -> int:
    exact = Decimal(value) * ten_thousandths / 10_000
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def _book_charge(world: World, payment: Document) -> None:
    value = payment["amount"]
    fees = {
        "processing": _share(value, _PROCESSING) + _PROCESSING_FIXED,
        "scheme": _share(value, _SCHEME),
        "interchange": _share(value, _INTERCHANGE),
    }
    _book(world, "Charge", payment, value, action=new_id(world, "act_"), **fees)


def _book(
    world: World,
    kind: str,
    payment: Document,
    gross: int,
    *,
    action: str,
    processing: int = 0,
    scheme: int = 0,
    interchange: int = 0,
) -> None:
    """Write a line of the breakdown. Gross is signed: what the merchant gets, in minor units."""
    net = gross - processing - scheme - interchange
    line = {
        "type": kind,
        "payment_id": payment["id"],
        "reference": payment["reference"],
        "action_id": action,
        "payment_method": payment["source"]["scheme"].upper(),
        "processed_on": world.now().isoformat(),
        "currency": payment["currency"],
        "gross": gross,
        "net": net,
        "processing": processing,
        "scheme": scheme,
        "interchange": interchange,
    }
    add_line(world, payment["currency"], net, line)
