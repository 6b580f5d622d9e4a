"""M5: one key, one effect, one answer, for ever."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
import pytest
from sqlalchemy import text

from operational.clients.states import Stage
from operational.kit.ids import uuid7
from tests.api import cast

DEPOSIT = {"amount": "250.00", "currency": "USD"}


@pytest.fixture(scope="module", autouse=True)
def _tables(opened):
    cast.prepare(opened)


@pytest.fixture
def ann(opened):
    found = cast.a_client(opened, Stage.VERIFIED)
    cast.money_for(opened, found)
    return found


def doors(opened, person):
    """Every money endpoint with a good body, and how to count its effects."""
    account = cast.an_account(opened, person)
    return {
        "/api/me/deposits": (DEPOSIT, "payments.payment"),
        "/api/me/trading-accounts": (
            {"currency": "EUR", "leverage": 100},
            "platforms.trading_account",
        ),
        f"/api/me/trading-accounts/{account}/transfers": (
            {"amount": "100.00", "currency": "USD"},
            "platforms.transfer",
        ),
    }


def count(opened, table, person) -> int:
    wanted = text(f"select count(*) from {table} where client_id = :client")
    return opened.query(lambda session: session.scalar(wanted, {"client": person.id}))


def send(person, path, body, key=None) -> httpx.Response:
    return person.client.post(path, json=body, headers={"Idempotency-Key": key or uuid7().hex})


@pytest.mark.parametrize("door", [0, 1, 2], ids=["deposit", "open account", "transfer"])
def test_fifty_at_once_with_one_key_have_one_effect_and_one_answer(opened, ann, door):
    path, (body, table) = list(doors(opened, ann).items())[door]
    before, key, barrier = count(opened, table, ann), uuid7().hex, Barrier(50)

    def knock(_: int) -> httpx.Response:
        with httpx.Client(
            base_url=opened.url, headers=ann.client.headers, timeout=60, verify=False
        ) as one:
            barrier.wait()
            return one.post(path, json=body, headers={"Idempotency-Key": key})

    with ThreadPoolExecutor(50) as crowd:
        answers = list(crowd.map(knock, range(50)))
    # A twin that waited too long is told to come again; then it gets the one answer too.
    answers = [send(ann, path, body, key) if a.status_code == 409 else a for a in answers]

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert count(opened, table, ann) == before + 1


def test_the_same_key_with_another_body_is_refused_and_changes_nothing(opened, ann):
    for path, (body, table) in doors(opened, ann).items():
        key = uuid7().hex
        send(ann, path, body, key)
        before = count(opened, table, ann)

        other = {**body, "amount": "99.00"} if "amount" in body else {**body, "leverage": 50}
        answer = send(ann, path, other, key)

        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
        assert count(opened, table, ann) == before


def test_another_client_may_use_the_same_key(opened, ann):
    other, key = cast.a_client(opened, Stage.VERIFIED), uuid7().hex

    answers = [send(person, "/api/me/deposits", DEPOSIT, key) for person in (ann, other)]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["reference"] != answers[1].json()["reference"]


def test_what_was_refused_stays_refused_although_the_money_came_since(opened, ann):
    account, key = cast.an_account(opened, ann), uuid7().hex
    path = f"/api/me/trading-accounts/{account}/transfers"
    too_much = {"amount": "5000.00", "currency": "USD"}

    refused = send(ann, path, too_much, key)
    cast.money_for(opened, ann, "9000.00")
    again = send(ann, path, too_much, key)
    fresh = send(ann, path, too_much)

    assert (refused.status_code, refused.json()["code"]) == (409, "insufficient_funds")
    assert again.content == refused.content
    assert fresh.status_code == 202


def test_what_was_malformed_is_not_remembered(opened, ann):
    key = uuid7().hex

    assert send(ann, "/api/me/deposits", {"amount": "x", "currency": "USD"}, key).status_code == 422
    assert send(ann, "/api/me/deposits", DEPOSIT, key).status_code == 202


@pytest.mark.parametrize(
    "key", [None, "", "x" * 256, "schlüssel"], ids=["none", "empty", "long", "odd"]
)
def test_money_does_not_move_without_a_sound_key(opened, ann, key):
    headers = {} if key is None else {"Idempotency-Key": key.encode()}

    answer = ann.client.post("/api/me/deposits", json=DEPOSIT, headers=headers)

    assert answer.status_code in {400, 422}
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


def test_a_form_sent_twice_by_a_browser_asks_for_one_deposit(opened, ann):
    form = {"amount": "250.00", "currency": "USD", "method": "card", "once": uuid7().hex}

    answers = [ann.client.post("/room/deposit", data=form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert count(opened, "payments.payment", ann) == 1
