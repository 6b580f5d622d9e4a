"""How the changing routes of withdrawals and destinations are called so that they succeed."""

from uuid import UUID

import httpx

from operational.access.matrix import Role
from operational.clients.states import Stage
from operational.kit.ids import uuid7
from operational.review import queries as review
from tests.api import cast
from tests.api.opened import Door
from tests.api.recipes import Attempt, body, key, recipe


@recipe("POST", "/api/me/withdrawals", "/room/withdraw")
def withdrawal(door: Door, path: str) -> Attempt:
    person = cast.a_client(door, Stage.VERIFIED)
    cast.money_for(door, person)
    form = {"amount": "100.00", "currency": "USD"}
    form["destination_id"] = str(cast.a_destination(door, person))
    if path == "/room/withdraw":
        form["once"] = uuid7().hex
    sent = body(path, form) | {"headers": key()}
    verbs = ["payout:plan", "withdrawal:request", "case:open"]
    return Attempt(person.client, path, verbs, sent)


def a_withdrawal(door: Door) -> tuple[httpx.Client, str]:
    """One that waits for a person; its client, and its reference."""
    asked = withdrawal(door, "/api/me/withdrawals")
    return asked.client, asked.client.post(asked.path, **asked.sent).json()["reference"]


@recipe("POST", "/api/me/withdrawals/{withdrawal}/cancel", "/room/withdrawals/{withdrawal}/cancel")
def cancel_withdrawal(door: Door, path: str) -> Attempt:
    client, reference = a_withdrawal(door)
    verbs = ["payout:cancel", "case:withdraw", "withdrawal:cancel"]
    return Attempt(client, path.format(withdrawal=reference), verbs)


@recipe("POST", "/api/withdrawals/cases/{case_id}/decision", "/staff/withdrawals/cases/{case_id}")
def decide_withdrawal(door: Door, path: str) -> Attempt:
    client, _ = a_withdrawal(door)
    person = UUID(client.get("/api/me").json()["id"])
    case = door.query(lambda session: session.scalars(review.cases_of_client(person)).one().id)
    officer = door.signed_in(Role.COMPLIANCE)
    evidence = officer.post(f"/api/cases/{case}/evidence").json()["id"]
    form = {"verdict": "approved", "note": "talked to the client", "evidence_id": evidence}
    verbs = ["case:approve", "withdrawal:vote", "payout:queue", "withdrawal:approve"]
    return Attempt(officer, path.format(case_id=case), verbs, body(path, form))


@recipe("POST", "/api/me/destinations", "/room/destinations")
def add_destination(door: Door, path: str) -> Attempt:
    person = cast.a_client(door, Stage.VERIFIED)
    form = {"iban": "DE89370400440532013000", "holder_name": "Ann Example"}
    return Attempt(person.client, path, ["destination:add"], body(path, form))


@recipe(
    "POST",
    "/api/me/destinations/{destination_id}/remove",
    "/room/destinations/{destination_id}/remove",
)
def remove_destination(door: Door, path: str) -> Attempt:
    person = cast.a_client(door, Stage.VERIFIED)
    place = path.format(destination_id=cast.a_destination(door, person))
    return Attempt(person.client, place, ["destination:remove"])


@recipe(
    "POST", "/api/destinations/{destination_id}/decision", "/staff/destinations/{destination_id}"
)
def judge_destination(door: Door, path: str) -> Attempt:
    person = cast.a_client(door, Stage.VERIFIED)
    added = cast.a_destination(door, person, is_approved=False)
    form = {"verdict": "approve", "note": "the holder is the client"}
    place = path.format(destination_id=added)
    return Attempt(door.signed_in(Role.FINANCE), place, ["destination:approve"], body(path, form))
