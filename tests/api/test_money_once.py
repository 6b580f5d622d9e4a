"""M5: one key, one effect, one answer, for ever."""

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import text

from api.app import ROUTERS
from api.once import _once
from operational.clients import service as clients
from operational.clients.models import Client
from operational.clients.states import Stage
from operational.kit import db
from operational.kit.clock import utc_now
from operational.kit.ids import uuid7
from tests.api import cast
from tests.api.cookbook import RECIPES
from tests.api.opened import HUB
from tests.api.recipes import reference_of
from tests.faults import processes, roles

DEPOSIT = {"amount": "250.00", "currency": "USD"}


@pytest.fixture(scope="module", autouse=True)
def _tables(opened):
    cast.prepare(opened)


@pytest.fixture
def ann(opened):
    found = cast.a_client(opened, Stage.VERIFIED)
    cast.money_for(opened, found)
    return found


def verify(opened, person):
    with db.transaction(opened.database.engine()) as session:
        client = session.get_one(Client, person.id)
        clients.change_stage(
            session, client, Stage.VERIFIED, reason="a test", actor=HUB, now=opened.clock()
        )


def pay_in(opened, person):
    cast.money_for(opened, person, "9000.00")


@dataclass(frozen=True)
class MoneyDoor:
    """One endpoint that moves money: how to knock, what it changes, who is refused and until when."""

    path: str
    body: dict[str, object]
    other: dict[str, object]
    table: str
    poor: Stage
    cure: Callable[..., None]
    needs: Callable[..., object] | None = None
    """What the person must have besides money."""

    def at(self, opened, person) -> str:
        """The door's address for this person, who gets a trading account if it needs one."""
        if self.needs:
            self.needs(opened, person)
        if "{" not in self.path:
            return self.path
        account = cast.an_account(opened, person)
        return self.path.format(account=account, reference=reference_of(opened, account))

    def knock(self, client: httpx.Client, path: str, key: str, body=None) -> httpx.Response:
        body = body or self.body
        if path.startswith("/room"):
            return client.post(path, data=body | {"once": key})
        return client.post(path, json=body, headers={"Idempotency-Key": key})


def said(answer: httpx.Response) -> tuple[object, ...]:
    """An answer as far as it must be the same each time: of a form shown again, what was wrong."""
    if answer.headers.get("content-type", "").startswith("text/html"):
        return answer.status_code, *re.findall(r'role="alert">([^<]+)<', answer.text)
    return answer.status_code, answer.headers.get("location"), answer.content


DEPOSIT_DOOR = (DEPOSIT, {**DEPOSIT, "amount": "99.00"}, "payments.payment")
ACCOUNT = {"currency": "EUR", "leverage": 100}
ACCOUNT_DOOR = (ACCOUNT, {**ACCOUNT, "leverage": 50}, "platforms.trading_account")
WITHDRAWAL = {"amount": "60.00", "currency": "USD"}
WITHDRAWAL_DOOR = (
    *(WITHDRAWAL, {**WITHDRAWAL, "amount": "59.00"}, "payments.withdrawal"),
    *(Stage.PROFILED, verify, cast.a_paid_deposit),
)
TRANSFER = {"amount": "100.00", "currency": "USD"}
TRANSFER_DOOR = (TRANSFER, {**TRANSFER, "amount": "99.00"}, "platforms.transfer")
DOORS = {
    "deposit": MoneyDoor("/api/me/deposits", *DEPOSIT_DOOR, Stage.PROFILED, verify),
    "account": MoneyDoor("/api/me/trading-accounts", *ACCOUNT_DOOR, Stage.PROFILED, verify),
    "transfer": MoneyDoor(
        "/api/me/trading-accounts/{account}/transfers", *TRANSFER_DOOR, Stage.VERIFIED, pay_in
    ),
    "withdrawal": MoneyDoor("/api/me/withdrawals", *WITHDRAWAL_DOOR),
    "withdrawal page": MoneyDoor("/room/withdraw", *WITHDRAWAL_DOOR),
    "deposit page": MoneyDoor("/room/deposit", *DEPOSIT_DOOR, Stage.PROFILED, verify),
    "account page": MoneyDoor("/room/accounts", *ACCOUNT_DOOR, Stage.PROFILED, verify),
    "transfer page": MoneyDoor(
        "/room/accounts/{reference}", *TRANSFER_DOOR, Stage.VERIFIED, pay_in
    ),
}
EACH_DOOR = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)


def count(opened, table, person) -> int:
    wanted = text(f"select count(*) from {table} where client_id = :client")
    return opened.query(lambda session: session.scalar(wanted, {"client": person.id}))


def send(person, path, body, key=None) -> httpx.Response:
    return person.client.post(path, json=body, headers={"Idempotency-Key": key or uuid7().hex})


def takes_a_key(route) -> bool:
    return isinstance(route, APIRoute) and any(
        inner.call is _once for inner in route.dependant.dependencies
    )


KEYED = {route.path for router in ROUTERS for route in router.routes if takes_a_key(route)}
STAFF = sorted(path for path in KEYED if not path.startswith(("/api/me/", "/room/")))


def test_every_door_of_a_client_that_takes_a_key_is_one_of_these():
    doors = {door.path.replace("{account}", "{account_id}") for door in DOORS.values()}

    assert doors == KEYED - {*STAFF}


@pytest.mark.parametrize("path", STAFF)
def test_what_a_colleague_sends_twice_has_one_effect_and_one_answer(opened, path):
    attempt = RECIPES["POST", path](opened)
    done = text("select count(*) from audit.event where verb = :verb")
    names = {"verb": attempt.verbs[-1]}
    before = opened.query(lambda session: session.scalar(done, names))

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(lambda _: attempt.client.post(attempt.path, **attempt.sent), range(2))

    assert one.status_code in {201, 202, 303}
    assert said(one) == said(two)
    assert opened.query(lambda session: session.scalar(done, names)) == before + 1


@EACH_DOOR
def test_fifty_at_once_with_one_key_have_one_effect_and_one_answer(opened, ann, door):
    path, key, barrier = door.at(opened, ann), uuid7().hex, Barrier(50)
    before = count(opened, door.table, ann)

    def knock(_: int) -> httpx.Response:
        with httpx.Client(
            base_url=opened.url, headers=ann.client.headers, timeout=60, verify=False
        ) as one:
            barrier.wait()
            return door.knock(one, path, key)

    with ThreadPoolExecutor(50) as crowd:
        answers = list(crowd.map(knock, range(50)))
    # A twin that waited too long is told to come again; then it gets the one answer too.
    answers = [door.knock(ann.client, path, key) if a.status_code == 409 else a for a in answers]

    assert answers[0].status_code in {202, 303}
    assert len({said(answer) for answer in answers}) == 1
    assert count(opened, door.table, ann) == before + 1


@EACH_DOOR
def test_the_same_key_with_another_body_is_refused_and_changes_nothing(opened, ann, door):
    path, key = door.at(opened, ann), uuid7().hex
    door.knock(ann.client, path, key)
    before = count(opened, door.table, ann)

    answer = door.knock(ann.client, path, key, door.other)

    assert answer.status_code == 422
    assert "sent before" in answer.text or answer.json()["code"] == "idempotency_key_reused"
    assert count(opened, door.table, ann) == before


@EACH_DOOR
def test_another_client_may_use_the_same_key(opened, ann, door):
    other, key = cast.a_client(opened, Stage.VERIFIED), uuid7().hex
    cast.money_for(opened, other)
    paths = [door.at(opened, person) for person in (ann, other)]
    before = [count(opened, door.table, person) for person in (ann, other)]

    answers = [
        door.knock(person.client, path, key)
        for person, path in zip((ann, other), paths, strict=True)
    ]

    assert {answer.status_code for answer in answers} <= {202, 303}
    assert [count(opened, door.table, p) for p in (ann, other)] == [n + 1 for n in before]


@EACH_DOOR
def test_what_was_refused_stays_refused_although_the_reason_has_gone_since(opened, door):
    person, key = cast.a_client(opened, door.poor), uuid7().hex
    path = door.at(opened, person)

    refused = door.knock(person.client, path, key)
    door.cure(opened, person)
    again = door.knock(person.client, path, key)
    fresh = door.knock(person.client, path, uuid7().hex)

    assert refused.status_code == 409
    assert len(said(refused)) > 1
    assert said(again) == said(refused)
    assert fresh.status_code in {202, 303}


def test_an_api_killed_between_commit_and_answer_gives_the_retry_the_same_answer(opened):
    settings = opened.database.settings.model_copy(update={"api_port": processes.free_port()})
    then, opened.clock.now = opened.clock.now, utc_now()
    person = cast.a_client(opened, Stage.VERIFIED)
    cast.money_for(opened, person)
    paths = {name: door.at(opened, person) for name, door in DOORS.items()}
    opened.clock.now = then
    stored = text("select status, answer from messaging.idempotency where key = :key")

    mortal = processes.start(roles.serve_dying, settings, len(DOORS), roles.die_before_answering)
    processes.wait_until(lambda: processes.listens(settings.api_url), "the API listens")
    with httpx.Client(
        base_url=settings.api_url, headers=person.client.headers, timeout=60, verify=False
    ) as client:
        for name, door in DOORS.items():
            key, before = uuid7().hex, count(opened, door.table, person)
            with pytest.raises(httpx.TransportError):
                door.knock(client, paths[name], key)
            status, answer = opened.query(lambda s: s.execute(stored, {"key": key}).one())  # noqa: B023 - called at once

            retried = door.knock(person.client, paths[name], key)

            assert retried.status_code == status
            assert answer in {retried.content, retried.headers.get("location", "").encode()}
            assert count(opened, door.table, person) == before + 1
    processes.kill(mortal)


def test_what_was_malformed_is_not_remembered(opened, ann):
    key = uuid7().hex

    assert send(ann, "/api/me/deposits", {"amount": "x", "currency": "USD"}, key).status_code == 422
    assert send(ann, "/api/me/deposits", DEPOSIT, key).status_code == 202


@pytest.mark.parametrize(
    "key", [None, "", "x" * 300, "schlüssel"], ids=["none", "empty", "long", "odd"]
)
def test_money_does_not_move_without_a_sound_key(opened, ann, key):
    headers = {} if key is None else {"Idempotency-Key": key.encode()}

    answer = ann.client.post("/api/me/deposits", json=DEPOSIT, headers=headers)

    code = "idempotency_key_missing" if key is None else "idempotency_key_unsound"
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert count(opened, "payments.payment", ann) == 0


@pytest.mark.parametrize(
    "amount",
    [
        "0",
        "0.00",
        "-1",
        "+1",
        "1e3",
        "0.001",
        "１２",
        "10,00",
        "NaN",
        "1" * 19,
        " 10",
        "10.",
        ".5",
        "",
    ],
)
def test_an_amount_that_is_none_is_refused(opened, ann, amount):
    answer = send(ann, "/api/me/deposits", {"amount": amount, "currency": "USD"})

    assert answer.status_code == 422


@pytest.mark.parametrize(
    "body", [{"amount": 250, "currency": "USD"}, {"amount": 250.0, "currency": "USD"}]
)
def test_an_amount_is_text_because_numbers_are_floats(opened, ann, body):
    assert send(ann, "/api/me/deposits", body).status_code == 422


@pytest.mark.parametrize("currency", ["XXX", "usd", "US", "", "USDUSD"])
def test_an_unknown_currency_is_refused(opened, ann, currency):
    answer = send(ann, "/api/me/deposits", {"amount": "10.00", "currency": currency})

    assert answer.status_code == 422


def test_a_field_nobody_asked_for_is_refused(opened, ann):
    answer = send(ann, "/api/me/deposits", {**DEPOSIT, "status": "succeeded"})

    assert answer.status_code == 422


def test_nobody_sees_or_funds_with_anothers_account_or_deposit(opened, ann):
    eve = cast.a_client(opened, Stage.VERIFIED)
    cast.money_for(opened, eve)
    account = cast.an_account(opened, ann)
    reference = send(ann, "/api/me/deposits", DEPOSIT).json()["reference"]

    path = f"/api/me/trading-accounts/{account}/transfers"
    transfer = send(eve, path, {"amount": "10.00", "currency": "USD"})

    assert transfer.status_code == 404
    assert eve.client.get(f"/api/me/deposits/{reference}").status_code == 404
    assert eve.client.get(f"/room/deposits/{reference}").status_code == 404
    assert reference not in eve.client.get("/api/me/deposits").text
    assert str(account) not in json.dumps(eve.client.get("/api/me/trading-accounts").json())


def test_who_waits_for_a_payment_page_too_long_is_told_so_and_waits_no_longer(opened, ann):
    reference = send(ann, "/api/me/deposits", DEPOSIT).json()["reference"]
    page = f"/room/deposits/{reference}"

    at_first = ann.client.get(page).text
    opened.clock.pass_(minutes=2)
    later = ann.client.get(page).text

    assert "This takes a moment" in at_first
    assert "data-poll" in at_first
    assert "looking into it" in later
    assert f"name {reference}" in later
    assert "data-poll" not in later
