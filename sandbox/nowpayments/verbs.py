"""What happens to invoices and payments at NOWPayments: each verb moves objects and tells of it."""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from operational.kit.money import EXPONENTS
from sandbox.nowpayments.vendor import Refused
from sandbox.store import BASE36, Document
from sandbox.world import World

LIFE = timedelta(days=7)
"""Whatever comes in this time is waited for."""

# Dollars for a unit, good enough for a demonstration.
COINS = {
    "btc": Decimal(60_000),
    "eth": Decimal(3_000),
    "ltc": Decimal(80),
    "trx": Decimal("0.12"),
    "usdcerc20": Decimal(1),
    "usdterc20": Decimal(1),
    "usdttrc20": Decimal(1),
}
_FIATS = {"usd": "1", "eur": "1.08", "gbp": "1.27", "cad": "0.73", "aud": "0.66", "pln": "0.25"}
_OUTCOME = "usdttrc20"
_SERVICE_FEE = Decimal("0.005")
_SATOSHI = Decimal("0.00000001")
_CENT = Decimal("0.01")


def found(world: World, kind: str, identifier: str) -> Document:
    """The object, or an error of NOWPayments'."""
    document = world.store.get(kind, identifier)
    if document is None:
        raise Refused(404, "NOT_FOUND", f"{kind} not found")
    return document


def new_number(world: World, kind: str, first: int) -> str:
    """Identifiers are long numbers, written as text in some places and as numbers in others."""
    return str(world.store.next_number(kind, first))


def stamp(world: World) -> str:
    return world.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def in_coin(amount: Decimal, fiat: str, coin: str) -> Decimal:
    """What an amount of a fiat currency is in a coin now."""
    exact = amount * Decimal(_FIATS[fiat]) / COINS[coin]
    return exact.quantize(_SATOSHI, ROUND_HALF_UP)


def create_invoice(world: World, asked: Document) -> Document:
    """A page on which a price can be paid in any coin."""
    currency = str(asked.get("price_currency", "")).lower()
    if currency not in _FIATS:
        raise Refused(400, "INVALID_REQUEST_PARAMS", "price_currency is not supported")
    try:
        price = Decimal(str(asked["price_amount"]))
    except (LookupError, ArithmeticError):
        raise Refused(400, "INVALID_REQUEST_PARAMS", "price_amount must be a number") from None
    if not price.is_finite() or price <= 0:
        raise Refused(400, "INVALID_REQUEST_PARAMS", "price_amount must be a number") from None
    invoice: Document = {
        "id": new_number(world, "invoice", 4_522_000_001),
        "created": world.clock.epoch(),
        "token_id": "5803826325",
        "order_id": str(asked.get("order_id") or ""),
        "order_description": str(asked.get("order_description") or ""),
        "price_amount": f"{price:f}",
        "price_currency": currency,
        "pay_currency": None,
        "ipn_callback_url": asked.get("ipn_callback_url"),
        "success_url": asked.get("success_url"),
        "cancel_url": asked.get("cancel_url"),
        "partially_paid_url": asked.get("partially_paid_url"),
        "created_at": stamp(world),
        "updated_at": stamp(world),
    }
    world.store.put(invoice, kind="invoice", reference=invoice["order_id"])
    return invoice


def choose_coin(world: World, invoice: Document, coin: str) -> Document:
    """An address, and how much of the coin the price is: a payment that waits."""
    if coin not in COINS:
        raise Refused(400, "INVALID_REQUEST_PARAMS", "pay_currency is not supported")
    price = Decimal(invoice["price_amount"])
    pay_amount = in_coin(price, invoice["price_currency"], coin)
    payment = _payment(world, invoice, coin) | {"pay_amount": f"{pay_amount:f}"}
    _move(world, payment, "waiting")
    world.timers.set(payment["id"], LIFE)
    return payment


def _payment(world: World, invoice: Document, coin: str) -> Document:
    return {
        "id": new_number(world, "payment", 5_745_000_001),
        "created": world.clock.epoch(),
        "parent_payment_id": None,
        "invoice_id": int(invoice["id"]),
        "payment_status": "waiting",
        "pay_address": world.store.new_id("T", 33),
        "price_amount": invoice["price_amount"],
        "price_currency": invoice["price_currency"],
        "pay_amount": "0",
        "actually_paid": "0",
        "actually_paid_at_fiat": "0",
        "pay_currency": coin,
        "order_id": invoice["order_id"],
        "order_description": invoice["order_description"],
        "purchase_id": invoice["id"],
        "outcome_amount": "0",
        "outcome_currency": _OUTCOME,
        "payin_hash": None,
        "created_at": stamp(world),
        "updated_at": stamp(world),
    }


def send(world: World, payment: Document, amount: Decimal) -> Document:
    """The client sends coins to the address: seen, confirmed, passed on.

    What comes to an address that has served already is a payment of its own, a repeated deposit.
    """
    if payment["payment_status"] in {"finished", "partially_paid"}:
        invoice = found(world, "invoice", str(payment["invoice_id"]))
        parent, payment = payment, _payment(world, invoice, payment["pay_currency"])
        payment |= {"parent_payment_id": int(parent["id"]), "pay_address": parent["pay_address"]}
        payment["pay_amount"] = f"{amount:f}"
    world.timers.clear(payment["id"])
    fiat = amount * COINS[payment["pay_currency"]] / Decimal(_FIATS[payment["price_currency"]])
    kept = amount * COINS[payment["pay_currency"]] * (1 - _SERVICE_FEE)
    payment |= {
        "actually_paid": f"{amount:f}",
        "actually_paid_at_fiat": f"{fiat.quantize(_CENT, ROUND_HALF_UP):f}",
        "outcome_amount": f"{kept.quantize(_SATOSHI, ROUND_HALF_UP):f}",
        "payin_hash": world.store.new_id("", 64, BASE36).lower(),
    }
    is_enough = amount >= Decimal(payment["pay_amount"])
    for status in ("confirming", "confirmed", "sending"):
        _move(world, payment, status)
    return _move(world, payment, "finished" if is_enough else "partially_paid")


def end(world: World, payment: Document, status: str) -> Document:
    """Nothing came in time, something broke, or the coins went back to where they came from."""
    if status not in {"expired", "failed", "refunded"}:
        raise Refused(400, "INVALID_REQUEST_PARAMS", f"a payment does not become {status}")
    return _move(world, payment, status)


def on_timer(world: World, identifier: str) -> None:
    """What time alone does: what nobody paid expires."""
    payment = found(world, "payment", identifier)
    if payment["payment_status"] == "waiting":
        _move(world, payment, "expired")


def _move(world: World, payment: Document, status: str) -> Document:
    payment |= {"payment_status": status, "updated_at": stamp(world)}
    invoice_id = str(payment["invoice_id"])
    world.store.put(payment, kind="payment", reference=payment["order_id"], parent=invoice_id)
    told = shown(payment) | {"payin_extra_id": None, "payment_extra_ids": None}
    fee = {"currency": _OUTCOME, "depositFee": "0", "withdrawalFee": "0", "serviceFee": "0"}
    hidden = {"created_at", "updated_at", "payin_hash"}
    event = {name: value for name, value in told.items() if name not in hidden} | {"fee": fee}
    event_id = f"{payment['id']}-{status}"
    world.emit(event, event_id=event_id, kind=status, subject=payment["id"])
    return payment


def shown(payment: Document) -> Document:
    """As the API and the callbacks have it."""
    hidden = {"id", "created"}
    rest = {name: value for name, value in payment.items() if name not in hidden}
    return {"payment_id": int(payment["id"])} | rest


def is_priced(currency: str) -> bool:
    return currency in _FIATS and currency.upper() in EXPONENTS
