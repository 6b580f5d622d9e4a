"""Every address with a name in it, asked for what is one's own, another's and nobody's."""

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from api.deps import Needs
from api.web import room
from operational.access.matrix import MATRIX, OUTSIDERS, Role
from operational.clients.states import Stage
from operational.kit.ids import uuid7
from operational.platforms import queries as platforms
from operational.platforms.errors import TradingAccountNotFound
from tests.api import cast, recipes
from tests.api.test_matrix import routes_of, rules_of

FOUND, LOST = {200, 303}, {404}
TOLD = {401, 403}


@pytest.fixture(scope="module", autouse=True)
def _tables(opened):
    cast.prepare(opened)


@pytest.fixture(scope="module")
def owner(opened):
    return an_owner(opened)


@pytest.fixture(scope="module")
def neighbour(opened):
    return an_owner(opened)


def an_owner(opened):
    """A client with money and a trading account, and a payment."""
    person = cast.a_client(opened, Stage.VERIFIED)
    cast.money_for(opened, person)
    account = cast.an_account(opened, person)
    asked = {"amount": "250.00", "currency": "USD"}
    key = {"Idempotency-Key": uuid7().hex}
    paid = person.client.post("/api/me/deposits", json=asked, headers=key).json()["reference"]
    place = str(cast.a_destination(opened, person))
    asked = {"amount": "50.00", "currency": "USD", "destination_id": place}
    key = {"Idempotency-Key": uuid7().hex}
    out = person.client.post("/api/me/withdrawals", json=asked, headers=key).json()["reference"]
    names = {
        "withdrawal": out,
        "destination_id": place,
        "account_id": str(account),
        "reference": recipes.reference_of(opened, account),
        "payment": paid,
        "client_id": str(person.id),
        "session_id": person.client.get("/session").json()["session_id"],
    }
    return person.client, names


def test_an_outsiders_address_with_a_name_in_it_is_known_here(opened):
    """A new one must be added below, with an owner who tries it."""
    outside = frozenset().union(*(MATRIX[role] for role in OUTSIDERS))
    named = {
        f"{min(route.methods)} {route.path}"
        for route in routes_of(opened.app)
        if "{" in route.path
        for rule in rules_of(route)
        if isinstance(rule, Needs) and rule.permission in outside
    }

    assert named == {*OWN, *FORMS}


OWN = {
    "GET /api/me/deposits/{reference}": "/api/me/deposits/{payment}",
    "GET /room/deposits/{reference}": "/room/deposits/{payment}",
    "GET /room/accounts/{reference}": "/room/accounts/{reference}",
    "GET /api/me/withdrawals/{reference}": "/api/me/withdrawals/{withdrawal}",
    "GET /room/withdrawals/{reference}": "/room/withdrawals/{withdrawal}",
}
FORMS = {
    "POST /api/me/trading-accounts/{account_id}/transfers": {"amount": "1.00", "currency": "USD"},
    "POST /room/accounts/{reference}": {"amount": "1.00", "currency": "USD", "direction": "in"},
    "POST /room/accounts/{reference}/password": {},
    "POST /api/me/withdrawals/{withdrawal}/cancel": {},
    "POST /room/withdrawals/{withdrawal}/cancel": {},
    "POST /api/me/destinations/{destination_id}/remove": {},
    "POST /room/destinations/{destination_id}/remove": {},
}


def ask(client: httpx.Client, rule: str, names: dict[str, str]) -> int:
    method, path = rule.split(" ")
    if rule in OWN:
        return client.get(OWN[rule].format(**names)).status_code
    place, key = path.format(**names), uuid7().hex
    if place.startswith("/api"):
        answer = client.post(place, json=FORMS[rule], headers={"Idempotency-Key": key})
    else:
        once = {"once": key} if FORMS[rule] else {}
        answer = client.request(method, place, data=FORMS[rule] | once)
    return answer.status_code


@pytest.mark.parametrize("rule", [*OWN, *FORMS])
def test_a_client_reaches_their_own_and_nothing_else(opened, owner, neighbour, rule):
    assert scope_faults(opened, owner, neighbour, rule) == []


def scope_faults(opened, owner, neighbour, rule) -> list[str]:
    client, own = owner
    _, foreign = neighbour
    nobodys = {name: str(uuid7()) for name in own}
    faults = []
    # The platform is not there, so its password cannot be renewed; what was cancelled before is not
    # cancelled again. But it is theirs to ask for.
    mine = FOUND | {201, 202, 409, 503}
    for whose, names, expected in (
        ("own", own, mine),
        ("foreign", foreign, LOST),
        ("missing", nobodys, LOST),
    ):
        before = foreign_state(opened, foreign)
        status = ask(client, rule, names)
        if status not in expected:
            faults.append(f"{whose}: {status}")
        if foreign_state(opened, foreign) != before:
            faults.append(f"{whose}: the neighbour's account changed")
    return faults


def foreign_state(opened, names) -> Any:
    """What was ever moved to or from the neighbour's account, or taken out, and where it may go."""
    return opened.query(lambda session: session.execute(STATE, names).one())


STATE = text("""
select
  (select count(*) from platforms.transfer where trading_account_id = :account_id),
  (select status from payments.withdrawal where reference = :withdrawal),
  (select status from payments.destination where id = :destination_id)
""")


def test_a_forgotten_owner_is_noticed(opened, owner, neighbour, monkeypatch):
    """The planted bug: an account is looked up by its reference alone."""

    def by_reference(session, _client_id, reference):
        found = session.scalar(platforms.account_by_reference(reference))
        if found is None:
            raise TradingAccountNotFound(reference)
        return found

    monkeypatch.setattr(room, "_own_account", by_reference)

    found = scope_faults(opened, owner, neighbour, "GET /room/accounts/{reference}")

    assert found == ["foreign: 200"]


LISTS = [
    "/api/me",
    "/api/me/deposits",
    "/api/me/destinations",
    "/api/me/trading-accounts",
    "/api/me/withdrawals",
    "/room",
    "/room/accounts",
    "/room/destinations",
    "/room/withdraw",
]


@pytest.mark.parametrize("path", LISTS)
def test_no_list_of_a_clients_own_names_a_neighbours(owner, neighbour, path):
    answer = owner[0].get(path)

    assert answer.status_code == httpx.codes.OK
    assert [name for name in neighbour[1].values() if name in answer.text] == []


@pytest.mark.parametrize("role", [role for role in Role if role not in OUTSIDERS])
def test_staff_find_what_is_there_and_are_told_of_what_is_not(opened, owner, role):
    """Rights come first: who may not see, is not told either whether it is there."""
    client, deviations = opened.signed_in(role), []
    for path, permission in STAFF.items():
        for names, expected in ((owner[1], FOUND), ({n: str(uuid7()) for n in owner[1]}, LOST)):
            status = client.get(path.format(**names)).status_code
            wanted = expected if permission in MATRIX[role] else TOLD
            if status not in wanted:
                deviations.append(f"{path}: {status}")

    assert deviations == []


STAFF: dict[str, str] = {
    "/api/clients/{client_id}": "clients.read",
    "/staff/clients/{client_id}": "clients.read",
    "/api/clients/{client_id}/documents": "kyc.read",
    "/api/trading-accounts/{account_id}": "platforms.read",
    "/staff/accounts/{account_id}": "platforms.read",
    "/staff/payments/{payment}": "payments.read",
    "/api/withdrawals/{withdrawal}": "payments.read",
    "/staff/withdrawals/{withdrawal}": "payments.read",
    "/api/ledger/{client_id}/USD": "ledger.read",
    "/staff/ledger/{client_id}/USD": "ledger.read",
}


def test_nobody_ends_anothers_session(opened, owner, neighbour):
    client, _ = owner
    _, foreign = neighbour
    path = "/api/account/sessions/{session_id}"

    assert client.delete(path.format(**foreign)).status_code == httpx.codes.NOT_FOUND
    assert neighbour[0].get("/session").status_code == httpx.codes.OK
