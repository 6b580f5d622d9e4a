"""W2 and W3: only the provider can bring news, and what was acknowledged is stored."""

import base64
import gzip
import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from operational.kit import secret
from operational.kit.ids import uuid7
from tests.payments import signing

SECRET, OLD_SECRET, RETIRED = "whsec_new", "whsec_old", "whsec_retired"
HMAC_KEY, OTHER_KEY = "44" * 32, "55" * 32
CHECKOUT_KEY, IPN_SECRET = "66" * 32, "ipn secret"


@pytest.fixture(scope="module", autouse=True)
def _keys(opened):
    folder = opened.database.settings.root / "secrets"
    stripe = {"api_keys": ["sk_test_1"], "webhook_secrets": [SECRET, OLD_SECRET]}
    adyen = {"api_keys": ["k"], "hmac_keys": [HMAC_KEY], "merchant_accounts": ["KingpostDemo"]}
    checkout_com = {
        "api_keys": ["sk_sbox_1"],
        "signature_keys": [CHECKOUT_KEY],
        "authorization_keys": ["let-me-in"],
        "processing_channels": ["pc_1"],
    }
    nowpayments = {
        "api_keys": ["k"],
        "ipn_secrets": [IPN_SECRET],
        "emails": ["a@b.example"],
        "passwords": ["p"],
        "totp_secrets": ["JBSWY3DPEHPK3PXP"],
    }
    secret.write(folder / "checkout_com.json", json.dumps(checkout_com))
    secret.write(folder / "nowpayments.json", json.dumps(nowpayments))
    secret.write(folder / "stripe.json", json.dumps(stripe))
    secret.write(folder / "adyen.json", json.dumps(adyen))
    paypal = {"client_ids": ["id"], "client_secrets": ["secret"], "webhook_ids": [signing.WEBHOOK]}
    secret.write(folder / "paypal.json", json.dumps(paypal))


def event(external_id: str | None = None, **fields) -> bytes:
    intent = {"id": "pi_1", "amount": 25_000, "currency": "usd", "status": "succeeded"}
    found = {
        "id": external_id or f"evt_{uuid7().hex}",
        "object": "event",
        "type": "payment_intent.succeeded",
        "livemode": False,
        "data": {"object": intent},
    }
    return json.dumps(found | fields).encode()


def mark(body: bytes, at: int, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def header(body: bytes, at: int, secret: str = SECRET) -> str:
    return f"t={at},v1={mark(body, at, secret)}"


def notification(key: str = HMAC_KEY, **changes) -> bytes:
    """One Adyen notification, signed before the changes are made."""
    item = {
        "pspReference": uuid7().hex[-16:].upper(),
        "originalReference": "",
        "merchantAccountCode": "KingpostDemo",
        "merchantReference": "D-7K3MQ0TR",
        "amount": {"value": 25_000, "currency": "EUR"},
        "eventCode": "AUTHORISATION",
        "success": "true",
        "eventDate": "2026-03-02T10:30:00+01:00",
    }
    signed = ":".join(
        str(part)
        for part in (
            *(item[name] for name in ("pspReference", "originalReference")),
            *(item[name] for name in ("merchantAccountCode", "merchantReference")),
            *(item["amount"]["value"], item["amount"]["currency"]),
            *(item["eventCode"], item["success"]),
        )
    )
    digest = hmac.new(bytes.fromhex(key), signed.encode(), hashlib.sha256).digest()
    item["additionalData"] = {"hmacSignature": base64.b64encode(digest).decode()} | changes.pop(
        "additionalData", {}
    )
    item |= changes
    live = {"live": "false"}
    return json.dumps(live | {"notificationItems": [{"NotificationRequestItem": item}]}).encode()


def forged(now: int) -> dict[str, tuple[str, bytes, dict[str, str]]]:
    """Forty requests nobody may believe: source, body, headers."""
    body = event("evt_forged")
    right = mark(body, now)
    spaced = json.dumps(json.loads(body), indent=1).encode()
    changed = body.replace(b"25000", b"99000")
    other_currency = body.replace(b'"usd"', b'"kwd"')
    huge = event("evt_huge", padding="x" * 70_000)
    nan = body.replace(b"25000", b"NaN")
    double = body[:-1] + b', "id": "evt_second"}'
    deep = b'{"id":' + b"[" * 10_000 + b"]" * 10_000 + b"}"

    def stripe(found: bytes, value: str) -> tuple[str, bytes, dict[str, str]]:
        return "stripe", found, {"Stripe-Signature": value}

    def signed(found: bytes) -> tuple[str, bytes, dict[str, str]]:
        return stripe(found, header(found, now))

    return {
        "no signature": ("stripe", body, {}),
        "an empty signature": stripe(body, ""),
        "a word": stripe(body, "trust me"),
        "time only": stripe(body, f"t={now}"),
        "mark only": stripe(body, f"v1={right}"),
        "a short mark": stripe(body, f"t={now},v1={right[:32]}"),
        "a long mark": stripe(body, f"t={now},v1={right}00"),
        "an upper-case mark": stripe(body, f"t={now},v1={right.upper()}"),
        "the mark of another scheme": stripe(body, f"t={now},v0={right}"),
        "a mark in odd letters": stripe(body, f"t={now},v1=ÿ{right[1:]}"),
        "no time": stripe(body, f"t=,v1={right}"),
        "time in words": stripe(body, f"t=now,v1={right}"),
        "two times": stripe(body, f"t={now},t={now + 1},v1={right}"),
        "a time with a sign": stripe(body, f"t=+{now},v1={right}"),
        "a time beyond all clocks": stripe(body, f"t={'9' * 30},v1={right}"),
        "signed too long ago": stripe(body, header(body, now - 301)),
        "signed in the future": stripe(body, header(body, now + 301)),
        "the time changed": stripe(body, f"t={now - 1},v1={right}"),
        "the other provider's key": stripe(body, header(body, now, HMAC_KEY)),
        "a retired secret": stripe(body, header(body, now, RETIRED)),
        "two wrong marks": stripe(body, f"t={now},v1={'0' * 64},v1={'1' * 64}"),
        "the same JSON written anew": stripe(spaced, f"t={now},v1={right}"),
        "another amount": stripe(changed, f"t={now},v1={right}"),
        "another currency": stripe(other_currency, f"t={now},v1={right}"),
        "one byte more": stripe(body + b" ", f"t={now},v1={right}"),
        "no body": stripe(b"", f"t={now},v1={right}"),
        "packed": ("stripe", gzip.compress(body), {"Stripe-Signature": f"t={now},v1={right}"}),
        "too large": signed(huge),
        "a key twice": signed(double),
        "not a number": signed(nan),
        "too deep": signed(deep),
        "no JSON": signed(b"succeeded=true"),
        "a list": signed(b"[]"),
        "no event id": signed(b'{"object": "event"}'),
        "half a letter": signed(b'{"id": "evt_\\ud800"}'),
        "sixteen bits a letter": signed(body.decode().encode("utf-16")),
        "an unknown provider": ("acme", body, {"Stripe-Signature": header(body, now)}),
    } | forged_notifications()


def forged_notifications() -> dict[str, tuple[str, bytes, dict[str, str]]]:
    def adyen(found: bytes) -> tuple[str, bytes, dict[str, str]]:
        return "adyen", found, {}

    return {
        "adyen: no mark": adyen(notification(additionalData={"hmacSignature": None})),
        "adyen: another key": adyen(notification(OTHER_KEY)),
        "adyen: another amount": adyen(notification(amount={"value": 99_000, "currency": "EUR"})),
        "adyen: another merchant": adyen(notification(merchantAccountCode="Elsewhere")),
        "adyen: another reference": adyen(notification(merchantReference="D-XXXXXXXX")),
        "adyen: no success": adyen(notification(success="false")),
        "adyen: half a letter": adyen(notification(pspReference="\ud800")),
        "adyen: nothing inside": adyen(b'{"live": "false", "notificationItems": []}'),
    }


def forged_transmissions(now: int) -> dict[str, tuple[str, bytes, dict[str, str]]]:
    """As PayPal sends them; nobody answers where its certificates are."""
    body = signing.callback("PAYMENT.CAPTURE.COMPLETED", {"id": "C1"})
    right = signing.signed(body, datetime.fromtimestamp(now, UTC))

    def paypal(**changes: str) -> tuple[str, bytes, dict[str, str]]:
        return "paypal", body, right | {f"paypal-{name}": text for name, text in changes.items()}

    return {
        "paypal: no headers": ("paypal", body, {}),
        "paypal: a certificate of theirs": paypal(),
        "paypal: another host": paypal(**{"cert-url": "http://169.254.169.254/latest/C"}),
        "paypal: our own address": paypal(**{"cert-url": "http://127.0.0.1:9/x"}),
        "paypal: in odd letters": paypal(**{"transmission-sig": "ÿÿÿÿ"}),
        "paypal: signed in 2015": paypal(**{"transmission-time": "2015-05-18T15:45:13Z"}),
        "paypal: another algorithm": paypal(**{"auth-algo": "none"}),
    }


def webhook(**changes) -> bytes:
    """What Checkout.com says of a payment."""
    said = {"id": "pay_1", "action_id": "act_1", "reference": "D-7K3MQ0TR", "amount": 25_000}
    said |= {"currency": "GBP"} | changes
    found = {"id": "evt_forged_2", "type": "payment_captured", "created_on": "2026-03-02T09:30:00Z"}
    return json.dumps(found | {"data": said}).encode()


def forged_webhooks() -> dict[str, tuple[str, bytes, dict[str, str]]]:
    body = webhook()

    def signed(key: str, over: bytes = body, kind: str = "sha256") -> str:
        return hmac.digest(key.encode(), over, kind).hex()

    def checkout(mark: str, found: bytes = body, key: str = "let-me-in"):
        return "checkout_com", found, {"Cko-Signature": mark, "Authorization": key}

    right = signed(CHECKOUT_KEY)
    return {
        "checkout: no mark": ("checkout_com", body, {"Authorization": "let-me-in"}),
        "checkout: an empty mark": checkout(""),
        "checkout: another key": checkout(signed(OTHER_KEY)),
        "checkout: another hash": checkout(signed(CHECKOUT_KEY, kind="sha512")),
        "checkout: an upper-case mark": checkout(right.upper()),
        "checkout: odd letters": checkout(f"ÿ{right[1:]}"),
        "checkout: no door key": ("checkout_com", body, {"Cko-Signature": right}),
        "checkout: another door key": checkout(right, key="let-me-out"),
        "checkout: another amount": checkout(right, webhook(amount=99_000)),
        "checkout: another currency": checkout(right, webhook(currency="KWD")),
        "checkout: another reference": checkout(right, webhook(reference="D-XXXXXXXX")),
        "checkout: one byte more": checkout(right, body + b" "),
        "checkout: the same JSON written anew": checkout(
            right, json.dumps(json.loads(body), indent=1).encode()
        ),
        "checkout: a key twice": checkout(
            signed(CHECKOUT_KEY, double := body[:-1] + b', "id": "evt_second"}'), double
        ),
        "checkout: no id": checkout(signed(CHECKOUT_KEY, b"{}"), b"{}"),
        "checkout: a list": checkout(signed(CHECKOUT_KEY, b"[]"), b"[]"),
    }


def ipn(**changes) -> bytes:
    """What NOWPayments says of a payment, its keys in no order."""
    said = {"payment_id": 1, "order_id": "D-7K3MQ0TR", "actually_paid": 0.004, "pay_amount": 0.004}
    said |= {"payment_status": "finished", "price_amount": 250, "price_currency": "eur"}
    return json.dumps(said | {"fee": {"serviceFee": 1.5, "depositFee": 0}} | changes).encode()


def forged_ipns() -> dict[str, tuple[str, bytes, dict[str, str]]]:
    body = ipn()

    def signed(key: str, over: bytes = body, kind: str = "sha512") -> str:
        text = json.dumps(json.loads(over), separators=(",", ":"), sort_keys=True)
        return hmac.digest(key.encode(), text.encode(), kind).hex()

    def crypto(mark: str, found: bytes = body):
        return "nowpayments", found, {"x-nowpayments-sig": mark}

    right = signed(IPN_SECRET)
    unsorted = hmac.digest(IPN_SECRET.encode(), body, "sha512").hex()
    return {
        "crypto: no mark": ("nowpayments", body, {}),
        "crypto: an empty mark": crypto(""),
        "crypto: another secret": crypto(signed("other")),
        "crypto: another hash": crypto(signed(IPN_SECRET, kind="sha256")),
        "crypto: a mark over what is not sorted": crypto(unsorted),
        "crypto: an upper-case mark": crypto(right.upper()),
        "crypto: more paid": crypto(right, ipn(actually_paid=0.4)),
        "crypto: another price": crypto(right, ipn(price_amount=2500)),
        "crypto: another number for the same": crypto(right, body.replace(b"0.004", b"4e-3")),
        "crypto: another reference": crypto(right, ipn(order_id="D-XXXXXXXX")),
        "crypto: another status": crypto(right, ipn(payment_status="waiting")),
        "crypto: deep inside": crypto(right, ipn(fee={"serviceFee": 0, "depositFee": 0})),
        "crypto: one key more": crypto(right, ipn(parent_payment_id=2)),
        "crypto: a key twice": crypto(right, body[:-1] + b', "payment_id": 1}'),
        "crypto: not a number": crypto(right, body.replace(b"0.004", b"NaN")),
        "crypto: no JSON": crypto(right, b"payment_id=1"),
        "crypto: a list": crypto(hmac.digest(IPN_SECRET.encode(), b"[]", "sha512").hex(), b"[]"),
        "crypto: no id": crypto(signed(IPN_SECRET, b"{}"), b"{}"),
    }


def state(opened) -> tuple:
    """Everything a callback could change."""
    counts = text("""
      select (select count(*) from messaging.inbox), (select count(*) from ledger.entry),
             (select count(*) from payments.payment_event), (select count(*) from audit.event)
    """)
    return tuple(opened.query(lambda session: session.execute(counts).one()))


def send(opened, source, body, headers):
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    return opened.visitor().post(f"/callbacks/{source}", content=body, headers=raw)


def stored(opened, external_id) -> list[bytes]:
    wanted = text("select body from messaging.inbox where external_id = :id")
    return opened.query(lambda session: session.scalars(wanted, {"id": external_id}).all())


def test_forged_requests_to_every_provider_are_refused_and_change_nothing(opened):
    before, now = state(opened), int(opened.clock().timestamp())
    attempts = forged(now) | forged_transmissions(now) | forged_webhooks() | forged_ipns()

    answers = {name: send(opened, *attempt).status_code for name, attempt in attempts.items()}

    assert len(attempts) >= 85
    assert {n: code for n, code in answers.items() if code not in {400, 401, 404, 413}} == {}
    assert state(opened) == before


def test_refused_callbacks_are_counted_by_their_cause(opened):
    body, now = event(), int(opened.clock().timestamp())
    for _ in range(3):
        send(opened, "stripe", body, {"Stripe-Signature": header(body, now - 999)})
    good = event()
    # What came before an acknowledged callback has been counted with it.
    send(opened, "stripe", good, {"Stripe-Signature": header(good, now)})
    send(opened, "stripe", good, {"Stripe-Signature": header(good, now)})

    counted = text("select sum(count) from messaging.refused_callback where reason = 'timestamp'")
    assert opened.query(lambda session: session.scalar(counted)) >= 3


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET], ids=["new", "old"])
def test_a_callback_is_stored_byte_for_byte_under_either_live_secret(opened, secret):
    body, now = event(external_id := f"evt_{uuid7().hex}"), int(opened.clock().timestamp())

    answer = send(opened, "stripe", body, {"Stripe-Signature": header(body, now, secret)})

    assert answer.status_code == 200
    assert stored(opened, external_id) == [body]


def test_the_same_requests_rightly_signed_are_stored(opened):
    body, told = webhook(), ipn()
    mark = hmac.digest(CHECKOUT_KEY.encode(), body, "sha256").hex()
    text = json.dumps(json.loads(told), separators=(",", ":"), sort_keys=True)
    sorted_mark = hmac.digest(IPN_SECRET.encode(), text.encode(), "sha512").hex()

    answers = [
        send(opened, "checkout_com", body, {"Cko-Signature": mark, "Authorization": "let-me-in"}),
        send(opened, "nowpayments", told, {"X-Nowpayments-Sig": sorted_mark}),
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert stored(opened, "evt_forged_2") == [body]
    assert stored(opened, "1:finished:0.004") == [told]


def test_adyen_hears_the_word_it_waits_for(opened):
    answer = send(opened, "adyen", notification(), {})

    assert (answer.status_code, answer.text) == (200, "[accepted]")


def test_a_callback_that_comes_again_after_a_year_is_acknowledged_and_changes_nothing(opened):
    body = event(external_id := f"evt_{uuid7().hex}")
    first = int(opened.clock().timestamp())
    send(opened, "stripe", body, {"Stripe-Signature": header(body, first)})
    before = state(opened)

    opened.clock.pass_(days=365)
    later = int(opened.clock().timestamp())
    answer = send(opened, "stripe", body, {"Stripe-Signature": header(body, later)})
    opened.clock.pass_(days=-365)

    assert answer.status_code == 200
    assert stored(opened, external_id) == [body]
    assert state(opened) == before


def test_of_many_at_once_each_acknowledged_one_is_stored_once(opened):
    now = int(opened.clock().timestamp())
    ids = [f"evt_{uuid7().hex}" for _ in range(100)]
    bodies = [event(one) for one in ids] * 3

    def knock(body: bytes) -> int:
        return send(opened, "stripe", body, {"Stripe-Signature": header(body, now)}).status_code

    with ThreadPoolExecutor(16) as crowd:
        codes = list(crowd.map(knock, bodies))

    assert set(codes) == {200}
    assert [len(stored(opened, one)) for one in ids] == [1] * 100


def test_one_message_the_database_will_not_take_holds_up_no_other(opened):
    """A signed id with a NUL: PostgreSQL's text cannot hold it."""
    now = int(opened.clock().timestamp())
    bad = event("evt_\u0000")
    goods = [event(f"evt_{uuid7().hex}") for _ in range(20)]

    def knock(body: bytes) -> int:
        return send(opened, "stripe", body, {"Stripe-Signature": header(body, now)}).status_code

    with ThreadPoolExecutor(21) as crowd:
        codes = list(crowd.map(knock, [*goods[:10], bad, *goods[10:]]))

    assert codes == [200] * 10 + [503] + [200] * 10


def test_the_browsers_return_credits_nothing(opened):
    before = state(opened)

    opened.visitor().get("/room/deposits/D-7K3MQ0TR", params={"redirect_status": "succeeded"})

    assert state(opened)[:3] == before[:3]


def test_a_refusal_says_in_json_what_was_wrong(opened):
    refused = opened.visitor().post("/callbacks/nobody", content=b"{}")

    assert refused.headers["content-type"] == "application/json"
    assert refused.json()["code"] == "not_found"
