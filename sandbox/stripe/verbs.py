"""What happens to payments and payouts at Stripe: each verb moves objects, money and events."""

from datetime import UTC, datetime, time, timedelta

from operational.kit.money import EXPONENTS, exponent
from sandbox.settlement import LAG_DAYS, add_line
from sandbox.store import Document
from sandbox.stripe import objects
from sandbox.stripe.cards import Card
from sandbox.stripe.vendor import error
from sandbox.vendor import Answer
from sandbox.world import World

# fmt: off
_EEA = frozenset((
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS",
    "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
))
# fmt: on
_DISPUTE_FEE_MINOR = 1500
_PAYOUT_FEE_MINOR = 25
# Stripe's type of a balance transaction, where it is not called like its reporting category.
_TYPES = {
    "dispute": "adjustment",
    "dispute_reversal": "adjustment",
    "payout_reversal": "payout_failure",
}
_PAYOUT_STEP = timedelta(seconds=1)

# Test account numbers of Stripe's payout guide, looked for in the destination.
_PAYOUT_FAILS_AT_ONCE = {"000111111116": "no_account", "000222222227": "insufficient_funds"}
_PAYOUT_FAILS_AFTER_PAID = {"000111111113": "account_closed"}


class Refused(Exception):
    """Stripe answers with an error and changes nothing."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body.decode())
        self.answer = answer


def invalid(message: str, code: str = "parameter_invalid_integer", status: int = 400) -> Refused:
    return Refused(error(status, "invalid_request_error", code, message))


def found(world: World, kind: str, identifier: str) -> Document:
    """The object, or Stripe's 404."""
    document = world.store.get(kind, identifier)
    if document is None:
        raise invalid(f"No such {kind}: '{identifier}'", "resource_missing", 404)
    return document


def _check(amount: int, currency: str) -> None:
    if amount <= 0:
        raise invalid("This value must be greater than or equal to 1.")
    if currency.upper() not in EXPONENTS:
        raise invalid(f"Invalid currency: {currency}.", "currency_not_supported")


def create_intent(
    world: World, *, amount: int, currency: str, metadata: dict[str, str], description: str | None
) -> Document:
    _check(amount, currency)
    intent = objects.payment_intent(
        world.store.new_id("pi_"),
        amount=amount,
        currency=currency.lower(),
        created=world.clock.epoch(),
        metadata=metadata,
    )
    intent["description"] = description
    world.store.put(intent, kind="payment_intent", reference=metadata.get("reference", ""))
    return intent


def pay(world: World, intent: Document, card: Card) -> Document:
    """Confirm an intent with a card: it succeeds, or is declined and may be tried again."""
    if intent["status"] != "requires_payment_method":
        raise invalid(
            f"This PaymentIntent's status is {intent['status']}.", "payment_intent_unexpected_state"
        )
    code = card.decline_code if card.is_well_formed else "incorrect_number"
    return _decline(world, intent, code) if code else _charge(world, intent, card)


def _decline(world: World, intent: Document, decline_code: str) -> Document:
    intent["last_payment_error"] = {
        "type": "card_error",
        "code": "card_declined",
        "decline_code": decline_code,
        "message": "Your card was declined.",
    }
    world.store.put(intent, kind="payment_intent")
    tell(world, "payment_intent.payment_failed", intent, intent["id"])
    return intent


def decline(world: World, intent: Document) -> Document:
    """The bank says no, whatever the card."""
    if intent["status"] != "requires_payment_method":
        raise invalid("It cannot be declined any more.", "payment_intent_unexpected_state")
    return _decline(world, intent, "generic_decline")


def _charge(world: World, intent: Document, card: Card) -> Document:
    now = world.clock.epoch()
    charged = objects.charge(world.store.new_id("ch_"), intent, created=now, card=card.described())
    charged["balance_transaction"] = _book(
        world, charged, charged, amount=intent["amount"], fee=_fee(intent, card), category="charge"
    )
    world.store.put(charged, kind="charge", parent=intent["id"])
    intent |= {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "latest_charge": charged["id"],
        "payment_method": charged["payment_method"],
        "last_payment_error": None,
    }
    world.store.put(intent, kind="payment_intent")
    tell(world, "payment_intent.succeeded", intent, intent["id"])
    if card.is_disputed:
        dispute(world, charged, "fraudulent")
    return intent


def cancel(world: World, intent: Document) -> Document:
    if intent["status"] != "requires_payment_method":
        raise invalid("It cannot be canceled any more.", "payment_intent_unexpected_state")
    intent |= {"status": "canceled", "canceled_at": world.clock.epoch()}
    world.store.put(intent, kind="payment_intent")
    tell(world, "payment_intent.canceled", intent, intent["id"])
    return intent


def refund(
    world: World, charged: Document, *, amount: int | None, metadata: dict[str, str]
) -> Document:
    """Give money back to the card, all that is left when no amount is named."""
    left = charged["amount_captured"] - charged["amount_refunded"]
    amount = left if amount is None else amount
    if not 0 < amount <= left or charged["disputed"]:
        raise invalid(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left}).",
            "charge_already_refunded" if left == 0 else "amount_too_large",
        )
    given = objects.refund(
        world.store.new_id("re_"),
        charged,
        amount=amount,
        created=world.clock.epoch(),
        metadata=metadata,
    )
    given["balance_transaction"] = _book(world, given, charged, amount=-amount, category="refund")
    world.store.put(
        given, kind="refund", reference=metadata.get("reference", ""), parent=charged["id"]
    )
    charged["amount_refunded"] += amount
    charged["refunded"] = charged["amount_refunded"] == charged["amount_captured"]
    world.store.put(charged, kind="charge")
    tell(world, "refund.created", given, charged["payment_intent"])
    tell(world, "charge.refunded", charged, charged["payment_intent"])
    return given


def dispute(world: World, charged: Document, reason: str) -> Document:
    """The card holder takes the money back through the bank, and a fee with it."""
    if charged["disputed"]:
        raise invalid("The charge is disputed already.", "charge_disputed")
    opened = objects.dispute(
        world.store.new_id("dp_"), charged, created=world.clock.epoch(), reason=reason
    )
    amount = opened["amount"]
    _book(world, opened, charged, amount=-amount, fee=_DISPUTE_FEE_MINOR, category="dispute")
    world.store.put(opened, kind="dispute", parent=charged["id"])
    charged["disputed"] = True
    world.store.put(charged, kind="charge")
    tell(world, "charge.dispute.created", opened, charged["payment_intent"])
    return opened


def close_dispute(world: World, opened: Document, *, won: bool) -> Document:
    """The bank decides; a won dispute brings the amount back, not the fee."""
    if opened["status"] not in {"needs_response", "under_review"}:
        raise invalid("The dispute is closed already.", "dispute_closed")
    opened["status"] = "won" if won else "lost"
    if won:
        charged = found(world, "charge", opened["charge"])
        _book(world, opened, charged, amount=opened["amount"], category="dispute_reversal")
    world.store.put(opened, kind="dispute")
    tell(world, "charge.dispute.closed", opened, opened["payment_intent"])
    return opened


def create_payout(
    world: World,
    *,
    amount: int,
    currency: str,
    metadata: dict[str, str],
    destination: str | None,
) -> Document:
    """Send money to a client's bank account; it travels for a day, and may come back."""
    _check(amount, currency)
    sent = objects.payout(
        world.store.new_id("po_"),
        amount=amount,
        currency=currency.lower(),
        created=world.clock.epoch(),
        arrival=world.clock.epoch() + 86_400,
        metadata=metadata,
        automatic=False,
    )
    sent["destination"] = destination
    sent["balance_transaction"] = _book(
        world, sent, sent, amount=-amount, fee=_PAYOUT_FEE_MINOR, category="payout"
    )
    world.store.put(sent, kind="payout", reference=metadata.get("reference", ""))
    tell(world, "payout.created", sent, sent["id"])
    world.timers.set(sent["id"], _PAYOUT_STEP)
    return sent


_PAYOUT_MOVES = {
    "pending": {"in_transit", "failed", "canceled"},
    "in_transit": {"paid", "failed"},
    "paid": {"failed"},
}


def move_payout(world: World, sent: Document, status: str, code: str = "no_account") -> Document:
    """Let a payout get on: pending, in_transit, paid; failed even after paid."""
    if status not in _PAYOUT_MOVES.get(sent["status"], set()):
        raise invalid(f"A {sent['status']} payout does not become {status}.", "payout_not_allowed")
    sent["status"] = status
    if status in {"failed", "canceled"}:
        reversal = _book(world, sent, sent, amount=sent["amount"], category="payout_reversal")
        sent["failure_balance_transaction"] = reversal
    if status == "failed":
        sent |= {"failure_code": code, "failure_message": "The bank sent the money back."}
    world.store.put(sent, kind="payout")
    kind = "updated" if status == "in_transit" else status
    tell(world, f"payout.{kind}", sent, sent["id"])
    return sent


def expire_session(world: World, session: Document) -> Document:
    """Close a payment page for good, and its intent with it."""
    if session["status"] != "open":
        raise invalid("Only open sessions can be expired.", "checkout_session_not_open")
    intent = cancel(world, found(world, "payment_intent", session["payment_intent"]))
    session["status"] = "expired"
    world.store.put(session, kind="checkout.session")
    tell(world, "checkout.session.expired", session, intent["id"])
    return session


def on_timer(world: World, identifier: str) -> None:
    """What time alone does to a payout; test account numbers decide how it ends."""
    sent = found(world, "payout", identifier)
    step = _next_payout_step(sent)
    if step is None:
        return
    move_payout(world, sent, *step)
    world.timers.set(identifier, _PAYOUT_STEP)


def _next_payout_step(sent: Document) -> tuple[str, str] | None:
    """The next status and a failure code, or nothing."""
    destination = sent["destination"] or ""
    at_once = next((c for n, c in _PAYOUT_FAILS_AT_ONCE.items() if n in destination), "")
    later = next((c for n, c in _PAYOUT_FAILS_AFTER_PAID.items() if n in destination), "")
    match sent["status"]:
        case "pending":
            return "in_transit", ""
        case "in_transit":
            return ("failed", at_once) if at_once else ("paid", "")
        case "paid" if later:
            return "failed", later
        case _:
            return None


def _fee(intent: Document, card: Card) -> int:
    """1.4 % for European cards, 2.9 % for others, and 0.25; half up, as invoiced."""
    percent_tenths = 14 if card.country in _EEA else 29
    places = exponent(intent["currency"].upper())
    fixed = int(25 * 10**places // 100)
    amount: int = intent["amount"]
    return (amount * percent_tenths + 500) // 1000 + fixed


def _book(
    world: World,
    source: Document,
    origin: Document,
    *,
    amount: int,
    fee: int = 0,
    category: str,
) -> str:
    """Write a balance transaction and its settlement line; return its id."""
    now = world.now()
    available = datetime.combine(now.date() + timedelta(days=LAG_DAYS), time(), UTC)
    booked = objects.balance_transaction(
        world.store.new_id("txn_"),
        source,
        amount=amount,
        fee=fee,
        kind=_TYPES.get(category, category),
        category=category,
        created=world.clock.epoch(),
        available_on=int(available.timestamp()),
    )
    world.store.put(booked, kind="balance_transaction", parent=source["id"])
    card = origin.get("payment_method_details", {}).get("card", {})
    reference = source["metadata"].get("reference") or origin["metadata"].get("reference", "")
    line = booked | {
        "charge": origin["id"] if origin["object"] == "charge" else "",
        "payment_intent": origin.get("payment_intent", ""),
        "card": card,
        "dispute_reason": source.get("reason", "") if source["object"] == "dispute" else "",
        "reference": reference,
    }
    add_line(world, booked["currency"], booked["net"], line)
    return str(booked["id"])


# What the merchant's endpoint has ticked; the rest is found by asking.
SUBSCRIBED = frozenset(
    {
        "payment_intent.succeeded",
        "payment_intent.payment_failed",
        "payment_intent.canceled",
        "checkout.session.expired",
        "charge.refunded",
        "refund.created",
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "payout.updated",
        "payout.paid",
        "payout.failed",
        "payout.canceled",
    }
)


def tell(world: World, kind: str, described: Document, subject: str) -> None:
    event = objects.event(world.store.new_id("evt_"), kind, described, created=world.clock.epoch())
    world.store.put(event, kind="event", parent=described["id"])
    if kind in SUBSCRIBED:
        world.emit(event, event_id=event["id"], kind=kind, subject=subject)
