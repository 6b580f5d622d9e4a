"""S2: whatever way staff look at a client, each role sees the fields the matrix gives it, and no more."""

import pytest

from operational.access.masks import SHOWN_WITH, mask
from operational.access.matrix import MATRIX, OUTSIDERS, Permission, Role
from operational.clients import queries
from operational.clients.states import Stage
from operational.kit import db
from operational.kyc import service as kyc
from operational.rules import queries as rules
from tests.api import cast
from tests.api.opened import HUB

READERS = [
    role for role in Role if role not in OUTSIDERS and Permission.CLIENTS_READ in MATRIX[role]
]
FIELDS = ("first_name", "last_name", "email", "phone", "birth_date")


@pytest.fixture(scope="module")
def client(opened):
    """A client who has told everything, and was checked."""
    cast.prepare(opened)
    person = cast.a_client(opened, Stage.PROFILED)
    with db.transaction(opened.database.engine()) as session:
        kyc.submit(session, person.id, actor=HUB, now=opened.clock())
    return opened.query(lambda session: queries.get(session, person.id))


@pytest.fixture(scope="module")
def kyc_decision(opened, client):
    subject = ("client", str(client.id))
    return opened.query(
        lambda session: next(
            one.id for one in session.scalars(rules.decisions(subject)) if "age_years" in one.facts
        )
    )


def values(client) -> dict[str, str]:
    return {name: str(getattr(client, name)) for name in FIELDS}


def hidden_from(role: Role) -> set[str]:
    return {name for name in FIELDS if SHOWN_WITH[name] not in MATRIX[role]}


@pytest.mark.parametrize("role", READERS)
def test_answers_and_pages_mask_the_same_fields(opened, client, role):
    reader, hidden = opened.signed_in(role), hidden_from(role)
    expected = {
        name: mask(text) if name in hidden else text for name, text in values(client).items()
    }

    one = reader.get(f"/api/clients/{client.id}").json()
    listed = reader.get("/api/clients", params={"text": client.reference}).json()
    pages = [reader.get(f"/staff/clients/{client.id}"), reader.get("/staff/clients")]

    assert {name: one[name] for name in FIELDS} == expected
    assert [{name: row[name] for name in FIELDS} for row in listed] == [expected]
    for page in pages:
        assert page.status_code == 200
        assert [name for name in hidden if values(client)[name] in page.text] == []


def test_the_client_sees_every_field_of_their_own(opened):
    person = cast.a_client(opened, Stage.PROFILED)

    own = person.client.get("/api/me").json()

    assert own["birth_date"] == "1990-05-17"
    assert own["email"].endswith("@example.com")


@pytest.mark.parametrize(
    "role", [role for role in READERS if Permission.RULES_READ in MATRIX[role]]
)
def test_why_the_identity_table_decided_is_for_who_may_open_the_identity_file(
    opened, client, kyc_decision, role
):
    reader, may = opened.signed_in(role), Permission.KYC_READ in MATRIX[role]

    answer = reader.get(f"/api/rules/decisions/{kyc_decision}")
    page = reader.get(f"/staff/rules/decisions/{kyc_decision}")
    file = reader.get(f"/staff/clients/{client.id}").text
    versions = reader.get("/api/rules/versions").json()
    table = next(version["id"] for version in versions if version["name"] == "kyc")
    tried = reader.get(f"/staff/rules/{table}").text

    assert {answer.status_code, page.status_code} == ({200} if may else {403})
    assert [str(kyc_decision) in text for text in (file, tried)] == [may, may]
    assert "lead_routing@1" in file


@pytest.mark.parametrize("role", READERS)
def test_whose_client_it_is_is_for_who_may_see_partners(opened, client, role):
    page = opened.signed_in(role).get(f"/staff/clients/{client.id}").text

    assert ("<dt>Partner</dt>" in page) == (Permission.PARTNERS_READ in MATRIX[role])
