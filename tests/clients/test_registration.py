"""Registration and profile: who gets in, how they are routed, what is refused."""

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from operational.access.errors import EmailTaken
from operational.audit.models import Event
from operational.clients import queries, rules, service
from operational.clients.errors import BirthDateImplausible, ClientNotFound, StageNotAllowed
from operational.clients.forms import LeadForm, ProfileForm
from operational.clients.models import Client
from operational.clients.states import Stage
from operational.kit.actor import Actor
from operational.rules import service as decisions

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STRANGER = Actor(id="anonymous", name="anonymous", roles=frozenset(), ip="203.0.113.7")


def lead(**fields: object) -> LeadForm:
    form = {
        "email": "lena.weber@example.com",
        "password": "a long enough phrase",
        "first_name": "Lena",
        "last_name": "Weber",
        "country": "DE",
        "language": "de",
    }
    return LeadForm.model_validate(form | fields)


def profile(**fields: object) -> ProfileForm:
    form = {
        "first_name": "Lena",
        "last_name": "Weber",
        "birth_date": "1990-05-17",
        "country": "DE",
        "phone": "+4915112345678",
    }
    return ProfileForm.model_validate(form | fields)


@pytest.fixture
def registered(session: Session) -> Client:
    decisions.install_defaults(session, NOW)
    return service.register_lead(session, lead(), actor=STRANGER, now=NOW)


def herself(client: Client) -> Actor:
    return Actor(id=str(client.user_id), name="Lena", roles=frozenset({"client"}))


def test_a_lead_is_routed_the_moment_it_arrives_and_the_reason_is_kept(registered, session):
    assert registered.queue == "dach"
    assert registered.routing_reason == "Lives in DE."
    verbs = session.scalars(select(Event.verb).where(Event.subject_id == str(registered.id))).all()
    assert set(verbs) == {"client:register", "client:route"}


def test_the_same_e_mail_in_capitals_is_the_same_client(registered, session):
    with pytest.raises(EmailTaken):
        service.register_lead(
            session, lead(email="LENA.Weber@EXAMPLE.com"), actor=STRANGER, now=NOW
        )


@pytest.mark.parametrize(
    "email",
    [
        *("", "lena", "lena@", "@example.com", "a@b@example.com", '"a b"@example.com'),
        *("lena@example", "lena\r\n@example.com", "le na@example.com", "lena@-x.com"),
        *("a" * 250 + "@example.com", ".lena@example.com", "lena..w@example.com"),
    ],
)
def test_what_is_no_plain_address_is_refused(email):
    with pytest.raises(ValidationError):
        lead(email=email)


def test_a_look_alike_domain_is_kept_in_its_true_letters():
    assert lead(email="lena@ex\u0430mple.com").email == "lena@xn--exmple-4nf.com"


@pytest.mark.parametrize(
    "name", ["", "a\x00b", "Lena\u202eabc", "Le\u200bna", "x" * 101, "\n", "123"]
)
def test_a_name_with_hidden_characters_or_without_letters_is_refused(name):
    with pytest.raises(ValidationError):
        lead(first_name=name)


@pytest.mark.parametrize(
    "name",
    [
        "O’Brien",
        "d'Arc",
        "X",
        "محمد",
        "李小龍",
        "Nguyễn",
        "José-María",
        "<script>",
        "=HYPERLINK(a)",
    ],
)
def test_names_of_the_real_world_are_taken_as_written(name):
    assert lead(first_name=name, last_name="").first_name == name


def test_nobody_fills_in_a_field_the_form_does_not_have():
    with pytest.raises(ValidationError, match="is_admin"):
        lead(is_admin=True)


def test_a_profile_makes_a_lead_ready_for_the_identity_check(registered, session):
    service.complete_profile(session, registered.id, profile(), actor=herself(registered), now=NOW)

    assert registered.stage == Stage.PROFILED
    assert registered.birth_date == date(1990, 5, 17)


@pytest.mark.parametrize("day", ["2008-03-02", "2027-01-01", "1890-01-01"])
def test_nobody_under_18_unborn_or_older_than_anybody_is_taken(registered, session, day):
    with pytest.raises(BirthDateImplausible):
        service.complete_profile(
            session, registered.id, profile(birth_date=day), actor=herself(registered), now=NOW
        )


@pytest.mark.parametrize("day", ["01/02/03", "2001-02-29", 86400, "1990-5-17"])
def test_only_iso_dates_are_dates(day):
    with pytest.raises(ValidationError):
        profile(birth_date=day)


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(2000, 2, 29), date(2018, 2, 28), 17),
        (date(2000, 2, 29), date(2018, 3, 1), 18),
        (date(2008, 3, 1), date(2026, 3, 1), 18),
    ],
)
def test_the_birthday_counts_and_the_day_before_does_not(born, day, age):
    assert rules.age_on(born, day) == age


def test_a_client_cannot_touch_another_clients_profile(registered, session):
    other = service.register_lead(session, lead(email="tom@example.com"), actor=STRANGER, now=NOW)

    with pytest.raises(ClientNotFound):
        service.complete_profile(session, registered.id, profile(), actor=herself(other), now=NOW)


def test_a_stage_only_moves_along_its_transitions(registered, session):
    with pytest.raises(StageNotAllowed):
        service.change_stage(
            session, registered, Stage.VERIFIED, reason="x", actor=Actor.system("test"), now=NOW
        )


def test_one_person_under_several_spellings_is_seen(registered, session):
    service.complete_profile(session, registered.id, profile(), actor=herself(registered), now=NOW)
    again = service.register_lead(
        session,
        lead(email="lena.weber+bonus@example.com", first_name="LENA", device="d1"),
        actor=STRANGER,
        now=NOW,
    )
    service.complete_profile(
        session,
        again.id,
        profile(first_name="WEBER", last_name="Léna"),
        actor=herself(again),
        now=NOW,
    )

    found = queries.duplicates(session, again)

    assert found == {
        "same_email": [registered.id],
        "same_device": [],
        "same_person": [registered.id],
        "same_ip_day": [registered.id],
    }


@pytest.mark.parametrize(
    ("first_name", "last_name", "text"),
    [
        ("Viktor", "Bout", "Viktor Bout"),
        ("Viktor", "Bout", " bout  VIKTOR "),
        ("Viktor", "Bout", "vik bou"),
        ("José", "Núñez", "José"),
        ("José", "Núñez", "jose nunez"),
        ("Ольга", "Петрова", "Ольга"),
        ("Ольга", "Петрова", "olga"),
        ("Sean", "O’Brien", "o'brien"),
    ],
)
def test_a_client_is_found_by_any_spelling_and_order_of_the_name(
    registered, session, first_name, last_name, text
):
    form = lead(email="other@example.com", first_name=first_name, last_name=last_name)
    client = service.register_lead(session, form, actor=STRANGER, now=NOW)

    assert session.scalars(queries.matching(text)).all() == [client]


@pytest.mark.parametrize(
    "text",
    ["lena.weber@example.com", "LENA.WEBER@EXAMPLE.COM", "+49 151 12345678", "0151/12345678"],
)
def test_a_client_is_found_by_e_mail_and_phone(registered, session, text):
    other = lead(email="tom@example.com", first_name="Tom", last_name="Other")
    service.register_lead(session, other, actor=STRANGER, now=NOW)
    service.complete_profile(session, registered.id, profile(), actor=herself(registered), now=NOW)

    assert session.scalars(queries.matching(text)).all() == [registered]
    assert session.scalars(queries.matching(registered.reference.lower())).all() == [registered]


@pytest.mark.parametrize(
    "text", ["nobody", "lena stranger", "@@@", "123456", "ena.weber@example.com", "%", "_"]
)
def test_what_fits_nobody_finds_nobody(registered, session, text):
    assert session.scalars(queries.matching(text)).all() == []
