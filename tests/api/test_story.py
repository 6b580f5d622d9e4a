"""One payment's story, and what waits for Finance: told whole to whom it concerns."""

import re

import pytest
from sqlalchemy import text

from operational.access.matrix import Role
from operational.clients.states import Stage
from operational.kit import db
from operational.kit.ids import uuid7
from tests.api import cast, message_recipes
from tests.messaging.letters import receive


@pytest.fixture(scope="module")
def reference(opened) -> str:
    """A deposit somebody asked for, with a callback that was parked."""
    cast.prepare(opened)
    person = cast.a_client(opened, Stage.VERIFIED)
    asked = {"amount": "250.00", "currency": "USD"}
    key = {"Idempotency-Key": uuid7().hex}
    paid = person.client.post("/api/me/deposits", json=asked, headers=key).json()["reference"]
    body = f'{{"metadata": {{"reference": "{paid}"}}, "junk": "\xff"}}'.encode("latin-1")
    with db.transaction(opened.database.engine()) as session:
        receive(session, "stripe", "evt_parked", body, now=opened.clock())
        park = "update messaging.inbox set status = 'parked', error = 'amount differs'"
        session.execute(text(f"{park} where external_id = 'evt_parked'"))
    return paid


def sentences(page: str) -> list[str]:
    return re.findall(r"<li class=\"(\w+)\"", page)


def test_a_payments_story_has_every_source_its_reader_may_know_of(opened, reference):
    told = {
        role: opened.signed_in(role).get(f"/staff/payments/{reference}").text
        for role in (Role.FINANCE, Role.SUPPORT, Role.COMPLIANCE)
    }

    assert sentences(told[Role.FINANCE]) == ["request", "decision", "decision", "command", "parked"]
    assert sentences(told[Role.SUPPORT]) == ["request", "decision", "decision", "command", "parked"]
    assert sentences(told[Role.COMPLIANCE]) == [
        "request",
        "decision",
        "decision",
        "record",
        "command",
    ]
    assert "facts and trace" in told[Role.FINANCE]
    assert "facts and trace" not in told[Role.SUPPORT]
    assert "amount differs" in told[Role.FINANCE]
    assert "see, replay or close it" in told[Role.SUPPORT]
    assert "amount differs" not in told[Role.COMPLIANCE]


def test_the_worklist_shows_finance_what_waits_and_nobody_elses_work(opened, reference):
    message_recipes.a_parked_message(opened)

    page = opened.signed_in(Role.FINANCE).get("/staff/finance").text

    assert "Parked callbacks" in page
    assert "evt_parked" in page
    assert "Cases for review" not in page
    assert "Parked" not in opened.signed_in(Role.MANAGEMENT).get("/staff/finance").text


def test_payments_are_found_by_whatever_people_know_of_them(opened, reference):
    finance = opened.signed_in(Role.FINANCE)

    def found(**sought: str) -> bool:
        return reference in finance.get("/staff/payments", params=sought).text

    day = opened.clock().date().isoformat()
    assert found(text=reference.lower(), status="created", psp="stripe", method="card")
    assert found(text="Example", amount="250", since=day, until=day)
    assert found(amount="nonsense", since="yesterday", status="nonsense")
    for sought in (
        {"text": "Nobody"},
        {"status": "succeeded"},
        {"psp": "adyen"},
        {"method": "crypto"},
        {"amount": "250.01"},
        {"until": "2026-03-01"},
        {"since": "2026-03-03"},
    ):
        assert not found(**sought), sought


def test_the_cash_position_shows_what_is_owed_and_what_is_on_its_way(opened, reference):
    cast.money_for(opened, cast.a_client(opened, Stage.VERIFIED), "1234.50")

    page = opened.signed_in(Role.FINANCE).get("/staff/cash").text

    assert "1,234.50 USD" in page
    assert re.search(r"psp=stripe.*0\.00 USD.*250\.00 USD", page)


def test_finance_sees_a_failing_psp_and_switches_it_off_and_on(opened, reference):
    finance, support = opened.signed_in(Role.FINANCE), opened.signed_in(Role.SUPPORT)
    assert "Stripe" in support.get("/staff/psps").text
    assert "Switch off" not in support.get("/staff/psps").text

    empty = finance.post("/staff/psps", data={"psp": "stripe", "method": "card", "reason": " "})
    assert empty.status_code == 422
    finance.post("/staff/psps", data={"psp": "stripe", "method": "card", "reason": "fee dispute"})

    assert "is switched off" in finance.get("/staff/psps").text
    assert "fee dispute" in finance.get("/staff/finance").text
    [switch] = finance.get("/api/psps/switches").json()
    again = finance.post("/staff/psps", data={"psp": "stripe", "method": "card", "reason": "again"})
    assert "switched off already" in again.text
    finance.post(f"/staff/psps/{switch['id']}/on", data={"reason": "agreed with them"})
    page = finance.get("/staff/psps").text
    assert "agreed with them" in page
    assert "is switched off" not in page
    assert finance.get("/api/psps").json()[0]["breaker"] == "closed"
