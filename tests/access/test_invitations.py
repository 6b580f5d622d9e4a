"""A colleague takes up an account alone: no single person ever holds another's keys."""

from datetime import UTC, datetime, timedelta

import pytest

from operational.access import approvals, invitations, queries, service, sessions, totp
from operational.access.approvals import Change
from operational.access.errors import (
    InvitationEnded,
    LastSuperAdmin,
    PasswordWeak,
    SecondPersonNeeded,
    SignInRefused,
)
from operational.access.matrix import Role
from operational.access.totp import FieldKey
from operational.kit.actor import Actor
from operational.kit.errors import Conflict, Forbidden, InvalidInput, NotFound

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HUB = Actor.system("test")
STRANGER = Actor("anonymous", "anonymous", frozenset(), ip="127.0.0.1")
PASSWORD = "correct horse battery"


@pytest.fixture
def key(module_database):
    return FieldKey.of(module_database.settings)


def an_admin(session, name):
    user = service.create_user(
        session,
        email=f"{name}@example.com",
        name=name.title(),
        password="a long enough phrase",
        role=Role.SUPER_ADMIN,
        actor=HUB,
        now=NOW,
    )
    return Actor(str(user.id), user.name, frozenset({"super_admin"}))


@pytest.fixture
def ann(session):
    return an_admin(session, "anna")


@pytest.fixture
def bob(session):
    return an_admin(session, "robert")


def a_colleague(session, ann):
    return approvals.create_colleague(
        session, email="newcomer@example.com", name="Cleo Newcomer", actor=ann, now=NOW
    )


def agree(session, asked, who):
    return approvals.decide(session, asked.id, agree=True, actor=who, now=NOW)[1]


def follow(session, key, token, *, password=PASSWORD, secret=None, code=None, now=NOW):
    secret = secret or totp.new_secret()
    code = totp.code_at(secret, now) if code is None else code
    invitations.follow(
        session,
        token,
        password=password,
        secret=secret,
        code=code,
        key=key,
        visitor=STRANGER,
        now=now,
    )
    return secret


def sign_in(session, key, secret, *, password=PASSWORD, now=NOW + timedelta(minutes=1)):
    return sessions.sign_in(
        session,
        "newcomer@example.com",
        password,
        totp.code_at(secret, now),
        key=key,
        visitor=STRANGER,
        user_agent="test",
        now=now,
    )


def test_whoever_creates_a_colleague_cannot_hand_the_account_to_themselves(session, ann):
    user, asked = a_colleague(session, ann)

    with pytest.raises(SecondPersonNeeded):
        agree(session, asked, ann)

    assert (user.password_hash, user.invitation_sha256) == (None, None)
    with pytest.raises(Forbidden):
        service.enrol_totp(session, user.id, key=None, actor=ann, now=NOW)


def test_a_colleague_signs_in_with_what_they_chose_once_a_role_is_given(session, key, ann, bob):
    user, asked = a_colleague(session, ann)
    secret = follow(session, key, agree(session, asked, bob))
    with pytest.raises(SignInRefused) as refusal:
        sign_in(session, key, secret)
    assert refusal.value.cause == "no_role"

    role = approvals.request(
        session, user.id, Change.GRANT, Role.SALES, reason="sells", actor=ann, now=NOW
    )
    agree(session, role, bob)

    opened, _ = sign_in(session, key, secret)
    assert opened.user_id == user.id


def test_a_role_given_before_opens_nothing_before_the_owner_came(session, key, ann, bob):
    user, asked = a_colleague(session, ann)
    role = approvals.request(
        session, user.id, Change.GRANT, Role.SALES, reason="sells", actor=ann, now=NOW
    )
    agree(session, role, bob)
    agree(session, asked, bob)

    for guess in ("", PASSWORD):
        with pytest.raises(SignInRefused):
            sign_in(session, key, totp.new_secret(), password=guess)


def test_a_link_works_once_and_for_three_days(session, key, ann, bob):
    _, asked = a_colleague(session, ann)
    token = agree(session, asked, bob)

    with pytest.raises(InvitationEnded):
        follow(session, key, token, now=NOW + timedelta(days=3))
    follow(session, key, token)
    with pytest.raises(InvitationEnded):
        follow(session, key, token)
    with pytest.raises(InvitationEnded):
        follow(session, key, "made up")


def test_the_code_must_come_from_the_app_and_is_then_used(session, key, ann, bob):
    user, asked = a_colleague(session, ann)
    token = agree(session, asked, bob)

    with pytest.raises(InvalidInput):
        follow(session, key, token, code="000000", secret="A" * 32)
    with pytest.raises(PasswordWeak):
        follow(session, key, token, password="newcomer7")
    secret = follow(session, key, token)

    assert user.totp_last_step == totp.matching_step(secret, totp.code_at(secret, NOW), NOW)


def test_a_new_invitation_closes_the_account_until_it_is_followed(session, key, ann, bob):
    user, asked = a_colleague(session, ann)
    secret = follow(session, key, agree(session, asked, bob))
    _, token = sessions.open_session(session, user, ip="", user_agent="", now=NOW)
    again = approvals.request(
        session, user.id, Change.INVITE, reason="lost the phone", actor=ann, now=NOW
    )
    link = agree(session, again, bob)

    assert sessions.actor_of(session, token, ip="", now=NOW) is None
    with pytest.raises(SignInRefused):
        sign_in(session, key, secret)
    assert follow(session, key, link) != secret


def test_a_partner_needs_no_codes(session, key, ann):
    user = service.create_user(
        session,
        email="partner@example.com",
        name="Alpha",
        password=None,
        role=Role.PARTNER,
        actor=ann,
        now=NOW,
    )

    follow(session, key, invitations.invite(session, user, actor=ann, now=NOW), code="")

    assert user.password_hash
    assert user.totp_secret is None


def test_a_shut_account_is_opened_again_by_two(session, ann, bob):
    user, _ = a_colleague(session, ann)
    service.disable(session, user.id, reason="on leave", actor=ann, now=NOW)
    asked = approvals.request(session, user.id, Change.ENABLE, reason="is back", actor=bob, now=NOW)
    assert not user.is_active

    agree(session, asked, ann)

    assert user.is_active
    open_already = approvals.request(
        session, user.id, Change.ENABLE, reason="is back", actor=bob, now=NOW
    )
    with pytest.raises(Conflict):
        agree(session, open_already, ann)


def test_nobody_shuts_their_own_account_nor_the_last_super_admins(session, ann):
    with pytest.raises(Forbidden):
        service.disable(session, ann.id, reason="had enough", actor=ann, now=NOW)
    with pytest.raises(LastSuperAdmin):
        service.disable(session, ann.id, reason="left the company", actor=HUB, now=NOW)


def test_a_locked_colleague_is_let_try_again(session, ann):
    user, _ = a_colleague(session, ann)
    user.locked_until = NOW + timedelta(minutes=15)

    service.unlock(session, user.id, actor=ann, now=NOW)

    assert (user.locked_until, user.failed_count) == (None, 0)


def test_one_ends_ones_own_sessions_and_nobody_elses(session, ann, bob):
    user = queries.user(session, ann.id)
    here, there, elsewhere = (
        sessions.open_session(session, user, ip="", user_agent=name, now=NOW)
        for name in ("here", "there", "elsewhere")
    )
    child = sessions.open_session(session, user, ip="", user_agent="", now=NOW, parent=here[0])
    me = sessions.actor_of(session, child[1], ip="", now=NOW)

    with pytest.raises(NotFound):
        sessions.end_own(session, there[0].id, actor=bob, now=NOW)
    sessions.end_own(session, there[0].id, actor=me, now=NOW)
    assert agents(session, user) == {"here", "elsewhere"}
    sessions.end_others(session, actor=me, now=NOW)

    assert agents(session, user) == {"here"}
    assert sessions.actor_of(session, child[1], ip="", now=NOW)
    assert sessions.actor_of(session, elsewhere[1], ip="", now=NOW) is None


def agents(session, user):
    found = queries.sessions_of(user.id, NOW, sessions.IDLE_STAFF)
    return {one.user_agent for one in session.scalars(found)}
