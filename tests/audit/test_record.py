"""What is done is recorded with it, or not at all; what is personal can be taken out again."""

from datetime import timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import cast, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from operational.audit import personal, queries
from operational.audit.leaf import FIELDS, canonical, leaf, plain
from operational.audit.models import Event, Personal
from operational.audit.service import record
from operational.audit.tags import Tag
from operational.kit import db
from operational.kit.actor import Actor
from operational.kit.money import Money
from tests.audit import sealing
from tests.audit.sealing import ANN, NOW

CLIENT = Actor(
    id="01a20673-6abc-7e38-88c9-3a637f52fa0a",
    name="Zoë Ó Briain",
    roles=frozenset({"client"}),
    ip="198.51.100.23",
)
VISITOR = Actor(id="visitor", name="", roles=frozenset(), ip="198.51.100.23")

# What PostgreSQL can store: no NUL, no half of a surrogate pair.
texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
)


def test_a_record_says_who_did_what_to_what_and_why(session):
    event_id = sealing.act(
        session, "W-1", reason="papers in order", before={"n": 1}, after={"n": 2}
    )

    event = session.get_one(Event, event_id)
    assert (event.actor_id, event.actor_name, event.role) == (ANN.id, "Ann", "compliance+finance")
    assert (event.verb, event.subject_kind, event.subject_id) == ("kyc:approve", "kyc", "W-1")
    assert (event.reason, event.before, event.after) == ("papers in order", {"n": 1}, {"n": 2})
    assert (event.at, event.ip, event.request_id) == (NOW, ANN.ip, "r-1")


def test_a_rollback_takes_the_record_with_it(database):
    with Session(database.engine()) as session:
        sealing.act(session, "W-1")
        session.rollback()

    with db.transaction(database.engine()) as session:
        assert session.scalars(select(Event)).all() == []


def test_every_record_of_one_request_can_be_found(session):
    sealing.act(session, "W-1")
    sealing.act(session, "W-2")

    assert [event.subject_id for event in session.scalars(queries.of_request("r-1"))] == [
        "W-1",
        "W-2",
    ]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150
)
@given(document=documents)
def test_any_document_comes_back_from_the_database_in_the_same_spelling(session, document):
    stored = session.scalar(select(cast(document, JSONB(none_as_null=True))))

    assert canonical(stored) == canonical(document)


def test_the_leaf_can_be_computed_again_from_the_stored_row(session):
    elsewhere = NOW.astimezone(timezone(timedelta(hours=3)))
    event_id = record(
        session,
        Tag.CASE_APPROVE,
        subject=UUID(int=7),
        actor=CLIENT,
        now=elsewhere,
        after={"rate": Decimal("1.10"), "amount": Money(1050, "EUR"), "kinds": {Tag.CASE_OPEN}},
        decision_id=UUID(int=8),
        evidence_id=UUID(int=9),
    )
    session.expire_all()

    event = session.get_one(Event, event_id)
    assert leaf(plain({name: getattr(event, name) for name in FIELDS})) == event.leaf


@pytest.mark.parametrize("document", [0.1, {"score": 0.5}, [float("nan")], {"bytes": b"x"}])
def test_a_value_without_one_spelling_is_refused(session, document):
    with pytest.raises(TypeError, match="cannot hold"):
        sealing.act(session, "W-1", after=document)


def test_a_clients_name_and_address_are_kept_apart_from_the_record(session):
    event_id = record(session, Tag.DOCUMENT_UPLOAD, subject="D-1", actor=CLIENT, now=NOW)

    event = session.get_one(Event, event_id)
    assert (event.actor_id, event.actor_name, event.ip) == (CLIENT.id, None, None)
    assert personal.read(session, event_id) == {"actor_name": "Zoë Ó Briain", "actor_ip": CLIENT.ip}


def test_personal_details_lie_encrypted_and_never_in_the_record(session):
    event_id = record(
        session,
        Tag.CLIENT_REGISTER,
        subject="C-1",
        actor=VISITOR,
        now=NOW,
        personal={"email": "zoe@example.com"},
        person=UUID(int=5),
    )

    assert personal.read(session, event_id) == {
        "email": "zoe@example.com",
        "actor_name": "",
        "actor_ip": VISITOR.ip,
    }
    assert b"zoe" not in session.get_one(Personal, event_id).ciphertext
    assert session.get_one(Event, event_id).ip is None


def test_personal_details_of_nobody_are_refused(session):
    with pytest.raises(ValueError, match="need the person"):
        sealing.act(session, "C-1", personal={"email": "zoe@example.com"})


def test_an_unknown_visitor_is_recorded_with_his_address(session):
    event_id = record(session, Tag.USER_SIGN_IN_REFUSE, subject=None, actor=VISITOR, now=NOW)

    assert session.get_one(Event, event_id).ip == VISITOR.ip
