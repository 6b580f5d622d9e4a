"""The fault table: every way of going wrong, seen on every stand-in."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from sandbox.faults import Fault, FaultTable
from sandbox.store import Store

MERCHANT = "KingpostECOM"


@dataclass(frozen=True)
class Act:
    """One money call of a vendor, and how to see what came of it."""

    match: str
    do: Callable[[httpx.Client, str], httpx.Response]
    amounts: Callable[[Any, httpx.Client, str], list[str]]
    """The amounts that were really moved under a reference, in minor units."""


def _stripe_payout(client, reference):
    form = {"amount": "500", "currency": "eur", "metadata[reference]": reference}
    return client.post("/v1/payouts", data=form)


def _stripe_amounts(_server, client, reference):
    listed = client.get("/v1/payouts", params={"limit": 100}).json()["data"]
    ours = [payout for payout in listed if payout["metadata"].get("reference") == reference]
    return [f"{payout['amount']} {payout['currency']}" for payout in ours]


def _adyen_payment(client, reference):
    asked = {
        "merchantAccount": MERCHANT,
        "amount": {"value": 500, "currency": "EUR"},
        "reference": reference,
        "paymentMethod": {"type": "scheme"},
    }
    return client.post("/v71/payments", json=asked)


def _adyen_amounts(server, _client, reference):
    server.http.post("/sandbox/deliveries/flush")
    told = {callback.body: callback.event for callback in server.endpoint.about(reference)}
    items = [event["notificationItems"][0]["NotificationRequestItem"] for event in told.values()]
    return [f"{item['amount']['value']} {item['amount']['currency'].lower()}" for item in items]


def _mt5_deposit(client, reference):
    params = {"login": _login(client), "type": 2, "balance": "5.00", "comment": reference}
    return client.get("/api/trade/balance", params=params)


def _login(client) -> str:
    found = client.get("/api/user/logins", params={"group": "real\\faults-EUR"}).json()["answer"]
    if found:
        return found[0]
    added = client.post("/api/user/add", json={"Group": "real\\faults-EUR"})
    return added.json()["answer"]["Login"]


def _mt5_amounts(_server, client, reference):
    params = {"group": "real\\faults-EUR"}
    deals = client.get("/api/deal/get_batch", params=params).json()["answer"]
    ours = [deal for deal in deals if deal["Comment"] == reference]
    return [f"{deal['Profit'].replace('.', '').lstrip('0')} eur" for deal in ours]


ACTS = {
    "stripe": Act("POST /v1/payouts", _stripe_payout, _stripe_amounts),
    "adyen": Act("POST /v71/payments", _adyen_payment, _adyen_amounts),
    "mt5": Act("* /api/trade/balance", _mt5_deposit, _mt5_amounts),
}


@dataclass(frozen=True)
class Scene:
    server: Any
    act: Act
    client: httpx.Client
    reference: str

    def strike(self, fault: str, **more: object) -> None:
        self.server.fault(self.act.match, fault, contains=self.reference, **more)

    def call(self) -> httpx.Response:
        return self.act.do(self.client, self.reference)

    def amounts(self) -> list[str]:
        return self.act.amounts(self.server, self.client, self.reference)

    def reconnect(self) -> "Scene":
        """After a line that broke: the old one, and at MetaTrader its session, is gone."""
        return Scene(self.server, self.act, self.server.authorised(), self.reference)


@pytest.fixture(params=sorted(ACTS))
def scene(request, sandbox_server, reference) -> Scene:
    server = sandbox_server(request.param)
    client = server.authorised()
    if request.param == "mt5":
        _login(client)
    return Scene(server, ACTS[request.param], client, reference)


def says_no(answer: httpx.Response) -> bool:
    return answer.status_code >= 400 or not answer.json().get("retcode", "0 ").startswith("0 ")


def test_a_refusal_says_no_and_does_nothing(scene):
    scene.strike("refuse")

    assert says_no(scene.call())
    assert scene.amounts() == []


def test_a_delay_only_delays(scene):
    scene.strike("delay", delay_ms=300)

    begun = time.monotonic()
    answer = scene.call()

    assert time.monotonic() - begun >= 0.3
    assert not says_no(answer)
    assert scene.amounts() == ["500 eur"]


@pytest.mark.parametrize(
    ("fault", "amounts"), [("timeout_before", []), ("timeout_after", ["500 eur"])]
)
def test_a_timeout_says_nothing_whether_it_was_done_or_not(scene, fault, amounts):
    scene.strike(fault)
    scene.client.timeout = httpx.Timeout(0.5)

    with pytest.raises(httpx.ReadTimeout):
        scene.call()

    assert scene.reconnect().amounts() == amounts


def test_a_timeout_ends_by_itself_for_a_caller_who_waits(scene):
    scene.strike("timeout_before", delay_ms=200)

    assert scene.call().status_code == 504


def test_an_error_after_the_effect_is_an_error_with_an_effect(scene):
    scene.strike("error_after")

    assert scene.call().status_code == 500
    assert scene.amounts() == ["500 eur"]


def test_a_duplicated_call_is_carried_out_twice(scene):
    scene.strike("duplicate")

    scene.call()

    assert scene.amounts() == ["500 eur", "500 eur"]


def test_a_key_protects_from_a_duplicated_call(stripe, reference):
    client = stripe.authorised()
    client.headers["Idempotency-Key"] = reference
    stripe.fault("POST /v1/payouts", "duplicate", contains=reference)

    _stripe_payout(client, reference)

    assert _stripe_amounts(stripe, client, reference) == ["500 eur"]


def test_a_reordered_call_waits_its_time_when_no_other_comes(scene):
    scene.strike("reorder", delay_ms=300)

    begun = time.monotonic()
    scene.call()

    assert time.monotonic() - begun >= 0.3
    assert scene.amounts() == ["500 eur"]


def test_a_reordered_call_is_overtaken_by_the_next(scene):
    scene.strike("reorder", delay_ms=20_000)
    overtaking = scene.reconnect().client
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(scene.call)
        while not scene.server.http.get("/sandbox/faults").json()[0]["fired"]:
            assert not held.done()

        scene.act.do(overtaking, f"{scene.reference}-next")

        assert held.result(timeout=10).status_code == 200


def test_a_call_that_was_given_up_may_still_be_done_later(scene, eventually):
    scene.strike("delay", delay_ms=800)
    scene.client.timeout = httpx.Timeout(0.3)

    with pytest.raises(httpx.ReadTimeout):
        scene.call()

    after = scene.reconnect()
    assert after.amounts() == []
    assert eventually(after.amounts) == ["500 eur"]


def test_garbage_hides_that_it_was_done(scene):
    scene.strike("garbage")

    answer = scene.call()

    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"JSON|decode|Expecting"):
        answer.json()
    assert scene.amounts() == ["500 eur"]


def test_a_wrong_amount_is_really_moved(scene):
    scene.strike("wrong_amount")

    scene.call()

    assert scene.amounts() == ["499 eur"]


def test_a_wrong_amount_is_a_yen_less_where_there_are_no_cents(mt5, reference):
    client = mt5.authorised()
    added = client.post("/api/user/add", json={"Group": "real\\faults-JPY"}).json()["answer"]
    mt5.fault("* /api/trade/balance", "wrong_amount", contains=reference)

    given = {"login": added["Login"], "type": "2", "balance": "500", "comment": reference}
    client.post("/api/trade/balance", json=given)

    user = client.get("/api/user/get", params={"login": added["Login"]}).json()["answer"]
    assert user["Balance"] == "499.00"


@pytest.mark.parametrize("name", ["stripe", "adyen"])
def test_a_wrong_currency_is_really_moved(sandbox_server, reference, name):
    server = sandbox_server(name)
    client, act = server.authorised(), ACTS[name]
    server.fault(act.match, "wrong_currency", contains=reference)

    act.do(client, reference)

    assert act.amounts(server, client, reference) == ["500 usd"]


def told(server, reference: str) -> list[bytes]:
    """What arrived about a payment, after everything that is due was sent."""
    server.http.post("/sandbox/deliveries/flush")
    return [callback.body for callback in server.endpoint.about(reference)]


@dataclass(frozen=True)
class Sender:
    server: Any
    reference: str

    def pay(self, *suffixes: str) -> str:
        """Have payments made and their callbacks tried; return what the last one is about."""
        moves = [self._payment(f"{self.reference}{suffix}") for suffix in suffixes or [""]]
        made = self.server.moves(*moves, deliver="now")
        return made["objects"][-1]["id"]

    def _payment(self, name: str) -> dict[str, object]:
        what: dict[str, object] = {"op": "pay", "at": "2026-03-02"}
        if self.server.name == "stripe":
            return what | {"amount": 500, "currency": "eur", "metadata": {"reference": name}}
        return what | {"value": 500, "currency": "EUR", "reference": name}

    def strike(self, fault: str, **more: object) -> None:
        self.server.fault("webhook *", fault, contains=self.reference, **more)

    def state(self, subject: str) -> str:
        listed = self.server.http.get("/sandbox/deliveries").json()
        return next(row["state"] for row in listed if row["subject"] == subject)


@pytest.fixture(params=["adyen", "stripe"])
def sender(request, sandbox_server, reference) -> Sender:
    return Sender(sandbox_server(request.param), reference)


def test_a_refused_callback_never_comes(sender):
    sender.strike("refuse")

    subject = sender.pay()

    assert told(sender.server, sender.reference) == []
    assert sender.state(subject) == "dropped"


def test_a_delayed_callback_comes_later(sender, eventually):
    sender.strike("delay", delay_ms=400)
    sender.pay()

    at_once = told(sender.server, sender.reference)

    assert at_once == []
    assert eventually(lambda: told(sender.server, sender.reference))


def test_a_callback_that_never_left_comes_at_the_next_attempt(sender, eventually):
    sender.strike("timeout_before")
    sender.pay()

    at_once = told(sender.server, sender.reference)

    assert at_once == []
    assert len(eventually(lambda: told(sender.server, sender.reference))) == 1


@pytest.mark.parametrize("fault", ["timeout_after", "error_after"])
def test_a_callback_whose_answer_was_missed_comes_again(sender, eventually, fault):
    sender.strike(fault)
    sender.pay()

    assert len(told(sender.server, sender.reference)) == 1
    assert eventually(lambda: len(told(sender.server, sender.reference)) == 2)


def test_a_duplicated_callback_comes_twice_at_once(sender):
    sender.strike("duplicate")

    sender.pay()

    assert len(told(sender.server, sender.reference)) == 2


def test_a_reordered_callback_comes_after_the_one_behind_it(sender):
    sender.server.fault("webhook *", "reorder", contains=f"{sender.reference}-first")

    sender.pay("-first", "-second")

    bodies = told(sender.server, sender.reference)
    assert [b"-second" in body for body in bodies] == [True, False]


def test_a_reordered_callback_waits_for_one_that_is_not_there_yet(sender, eventually):
    sender.server.fault("webhook *", "reorder", contains=f"{sender.reference}-first")

    sender.pay("-first")
    assert told(sender.server, sender.reference) == []
    sender.pay("-second")

    bodies = eventually(lambda: len(told(sender.server, sender.reference)) == 2) and told(
        sender.server, sender.reference
    )
    assert [b"-second" in body for body in bodies] == [True, False]


@pytest.mark.parametrize("name", ["stripe", "adyen"])
@pytest.mark.parametrize("fault", ["wrong_amount", "wrong_currency", "bad_signature"])
def test_a_rule_is_not_spent_on_a_call_it_would_change_nothing_of(sandbox_server, name, fault):
    server = sandbox_server(name)
    path = {"stripe": "/v1/payouts", "adyen": "/reports"}[name]
    server.fault(f"GET {path}", fault)

    answer = server.authorised().get(path)

    [rule] = [r for r in server.http.get("/sandbox/faults").json() if r["match"] == f"GET {path}"]
    server.http.delete(f"/sandbox/faults/{rule['id']}")
    assert (answer.status_code, rule["fired"]) == (200, 0)


def test_a_delay_without_a_length_delays_all_the_same(scene):
    scene.strike("delay")

    begun = time.monotonic()
    scene.call()

    assert time.monotonic() - begun >= 1


def test_garbage_comes_before_the_real_callback(sender, eventually):
    before = len(sender.server.endpoint.received)
    sender.strike("garbage")
    sender.pay()

    eventually(lambda: told(sender.server, sender.reference))

    # What another payment had left to say may come in between.
    arrived = sender.server.endpoint.received[before:]
    (real, *_) = sender.server.endpoint.about(sender.reference)
    assert any(map(is_rubbish, arrived[: arrived.index(real)]))


def is_rubbish(callback) -> bool:
    try:
        _ = callback.event
    except ValueError:
        return True
    return False


def test_a_callback_with_a_bad_signature_is_followed_by_a_good_one(sender, eventually):
    sender.strike("bad_signature")
    sender.pay()

    eventually(lambda: len(told(sender.server, sender.reference)) == 2)

    bad, good = sender.server.endpoint.about(sender.reference)
    if sender.server.name == "stripe":
        assert bad.body == good.body
        assert bad.headers["Stripe-Signature"].count("v1=") == 1
        assert good.headers["Stripe-Signature"].count("v1=") == 2
    else:
        assert bad.body != good.body


@pytest.mark.parametrize(("fault", "lie"), [("wrong_amount", b"499"), ("wrong_currency", b"usd")])
def test_a_callback_that_lies_is_followed_by_the_truth(sender, eventually, fault, lie):
    sender.strike(fault)
    sender.pay()

    eventually(lambda: len(told(sender.server, sender.reference)) == 2)

    first, second = told(sender.server, sender.reference)
    assert lie in first.lower()
    assert lie not in second.lower()


def test_a_hub_that_is_down_gets_the_callback_when_it_is_back(sender, eventually):
    sender.server.endpoint.status = 503
    subject = sender.pay()
    sender.server.endpoint.status = 200

    assert eventually(lambda: len(told(sender.server, sender.reference)) == 2)
    assert eventually(lambda: sender.state(subject) == "delivered")


def test_a_rule_strikes_as_often_as_it_says_after_those_it_lets_pass(tmp_path):
    table = FaultTable(Store(tmp_path / "faults.sqlite"))
    table.add(Fault(match="POST /v1/*", fault="refuse", skip=1, count=2, contains="W-1"))

    struck = [table.take("POST /v1/payouts", "W-1") is not None for _ in range(5)]

    assert struck == [False, True, True, False, False]
    assert table.take("GET /v1/payouts", "W-1") is None
    assert table.take("POST /v1/payouts", "W-2") is None


def test_a_rule_without_end_strikes_until_it_is_removed(tmp_path):
    table = FaultTable(Store(tmp_path / "faults.sqlite"))
    rule = table.add(Fault(match="*", fault="garbage", count=None))

    assert all(table.take("GET /anything", "") for _ in range(20))
    table.remove(rule.id)
    assert table.take("GET /anything", "") is None


def test_a_rule_that_makes_no_sense_is_not_taken(stripe):
    answer = stripe.client().post("/sandbox/faults", json={"match": "*", "fault": "explode"})

    assert answer.status_code == 422
