"""Roles change hands only when two persons agree on the very same change."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from operational.access import approvals, passwords, queries, service
from operational.access.approvals import Change
from operational.access.errors import AlreadyDecided, SecondPersonNeeded
from operational.access.matrix import MATRIX, OUTSIDERS, Permission, Role, is_staff, permissions
from operational.access.models import Approval, RoleGrant
from operational.audit.models import Event
from operational.kit import db
from operational.kit.actor import Actor
from operational.kit.errors import Conflict, DomainError, Forbidden, InvalidInput, NotFound
from operational.kit.ids import uuid7

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HUB = Actor.system("test")
HASHED = passwords.hash_password("correct horse battery")


def a_person(session, role=Role.SUPER_ADMIN):
    """Somebody with a role, and what acts in their name."""
    user = service.create_user(
        session,
        email=f"{uuid7().hex}@example.com",
        name=role.title(),
        password=HASHED,
        is_hashed=True,
        role=role,
        actor=HUB,
        now=NOW,
    )
    return user, Actor(str(user.id), user.name, frozenset({role}))


def ask(session, user, actor, role=Role.FINANCE, change=Change.GRANT):
    return approvals.request(
        session, user.id, change, role, reason="needs it", actor=actor, now=NOW
    )


def decide(session, approval, actor, *, agree=True):
    return approvals.decide(session, approval.id, agree=agree, actor=actor, now=NOW)


@pytest.fixture
def people(session):
    """Two administrators and a colleague."""
    return a_person(session)[1], a_person(session)[1], a_person(session, Role.SALES)[0]


def test_a_role_is_given_when_a_second_person_agrees(session, people):
    ann, bob, colleague = people

    approval = ask(session, colleague, ann)
    assert queries.roles_of(session, colleague.id) == {"sales"}
    decide(session, approval, bob)

    assert queries.roles_of(session, colleague.id) == {"sales", "finance"}


def test_a_role_is_taken_when_a_second_person_agrees(session, people):
    ann, bob, colleague = people

    decide(session, ask(session, colleague, ann, Role.SALES, Change.REVOKE), bob)

    assert queries.roles_of(session, colleague.id) == frozenset()


def test_a_refused_change_changes_nothing_and_may_be_asked_again(session, people):
    ann, bob, colleague = people

    decide(session, ask(session, colleague, ann), bob, agree=False)
    ask(session, colleague, ann)

    assert queries.roles_of(session, colleague.id) == {"sales"}


def test_whoever_asked_cannot_agree(session, people):
    ann, _, colleague = people

    with pytest.raises(SecondPersonNeeded):
        decide(session, ask(session, colleague, ann), ann)


def test_nobody_changes_or_confirms_their_own_roles(session, people):
    ann, bob, _ = people
    user_ann = queries.user(session, ann.id)

    with pytest.raises(Forbidden):
        ask(session, user_ann, ann)
    with pytest.raises(Forbidden):
        decide(session, ask(session, user_ann, bob), ann)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SUPER_ADMIN])
def test_only_who_manages_users_asks_or_agrees(session, people, role):
    ann, _, colleague = people
    outsider = Actor(str(uuid7()), "Eve", frozenset({role}))

    with pytest.raises(Forbidden):
        ask(session, colleague, outsider)
    with pytest.raises(Forbidden):
        decide(session, ask(session, colleague, ann), outsider)


def test_a_change_is_decided_once(session, people):
    ann, bob, colleague = people
    approval = ask(session, colleague, ann)
    decide(session, approval, bob, agree=False)

    with pytest.raises(AlreadyDecided):
        decide(session, approval, bob)


def test_the_same_change_waits_once(session, people):
    ann, bob, colleague = people
    ask(session, colleague, ann)

    with pytest.raises(Conflict):
        ask(session, colleague, bob)


@pytest.mark.parametrize(
    ("password", "role"), [(None, Role.FINANCE), ("correct horse battery", None)]
)
def test_a_person_gives_a_colleague_no_role_and_no_password_alone(session, people, password, role):
    ann, _, _ = people

    with pytest.raises(SecondPersonNeeded):
        service.create_user(
            session,
            email="new@example.com",
            name="New",
            password=password,
            role=role,
            actor=ann,
            now=NOW,
        )


def test_what_was_stored_is_what_is_carried_out(session, people):
    ann, bob, colleague = people
    approval = ask(session, colleague, ann)
    altered = {**approval.payload, "role": "super_admin"}
    session.execute(update(Approval).where(Approval.id == approval.id).values(payload=altered))
    session.expire(approval)

    with pytest.raises(AssertionError, match="altered"):
        decide(session, approval, bob)


def test_the_database_itself_refuses_one_person_in_both_roles(session, people):
    ann, _, colleague = people
    approval = ask(session, colleague, ann)

    with pytest.raises(IntegrityError, match="two_persons"):
        session.execute(
            update(Approval).where(Approval.id == approval.id).values(checker_id=approval.maker_id)
        )


def test_of_eight_who_agree_at_once_one_does(database):
    engine = database.engine(db.API)
    with db.transaction(engine) as session:
        colleague, _ = a_person(session, Role.SALES)
        approval = ask(session, colleague, a_person(session)[1])
        checkers = [a_person(session)[1] for _ in range(8)]
    barrier = Barrier(8)

    def agree(checker) -> bool:
        barrier.wait()
        try:
            with db.transaction(engine) as session:
                decide(session, approval, checker)
        except DomainError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        agreed = list(pool.map(agree, checkers))

    assert sum(agreed) == 1
    with db.transaction(engine) as session:
        grants = select(RoleGrant).where(RoleGrant.user_id == colleague.id)
        assert len(session.scalars(grants).all()) == 2


def test_asking_and_agreeing_are_recorded_with_the_change(session, people):
    ann, bob, colleague = people
    decide(session, ask(session, colleague, ann), bob)

    record = session.scalars(select(Event).where(Event.actor_id.in_([ann.id, bob.id]))).all()

    assert {(one.verb, one.actor_id) for one in record} == {
        ("approval:request", ann.id),
        ("role:grant", bob.id),
        ("approval:grant", bob.id),
    }
    assert record[0].after == {
        "user_id": str(colleague.id),
        "role": "finance",
        "change": "grant",
    }


def test_a_reason_is_needed(session, people):
    ann, _, colleague = people

    with pytest.raises(InvalidInput):
        service.disable(session, colleague.id, reason="  ", actor=ann, now=NOW)


def test_a_stranger_is_not_found(session, people):
    ann, _, _ = people

    with pytest.raises(NotFound):
        service.disable(session, uuid7(), reason="left the company", actor=ann, now=NOW)


@pytest.mark.parametrize("role", list(Role))
def test_staff_are_everybody_we_do_not_serve(role):
    assert is_staff(frozenset({role})) == (role not in OUTSIDERS)


def test_two_roles_may_what_either_may_and_an_unknown_one_nothing():
    both = permissions(frozenset({"sales", "finance", "made_up"}))

    assert both == MATRIX[Role.SALES] | MATRIX[Role.FINANCE]
    assert permissions(frozenset({"made_up"})) == frozenset()


def test_a_process_of_ours_acts_by_rule():
    service.require(HUB, Permission.LEDGER_READ)
    with pytest.raises(Forbidden):
        service.require(Actor("x", "X", frozenset()), Permission.LEDGER_READ)
