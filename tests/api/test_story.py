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
