"""Partners bring clients: codes, moves, the tree, and what is refused."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from operational.audit.models import Event
from operational.clients.forms import LeadForm
from operational.kit.actor import Actor
from operational.kit.errors import Forbidden
from operational.partners import queries, service
from operational.partners.errors import CodeTaken, MoveInPast, SelfReferral, TreeCycle
from operational.partners.forms import PartnerForm
from operational.partners.models import Attribution, Edge
from operational.rules import service as decisions

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
STRANGER = Actor(id="anonymous", name="anonymous", roles=frozenset(), ip="203.0.113.7")
MANAGEMENT = Actor(
    id="00000000-0000-7000-8000-000000000001", name="Mo", roles=frozenset({"management"})
)


@pytest.fixture(autouse=True)
def tables(session: Session) -> None:
    decisions.install_defaults(session, NOW)


def a_partner(session, code, parent=None, now=NOW, **fields):
    form = PartnerForm.model_validate(
        {
            "email": f"{code.lower()}@partners.example",
            "name": f"Partner {code}",
            "code": code,
            "country": "DE",
            "currency": "USD",
            "plan_name": "standard",
        }
        | fields
    )
    return service.create_partner(
        session, form, parent_id=parent.id if parent else None, actor=MANAGEMENT, now=now
    )


def a_lead(email="lena@example.com", code="NORTH", **fields):
    form = {
        "email": email,
        "password": "a long enough phrase",
        "first_name": "Lena",
        "last_name": "Weber",
        "country": "FR",
        "referral_code": code,
    }
    return LeadForm.model_validate(form | fields)


def register(session, form, now=NOW):
    return service.register_client(session, form, actor=STRANGER, now=now)


def owner(session, client, at):
    found = session.scalar(queries.attribution_at(client.id, at))
    return found and found.partner_id


def test_a_lead_with_a_partners_code_in_any_case_belongs_to_that_partner_at_once(session):
    north = a_partner(session, "NORTH")

    client = register(session, a_lead(code=" north "))

    assert owner(session, client, NOW) == north.id
    assert client.queue == "partners"


def test_an_unknown_code_is_welcome_and_the_record_says_so(session):
    client = register(session, a_lead(code="NOBODY"))

    assert owner(session, client, NOW) is None
    assert client.referral_code == "NOBODY"
    record = session.scalars(select(Event).where(Event.verb == "partner:attribute")).one()
    assert record.after["flags"] == ["unknown_code"]


def test_a_partner_cannot_bring_itself_not_even_by_a_plus_address(session):
    a_partner(session, "NORTH", email="nora@example.com")

    with pytest.raises(SelfReferral):
        register(session, a_lead("nora+bonus@example.com"))


def test_a_namesake_of_the_partner_is_taken_with_a_flag(session):
    a_partner(session, "NORTH", name="Lena Weber")

    register(session, a_lead())

    record = session.scalars(select(Event).where(Event.verb == "partner:attribute")).one()
    assert record.after["flags"] == ["same_name"]


def test_a_partner_who_left_gets_no_new_clients(session):
    north = a_partner(session, "NORTH")
    north.is_active = False

    client = register(session, a_lead())

    assert owner(session, client, NOW) is None


def test_two_partners_cannot_have_one_code(session):
    a_partner(session, "NORTH")

    with pytest.raises(CodeTaken):
        a_partner(session, "north", email="other@partners.example")


def test_a_moved_client_keeps_its_past(session):
    north, south = a_partner(session, "NORTH"), a_partner(session, "SOUTH")
    client = register(session, a_lead())

    service.move_client(
        session, client.id, south.id, since=NOW + DAY, reason="asked", actor=MANAGEMENT, now=NOW
    )

    assert owner(session, client, NOW) == north.id
    assert owner(session, client, NOW + DAY - timedelta(microseconds=1)) == north.id
    assert owner(session, client, NOW + DAY) == south.id


def test_nobody_is_moved_in_the_past(session):
    north = a_partner(session, "NORTH")
    client = register(session, a_lead(code=None))

    with pytest.raises(MoveInPast):
        service.move_client(
            session, client.id, north.id, since=NOW - DAY, reason="x", actor=MANAGEMENT, now=NOW
        )


def test_a_partner_cannot_stand_above_itself_now_or_later(session):
    top = a_partner(session, "TOP")
    middle = a_partner(session, "MIDDLE", parent=top)
    low = a_partner(session, "LOW", parent=middle)

    with pytest.raises(TreeCycle):
        service.move_partner(
            session, top.id, low.id, since=NOW, reason="x", actor=MANAGEMENT, now=NOW
        )
    with pytest.raises(TreeCycle):
        service.move_partner(
            session, top.id, top.id, since=NOW, reason="x", actor=MANAGEMENT, now=NOW
        )


def test_a_planned_move_and_a_move_against_it_cannot_close_a_circle_later(session):
    one, two = a_partner(session, "ONE"), a_partner(session, "TWO")
    service.move_partner(
        session, one.id, two.id, since=NOW + DAY, reason="x", actor=MANAGEMENT, now=NOW
    )

    with pytest.raises(TreeCycle):
        service.move_partner(
            session, two.id, one.id, since=NOW, reason="x", actor=MANAGEMENT, now=NOW
        )


def test_the_tree_below_a_partner_is_seen_as_it_stood(session):
    top = a_partner(session, "TOP")
    middle = a_partner(session, "MIDDLE", parent=top)
    low = a_partner(session, "LOW", parent=middle)
    service.move_partner(
        session, middle.id, None, since=NOW + DAY, reason="left", actor=MANAGEMENT, now=NOW
    )

    def below(at):
        found = queries.subtree(top.id, at)
        return {row.id: row.depth for row in session.execute(select(found.c.id, found.c.depth))}

    assert below(NOW) == {top.id: 0, middle.id: 1, low.id: 2}
    assert below(NOW + DAY) == {top.id: 0}


def test_only_management_makes_partners(session):
    with pytest.raises(Forbidden):
        service.create_partner(
            session,
            PartnerForm(
                email="x@partners.example",
                name="X",
                code="XXX",
                country="DE",
                currency="USD",
                plan_name="standard",
            ),
            actor=STRANGER,
            now=NOW,
        )

    assert session.scalars(select(Edge)).all() == []
    assert session.scalars(select(Attribution)).all() == []
