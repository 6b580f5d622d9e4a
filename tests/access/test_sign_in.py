"""Who gets in, who does not, and for how long."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import select

from operational.access import passwords, service, sessions, totp
from operational.access.errors import EmailTaken, PasswordWeak, SignInRefused
from operational.access.matrix import Role
from operational.access.models import User, UserSession
from operational.access.totp import FieldKey
from operational.audit.models import Event
from operational.kit import db
from operational.kit.actor import Actor
from operational.kit.errors import InvalidInput

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HUB = Actor.system("test")
STRANGER = Actor("anonymous", "anonymous", frozenset(), ip="127.0.0.1")
PASSWORD = "correct horse battery"


@pytest.fixture
def key(module_database):
    return FieldKey.of(module_database.settings)


def a_user(session, role=Role.CLIENT, email="ann@example.com"):
    return service.create_user(
        session, email=email, name="Ann Example", password=PASSWORD, role=role, actor=HUB, now=NOW
    )


def an_officer(session, key, email="omar@example.com"):
    user = a_user(session, Role.COMPLIANCE, email)
    return user, service.enrol_totp(session, user.id, key=key, actor=HUB, now=NOW)


def enter(session, key, email="ann@example.com", *, password=PASSWORD, code="", now=NOW):
    return sessions.sign_in(
        session, email, password, code, key=key, visitor=STRANGER, user_agent="test", now=now
    )


def actor_at(session, token, now, *, by_itself=False):
    return sessions.actor_of(session, token, ip="127.0.0.1", now=now, by_itself=by_itself)


def test_a_client_signs_in_with_a_password_in_any_letter_case_of_the_email(session, key):
    a_user(session)

    opened, token = enter(session, key, email="  ANN@Example.com ")

    actor = actor_at(session, token, NOW)
    assert actor.roles == {"client"}
    assert opened.token_sha256 not in token.encode()


@pytest.mark.parametrize(
    ("email", "password"),
    [("ann@example.com", "wrong password"), ("nobody@example.com", PASSWORD), ("", "")],
)
def test_a_wrong_password_and_an_unknown_email_get_the_same_answer(session, key, email, password):
    a_user(session)

    with pytest.raises(SignInRefused, match="The e-mail, the password or the one-time code"):
        enter(session, key, email=email, password=password)


def test_staff_need_the_code_and_a_code_works_once(session, key):
    _, secret = an_officer(session, key)
    code = totp.code_at(secret, NOW)

    with pytest.raises(SignInRefused):
        enter(session, key, "omar@example.com", code="")
    enter(session, key, "omar@example.com", code=code)
    with pytest.raises(SignInRefused) as refusal:
        enter(session, key, "omar@example.com", code=code)

    assert refusal.value.cause == "code"


def test_the_code_of_the_step_before_is_still_good_but_not_the_one_before_that(session, key):
    _, secret = an_officer(session, key)

    too_old, old = (totp.code_at(secret, NOW - timedelta(seconds=s)) for s in (60, 30))

    with pytest.raises(SignInRefused):
        enter(session, key, "omar@example.com", code=too_old)
    enter(session, key, "omar@example.com", code=old)


def test_staff_without_a_one_time_code_secret_cannot_sign_in(session, key):
    a_user(session, Role.FINANCE)

    with pytest.raises(SignInRefused) as refusal:
        enter(session, key)

    assert refusal.value.cause == "no_totp"


def test_of_twenty_sign_ins_with_one_code_at_once_one_succeeds(database):
    key, engine = FieldKey.of(database.settings), database.engine(db.API)
    with db.transaction(engine) as session:
        _, secret = an_officer(session, key)
    code, barrier = totp.code_at(secret, NOW), Barrier(20)

    def attempt(_: int) -> bool:
        barrier.wait()
        try:
            with db.transaction(engine) as session:
                enter(session, key, "omar@example.com", code=code)
        except SignInRefused:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        got_in = list(pool.map(attempt, range(20)))

    assert sum(got_in) == 1


def test_five_failures_lock_the_account_for_a_quarter_of_an_hour(session, key):
    a_user(session)
    for _ in range(5):
        with pytest.raises(SignInRefused) as refusal:
            enter(session, key, password="wrong password")
        sessions.count_failure(session, refusal.value, visitor=STRANGER, now=NOW)

    with pytest.raises(SignInRefused) as refusal:
        enter(session, key, now=NOW + timedelta(minutes=14))
    assert refusal.value.cause == "locked"
    enter(session, key, now=NOW + timedelta(minutes=15))

    locks = session.scalars(select(Event).where(Event.verb == "user:lock")).all()
    assert len(locks) == 1


@pytest.mark.parametrize(("role", "idle_minutes"), [(Role.CLIENT, 30), (Role.COMPLIANCE, 15)])
def test_an_idle_session_ends(session, key, role, idle_minutes):
    token = a_token(session, role)

    assert actor_at(session, token, NOW + timedelta(minutes=idle_minutes, seconds=-1))
    assert actor_at(session, token, NOW + timedelta(minutes=2 * idle_minutes)) is None


@pytest.mark.parametrize("polled_too", [False, True])
def test_a_page_that_renews_itself_keeps_no_session_open(session, polled_too):
    token, last = a_token(session, Role.COMPLIANCE), NOW + timedelta(minutes=10)
    assert actor_at(session, token, last)
    if polled_too:
        for minutes in range(11, 25):
            assert actor_at(session, token, NOW + timedelta(minutes=minutes), by_itself=True)

    assert actor_at(session, token, last + timedelta(minutes=15), by_itself=True) is None


def test_a_browser_and_its_dashboards_are_in_use_or_idle_together(session):
    opened, browser = a_session(session, a_user(session, Role.COMPLIANCE))
    _, dashboards = a_session(session, session.get(User, opened.user_id), parent=opened)
    for minutes in range(0, 40, 10):
        assert actor_at(session, dashboards, NOW + timedelta(minutes=minutes))

    assert actor_at(session, browser, NOW + timedelta(minutes=44))
    for token in (browser, dashboards):
        assert actor_at(session, token, NOW + timedelta(minutes=59)) is None


def test_a_busy_session_ends_after_twelve_hours(session, key):
    token = a_token(session, Role.CLIENT)
    for minutes in range(0, 12 * 60, 20):
        assert actor_at(session, token, NOW + timedelta(minutes=minutes))

    assert actor_at(session, token, NOW + timedelta(hours=12)) is None


def test_signing_out_ends_the_session_and_what_was_made_from_it(session):
    user = a_user(session)
    opened, token = a_session(session, user)
    _, dashboards = a_session(session, user, parent=opened)
    _, elsewhere = a_session(session, user)
    actor = actor_at(session, dashboards, NOW)

    sessions.sign_out(session, actor.session_id, actor=actor, now=NOW)

    assert actor_at(session, token, NOW) is None
    assert actor_at(session, dashboards, NOW) is None
    assert actor_at(session, elsewhere, NOW)


def test_disabling_a_user_ends_every_session_at_once(session):
    user = a_user(session)
    _, token = a_session(session, user)

    service.disable(session, user.id, reason="left the company", actor=HUB, now=NOW)

    assert actor_at(session, token, NOW) is None


def test_a_new_password_ends_every_session(session, key):
    user = a_user(session)
    _, token = a_session(session, user)
    actor = actor_at(session, token, NOW)

    service.change_password(session, user.id, PASSWORD, "another good one", actor=actor, now=NOW)

    assert actor_at(session, token, NOW) is None
    enter(session, key, password="another good one")


def test_only_the_hash_of_a_token_is_stored(session):
    _, token = a_session(session, a_user(session))

    stored = session.scalars(select(UserSession.token_sha256)).one()

    assert len(token) >= 43
    assert token.encode() not in stored


def test_a_hash_of_older_costs_is_renewed_at_the_next_sign_in(session, key):
    cheap = passwords.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    user = a_user(session)
    user.password_hash = cheap

    enter(session, key)

    assert "m=47104,t=1,p=1" in user.password_hash


def test_a_secret_is_bound_to_its_own_row(session, key):
    omar, _ = an_officer(session, key)
    olga, _ = an_officer(session, key, "olga@example.com")

    with pytest.raises(InvalidTag):
        key.open(omar.totp_secret, olga.id)


@pytest.mark.parametrize(
    "password",
    [
        *("1234567", "Iloveyou", "aaaaaaaaaa", "trustno1", "Kingpost2026", "omar.example"),
        *("Hassan!1", "1Example1", pytest.param("xy" * 513, id="1026 letters")),
    ],
)
def test_a_weak_password_is_refused(password):
    with pytest.raises(PasswordWeak):
        passwords.check_strength(password, "omar.example@mail.test", "Omar Hassan")


@pytest.mark.parametrize(
    "password", ["x7 spaced ", "пароль-пароль", pytest.param("long enough" * 20, id="220 letters")]
)
def test_a_passphrase_of_any_letters_is_accepted(password):
    passwords.check_strength(password)


@pytest.mark.parametrize(
    "email",
    [
        *("no-at", "a@b", "a@b@c.com", "a b@x.com", "a@x.com\r\nBcc: b@x.com", '"a b"@x.com'),
        *("x" * 250 + "@x.com", "a\u202eb@x.com", "a\x00@x.com"),
    ],
)
def test_what_cannot_be_an_email_is_refused(email):
    with pytest.raises(InvalidInput):
        service.clean_email(email)


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "Ann\u202eExample", "Ann\x00", "A\u200bnn"])
def test_a_name_with_hidden_letters_is_refused(name):
    with pytest.raises(InvalidInput):
        service.clean_name(name)


@pytest.mark.parametrize(
    "name", ["O'Brien", "Nguyễn Thị Ánh", "X", "<script>", "李小龙", "José-María"]
)
def test_a_real_name_is_kept_as_written(name):
    assert service.clean_name(name) == name


def test_an_email_belongs_to_one_account(session):
    a_user(session)

    with pytest.raises(EmailTaken):
        a_user(session, email="ANN@example.com")

    assert len(session.scalars(select(User)).all()) == 1


def a_token(session, role):
    return a_session(session, a_user(session, role))[1]


def a_session(session, user, parent=None):
    return sessions.open_session(
        session, user, ip="127.0.0.1", user_agent="test", now=NOW, parent=parent
    )
