"""What happens to payments and payouts at Adyen: each verb moves objects, money and events."""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from sandbox.adyen.vendor import error
from sandbox.settlement import add_line
from sandbox.store import BASE36, Document
from sandbox.vendor import Answer
from sandbox.world import World

ZONE = ZoneInfo("Europe/Amsterdam")
_STEP = timedelta(seconds=1)
_PAYOUT_COST = 30
_CHARGEBACK_COST = 1500
_DEFENCE_PERIOD = timedelta(days=14)
_FRAUD = "Other Fraud-Card Absent Environment"

# Interchange, scheme fees and markup of a card payment, in ten-thousandths.
_INTERCHANGE = {"visa": 30, "mc": 30, "amex": 160}
_SCHEME, _MARKUP = 12, 60
_MARKUP_FIXED = 10

_DECLINED = {
    "4000000000000002": "Refused",
    "4000000000009995": "Not enough balance",
    "4000000000000069": "Expired Card",
    "4000300011112220": "FRAUD",
}
_CHARGED_BACK = frozenset({"4000000000000259"})
_BAD_ACCOUNTS = ("NL00", "GB00", "DE00")
"""Accounts whose bank sends the money back a moment after it was paid out."""


class Refused(Exception):
    """Adyen answers with an error and changes nothing."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body.decode())
        self.answer = answer


def invalid(code: str, message: str, status: int = 422) -> Refused:
    return Refused(error(status, code, message))


def found(world: World, kind: str, identifier: str) -> Document:
    """The object, or an error of Adyen's."""
    document = world.store.get(kind, identifier)
    if document is None:
        raise invalid("167", "Original pspReference required for this operation")
    return document


def new_reference(world: World) -> str:
    """A pspReference: sixteen letters and digits."""
    return world.store.new_id("", 16, BASE36)


def authorise(
    world: World, *, amount: Document, reference: str, number: str, country: str
) -> Document:
    """Try a card. Captured at once when it works; either way a notification tells."""
    number = number.replace(" ", "")
    reason = _DECLINED.get(number)
    if not (number.isascii() and number.isdigit() and 12 <= len(number) <= 19):  # noqa: PLR2004 - ISO/IEC 7812
        reason = "Invalid Card Number"
    return _authorised(world, amount, reference, number, country, reason)


def _authorised(  # noqa: PLR0917 - one card, one amount, one verdict
    world: World, amount: Document, reference: str, number: str, country: str, reason: str | None
) -> Document:
    payment: Document = {
        "id": new_reference(world),
        "created": world.clock.epoch(),
        "amount": amount,
        "merchantReference": reference,
        "paymentMethod": {"3": "amex", "4": "visa", "5": "mc"}.get(number[:1], "visa"),
        "cardSummary": number[-4:],
        "issuerCountry": country,
        "status": "Refused" if reason else "Authorised",
        "reason": reason or f"{world.store.next_number('auth', 100_001)}:{number[-4:]}:12/2034",
        "refunded": 0,
        "chargedBack": False,
    }
    world.store.put(payment, kind="payment", reference=reference)
    _notify(world, "AUTHORISATION", payment, success=reason is None, reason=payment["reason"])
    if reason is None:
        _book_payment(world, payment)
        if number in _CHARGED_BACK:
            charge_back(world, payment)
    return payment


def decline(world: World, *, amount: Document, reference: str) -> Document:
    """The person paying gives up, or the bank says no."""
    return _authorised(world, amount, reference, "4111111111111111", "NL", "CANCELLED")


def refund(world: World, payment: Document, *, amount: Document, reference: str) -> Document:
    """Give money back to the card: received at once, told a moment later."""
    left = payment["amount"]["value"] - payment["refunded"]
    if payment["status"] != "Authorised" or payment["chargedBack"]:
        raise invalid("167", "Original pspReference required for this operation")
    if amount["currency"] != payment["amount"]["currency"] or not 0 < amount["value"] <= left:
        raise invalid("137", "Invalid amount specified")
    payment["refunded"] += amount["value"]
    world.store.put(payment, kind="payment")
    given = {
        "id": new_reference(world),
        "created": world.clock.epoch(),
        "payment": payment["id"],
        "amount": amount,
        "merchantReference": reference,
        "paymentMethod": payment["paymentMethod"],
        "status": "received",
    }
    world.store.put(given, kind="refund", reference=reference, parent=payment["id"])
    world.timers.set(given["id"], _STEP)
    return given


def _finish_refund(world: World, given: Document) -> None:
    given["status"] = "refunded"
    world.store.put(given, kind="refund")
    payment = found(world, "payment", given["payment"])
    _book(world, "Refunded", payment, -given["amount"]["value"], modification=given)
    _notify(world, "REFUND", given, success=True, original=payment["id"])


def charge_back(world: World, payment: Document) -> Document:
    """The card holder's bank takes the money back: announced, then debited with a cost."""
    if payment["status"] != "Authorised" or payment["chargedBack"]:
        raise invalid("167", "Original pspReference required for this operation")
    payment["chargedBack"] = True
    world.store.put(payment, kind="payment")
    opened = payment | {"id": new_reference(world), "created": world.clock.epoch()}
    opened |= {"payment": payment["id"], "status": "Chargeback"}
    world.store.put(opened, kind="dispute", parent=payment["id"])
    extra = {"chargebackReasonCode": "10.4", "chargebackSchemeCode": payment["paymentMethod"]}
    extra["defensePeriodEndsAt"] = local(world.now() + _DEFENCE_PERIOD)
    for code, status in (("NOTIFICATION_OF_CHARGEBACK", "Undefended"), ("CHARGEBACK", "Pending")):
        more = extra | {"disputeStatus": status}
        _notify(
            world, code, opened, success=True, original=payment["id"], extra=more, reason=_FRAUD
        )
    amount = -payment["amount"]["value"]
    _book(world, "Chargeback", payment, amount, modification=opened, markup=_CHARGEBACK_COST)
    return opened


def reverse_chargeback(world: World, opened: Document) -> Document:
    """The defence was accepted: the money comes back, the cost does not."""
    if opened["status"] not in {"Chargeback", "Defended"}:
        raise invalid("167", "The dispute is closed already")
    payment = found(world, "payment", opened["payment"])
    amount = payment["amount"]["value"]
    _book(world, "ChargebackReversed", payment, amount, modification=opened)
    return move_dispute(world, opened, "ChargebackReversed", "CHARGEBACK_REVERSED", "Won")


def charge_back_again(world: World, opened: Document) -> Document:
    """The bank did not accept that we won, and takes the money a second time."""
    if opened["status"] != "ChargebackReversed":
        raise invalid("167", "The dispute was not won")
    payment = found(world, "payment", opened["payment"])
    amount = -payment["amount"]["value"]
    _book(world, "SecondChargeback", payment, amount, modification=opened)
    return move_dispute(world, opened, "SecondChargeback", "SECOND_CHARGEBACK", "Lost")


def move_dispute(world: World, opened: Document, status: str, code: str, told: str) -> Document:
    """Bring a dispute on, and tell so."""
    opened["status"] = status
    world.store.put(opened, kind="dispute")
    more = {"disputeStatus": told}
    _notify(world, code, opened, success=True, original=opened["payment"], extra=more)
    return opened


def submit_payout(world: World, *, amount: Document, reference: str, iban: str) -> Document:
    """Store a payout to a client's bank account; it waits to be confirmed."""
    if amount["value"] <= 0:
        raise invalid("137", "Invalid amount specified")
    if len(iban) < 15 or not iban[:2].isalpha():  # noqa: PLR2004 - ISO 13616: the shortest IBAN
        raise invalid("161", "Invalid iban")
    sent = {
        "id": new_reference(world),
        "created": world.clock.epoch(),
        "amount": amount,
        "merchantReference": reference,
        "paymentMethod": "bankTransfer_IBAN",
        "iban": iban,
        "status": "submitted",
    }
    world.store.put(sent, kind="payout", reference=reference)
    return sent


def confirm_payout(world: World, sent: Document) -> Document:
    """Let a stored payout go; what comes of it is told a moment later."""
    if sent["status"] != "submitted":
        raise invalid("800", "Payout is not waiting for review")
    sent["status"] = "confirmed"
    world.store.put(sent, kind="payout")
    world.timers.set(sent["id"], _STEP)
    return sent


def decline_payout(world: World, sent: Document) -> Document:
    if sent["status"] != "submitted":
        raise invalid("800", "Payout is not waiting for review")
    sent["status"] = "declined"
    world.store.put(sent, kind="payout")
    _notify(world, "PAYOUT_DECLINE", sent, success=True)
    return sent


_PAYOUT_MOVES = {
    "confirmed": {"paid", "failed"},
    "paid": {"reversed"},
}


def move_payout(world: World, sent: Document, status: str) -> Document:
    """Let a payout be paid, fail, or come back after it was paid."""
    if status not in _PAYOUT_MOVES.get(sent["status"], set()):
        raise invalid("800", f"A {sent['status']} payout does not become {status}")
    sent["status"] = status
    world.store.put(sent, kind="payout")
    value = sent["amount"]["value"]
    match status:
        case "paid":
            _book(world, "PaidOut", sent, -value, modification=sent, markup=_PAYOUT_COST)
            _notify(world, "PAYOUT_THIRDPARTY", sent, success=True)
        case "failed":
            _notify(world, "PAYOUT_THIRDPARTY", sent, success=False, reason="Bank refused")
        case "reversed":
            _book(world, "PaidOutReversed", sent, value, modification=sent)
            again = sent | {"id": new_reference(world)}
            _notify(world, "PAIDOUT_REVERSED", again, success=True, original=sent["id"])
    return sent


def on_timer(world: World, identifier: str) -> None:
    """What time alone does: refunds are done, payouts arrive, bad accounts send them back."""
    given = world.store.get("refund", identifier)
    if given is not None:
        if given["status"] == "received":
            _finish_refund(world, given)
        return
    sent = found(world, "payout", identifier)
    is_bad = sent["iban"].replace(" ", "").startswith(_BAD_ACCOUNTS)
    if sent["status"] == "confirmed":
        move_payout(world, sent, "paid")
        if is_bad:
            world.timers.set(identifier, _STEP)
    elif sent["status"] == "paid" and is_bad:
        move_payout(world, sent, "reversed")


def capture(world: World, payment: Document, amount: Document) -> str:
    """Captures happen by themselves here; asking for one is confirmed all the same."""
    captured = payment | {"id": new_reference(world), "amount": amount}
    _notify(world, "CAPTURE", captured, success=True, original=payment["id"])
    return str(captured["id"])


def local(at: datetime) -> str:
    return at.astimezone(ZONE).isoformat(timespec="seconds")


def _notify(
    world: World,
    code: str,
    subject: Document,
    *,
    success: bool,
    original: str = "",
    reason: str = "",
    extra: Document | None = None,
) -> None:
    """Queue a notification item; its signature is added when it leaves."""
    item: Document = {
        "additionalData": extra or {},
        "amount": subject["amount"],
        "eventCode": code,
        "eventDate": local(world.now()),
        "merchantAccountCode": world.secrets["merchant_accounts"][0],
        "merchantReference": subject["merchantReference"],
        "paymentMethod": subject["paymentMethod"],
        "pspReference": subject["id"],
        "reason": reason,
        "success": "true" if success else "false",
    }
    if original:
        item["originalReference"] = original
    if code == "AUTHORISATION" and success:
        item["operations"] = ["CANCEL", "CAPTURE", "REFUND"]
        item["additionalData"] = {"cardSummary": subject["cardSummary"], "expiryDate": "12/2034"}
    event_id = f"{subject['id']}-{code}-{item['success']}"
    world.emit(item, event_id=event_id, kind=code, subject=original or subject["id"])


def report_available(world: World, file_name: str, url: str) -> None:
    """Tell that a report can be fetched: the name in pspReference, the address in reason."""
    subject = {
        "id": file_name,
        "amount": {"value": 0, "currency": "EUR"},
        "merchantReference": "",
        "paymentMethod": "",
    }
    _notify(world, "REPORT_AVAILABLE", subject, success=True, reason=url)


def _share(value: int, ten_thousandths: int) -> int:
    exact = Decimal(value) * ten_thousandths / 10_000
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def _book_payment(world: World, payment: Document) -> None:
    value = payment["amount"]["value"]
    _book(
        world,
        "Settled",
        payment,
        value,
        modification={"id": new_reference(world)},
        markup=_share(value, _MARKUP) + _MARKUP_FIXED,
        scheme=_share(value, _SCHEME),
        interchange=_share(value, _INTERCHANGE[payment["paymentMethod"]]),
    )


def _book(
    world: World,
    kind: str,
    payment: Document,
    gross: int,
    *,
    modification: Document,
    markup: int = 0,
    scheme: int = 0,
    interchange: int = 0,
) -> None:
    """Write a settlement line. Gross is signed: what the merchant gets, in minor units."""
    currency: str = payment["amount"]["currency"]
    net = gross - markup - scheme - interchange
    line = {
        "type": kind,
        "psp_reference": payment["id"],
        "merchant_reference": payment["merchantReference"],
        "payment_method": payment["paymentMethod"],
        "created": world.now().isoformat(),
        "modification_reference": modification["id"],
        "modification_merchant_reference": modification.get("merchantReference", ""),
        "currency": currency,
        "gross": gross,
        "net": net,
        "markup": markup,
        "scheme": scheme,
        "interchange": interchange,
    }
    add_line(world, currency, net, line)
