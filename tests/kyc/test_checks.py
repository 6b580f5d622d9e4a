"""A check approves in seconds by rule, stops with every reason, or refuses."""

import pytest
from sqlalchemy import select

from operational.audit.models import Event
from operational.clients import service as clients
from operational.clients.errors import ClientNotFound
from operational.clients.states import Stage
from operational.kit.actor import Actor
from operational.kit.errors import Forbidden
from operational.kyc import lists, queries, service
from operational.kyc.errors import NothingToDecide, TooManyDocuments
from operational.kyc.models import Document
from operational.kyc.screening import Entry
from operational.kyc.vault import RENDITION, Vault
from operational.review import queries as review_queries
from operational.review import rules as review_rules
from operational.rules import service as decisions
from tests.kyc.people import NOW, a_client, a_picture, herself, profile, staff, td3

LISTED = [
    Entry("ofac_sdn", "7001", "AL-ZAWAHIRI, Ayman", 1951, ("EG",), "SDGT"),
    Entry("ofac_sdn", "7002", "PETROV, Viktor Ivanovich", 1966, ("RU",), "RUSSIA"),
]


@pytest.fixture
def vault(module_database):
    return Vault(module_database.settings)


@pytest.fixture
def office(session):
    decisions.install_defaults(session, NOW)
    lists.load_list(session, "ofac_sdn", "2026-02-27", LISTED, actor=Actor.system("test"), now=NOW)
    return session


def hand_in(session, vault, client, *, mrz=None, text="PASSPORT"):
    for kind, zone in (("passport", mrz or td3()), ("proof_of_address", None)):
        service.upload_document(
            session,
            client.id,
            kind=kind,
            file_name=f"{kind}.png",
            content=a_picture(f"{kind} {text} {client.id}"),
            mrz=zone,
            actor=herself(client),
            now=NOW,
            vault=vault,
        )


def codes(check):
    return [reason["code"] for reason in check.reasons]


def test_a_client_whose_papers_are_in_order_is_approved_at_once(office, vault):
    client = a_client(office)
    hand_in(office, vault, client)

    check = service.submit(office, client.id, actor=herself(client), now=NOW)

    assert (check.outcome, check.reasons, client.stage) == ("approve", [], Stage.VERIFIED)
    assert client.verified_at == NOW
    approval = office.scalars(select(Event).where(Event.verb == "kyc:approve")).one()
    assert (approval.actor_id, approval.rule_version) == ("system:rules", "kyc@1")


def test_a_client_who_stops_stops_with_every_reason(office, vault):
    client = a_client(
        office, first_name="Viktor", last_name="Petrov", birth_date="1966-02-01", country="NG"
    )
    hand_in(
        office,
        vault,
        client,
        mrz=td3(surname="PETROW", given="VIKTOR", birth="660202", expiry="200101"),
    )

    check = service.submit(office, client.id, actor=herself(client), now=NOW)

    assert client.stage == Stage.IN_REVIEW
    assert codes(check) == [
        "high_risk_country",
        "document_expired",
        "birth_date_differs",
        "screening_hit",
    ]


def test_the_facts_of_a_decision_name_nobody(office, vault):
    client = a_client(office, first_name="Viktor", last_name="Petrov", birth_date="1966-02-01")
    hand_in(office, vault, client, mrz=td3(surname="PETROV", given="VIKTOR", birth="660201"))

    check = service.submit(office, client.id, actor=herself(client), now=NOW)

    told = f"{check.facts} {check.reasons}".lower()
    assert not any(word in told for word in ("viktor", "petrov", "1966-02-01", client.phone))
    assert check.compared["hits"][0]["listed_name"] == "PETROV, Viktor Ivanovich"


def test_before_the_profile_there_is_nothing_to_check_and_after_the_verdict_neither(office, vault):
    client = a_client(office)
    hand_in(office, vault, client)
    service.submit(office, client.id, actor=herself(client), now=NOW)

    with pytest.raises(NothingToDecide):
        service.submit(office, client.id, actor=herself(client), now=NOW)


def test_a_client_without_papers_stops_for_them(office):
    client = a_client(office)

    check = service.submit(office, client.id, actor=herself(client), now=NOW)

    assert codes(check) == ["identity_document_missing", "address_document_missing"]


def test_a_country_we_do_not_serve_is_refused_by_rule(office, vault):
    client = a_client(office, country="IR", phone="+989121234567")
    hand_in(office, vault, client)

    check = service.submit(office, client.id, actor=herself(client), now=NOW)

    assert (check.outcome, client.stage) == ("refuse", Stage.REFUSED)


def test_unreadable_wrong_and_expired_zones_each_stop_with_their_own_reason(office, vault):
    cases = {
        "rubbish": ["mrz_invalid"],
        td3()[:-1] + ("1" if td3()[-1] != "1" else "2"): ["mrz_invalid"],
        td3(expiry="200101"): ["document_expired"],
        td3(surname="STOLTENHOFF", given="VIVIANE"): ["name_differs"],
        td3(birth="900518"): ["birth_date_differs"],
    }
    for number, (zone, expected) in enumerate(cases.items()):
        client = a_client(
            office,
            f"case{number}@example.com",
            device=f"d{number}",
            ip=f"198.51.100.{number}",
        )
        office.execute(
            # The other cases are other people, or each would be the next one's double.
            client.__table__.update()
            .where(client.__table__.c.id == client.id)
            .values(name_key=f"person {number}")
        )
        office.refresh(client)
        hand_in(office, vault, client, mrz=zone)
        office.execute(
            Document.__table__.update()
            .where(Document.__table__.c.client_id == client.id)
            .values(document_number=f"N{number}")
        )

        check = service.submit(office, client.id, actor=herself(client), now=NOW)

        assert codes(check) == expected


def test_two_clients_with_one_device_document_and_file_are_seen(office, vault):
    first = a_client(office)
    hand_in(office, vault, first)
    second = a_client(office, "lena2@example.com")
    same = a_picture(f"passport PASSPORT {first.id}")
    service.upload_document(
        office,
        second.id,
        kind="passport",
        file_name="x.png",
        content=same,
        mrz=td3(),
        actor=herself(second),
        now=NOW,
        vault=vault,
    )

    check = service.submit(office, second.id, actor=herself(second), now=NOW)

    assert codes(check) == [
        "address_document_missing",
        "shared_device",
        "duplicate_person",
        "duplicate_document",
        "duplicate_file",
    ]


def test_nobody_is_approved_while_no_list_is_loaded(session, vault):
    decisions.install_defaults(session, NOW)
    client = a_client(session)
    hand_in(session, vault, client)

    check = service.submit(session, client.id, actor=herself(client), now=NOW)

    assert codes(check) == ["not_screened"]


def test_a_client_who_hands_in_the_missing_paper_passes_and_the_case_is_withdrawn(office, vault):
    client = a_client(office)
    service.submit(office, client.id, actor=herself(client), now=NOW)
    case = office.scalars(review_queries.open_case_of("kyc", client.id)).one()
    hand_in(office, vault, client)

    check = service.submit(office, client.id, actor=herself(client), now=NOW)

    assert (check.outcome, client.stage, case.status) == ("approve", Stage.VERIFIED, "withdrawn")


def rename(office, client, **fields):
    told = profile(**fields)
    clients.complete_profile(office, client.id, told, actor=herself(client), now=NOW)


def open_case(office, client):
    return office.scalar(review_queries.open_case_of("kyc", client.id))


def test_a_listed_client_cannot_clear_the_hit_by_becoming_somebody_else(office, vault):
    client = a_client(office, first_name="Viktor", last_name="Petrov", birth_date="1966-02-01")
    hand_in(office, vault, client, mrz=td3(surname="PETROV", given="VIKTOR", birth="660201"))
    service.submit(office, client.id, actor=herself(client), now=NOW)
    rename(office, client, first_name="Hans", last_name="Huber")
    hand_in(office, vault, client, mrz=td3(surname="HUBER", given="HANS"), text="HUBER")

    check = service.submit(office, client.id, actor=herself(client), now=NOW)

    case = open_case(office, client)
    assert (check.outcome, client.stage) == ("review", Stage.IN_REVIEW)
    assert [(reason["code"], reason.get("is_gone", False)) for reason in case.reasons] == [
        ("client_changed", False),
        ("screening_hit", True),
    ]
    assert case.reasons[0]["sentence"] == (
        "Since the case was opened the client changed the first name, the last name, "
        "the birth date, the documents."
    )
    assert (
        office.scalars(select(Event).where(Event.verb.in_(["kyc:approve", "case:withdraw"]))).all()
        == []
    )


def test_a_case_for_a_person_is_not_closed_by_a_refusal_of_the_rules_either(office, vault):
    client = a_client(office, first_name="Viktor", last_name="Petrov", birth_date="1966-02-01")
    service.submit(office, client.id, actor=herself(client), now=NOW)
    rename(office, client, country="IR")

    check = service.submit(office, client.id, actor=herself(client), now=NOW)

    assert (check.outcome, client.stage) == ("review", Stage.IN_REVIEW)
    assert {"country_not_served", "screening_hit"} <= set(codes(check))


def test_a_case_for_papers_alone_is_closed_when_the_rules_refuse(office):
    client = a_client(office)
    service.submit(office, client.id, actor=herself(client), now=NOW)
    case = open_case(office, client)
    rename(office, client, country="IR")

    service.submit(office, client.id, actor=herself(client), now=NOW)

    assert (client.stage, case.status) == (Stage.REFUSED, "withdrawn")
    assert case.decision_note == "A rule has refused the client."


def test_a_papers_case_passes_although_the_client_corrected_the_profile(office, vault):
    client = a_client(office, first_name="Lenna")
    service.submit(office, client.id, actor=herself(client), now=NOW)
    rename(office, client, first_name="Lena")
    hand_in(office, vault, client)

    check = service.submit(office, client.id, actor=herself(client), now=NOW)

    assert (check.outcome, client.stage) == ("approve", Stage.VERIFIED)


def test_a_reason_that_does_not_say_who_may_clear_it_is_for_a_person():
    assert review_rules.needs_person([{"code": "x", "sentence": "x."}])
    assert not review_rules.needs_person([{"code": "x", "cleared_by": "papers"}])


def test_a_client_can_hand_in_and_submit_only_for_themselves(office, vault):
    client, other = a_client(office), a_client(office, "tom@example.com")
    stranger = {"actor": herself(other), "now": NOW}

    with pytest.raises(ClientNotFound):
        service.upload_document(
            office,
            client.id,
            kind="passport",
            file_name="x.png",
            content=a_picture(),
            vault=vault,
            **stranger,
        )
    with pytest.raises(ClientNotFound):
        service.submit(office, client.id, **stranger)
    with pytest.raises(Forbidden):
        service.submit(office, client.id, actor=staff("compliance"), now=NOW)


def test_a_file_name_is_text_and_never_a_path(office, vault, tmp_path):
    client = a_client(office)
    for name in (
        "../../etc/passwd",
        "C:\\x",
        "a.pdf\x00.jpg",
        "x" * 300,
        '"; filename=x',
        "😀.jpg",
    ):
        document = service.upload_document(
            office,
            client.id,
            kind="passport",
            file_name=name,
            content=a_picture(name.replace("\x00", "")),
            actor=herself(client),
            now=NOW,
            vault=vault,
        )
        assert vault.open(client.id, document.id, RENDITION).startswith(b"\xff\xd8")
        assert len(document.file_name) <= 255


def test_nobody_floods_us_with_papers(office, vault):
    client = a_client(office)
    upload = {"kind": "passport", "file_name": "x.png", "actor": herself(client), "now": NOW}
    for number in range(service.DOCUMENTS_MAX):
        service.upload_document(
            office, client.id, content=a_picture(str(number)), vault=vault, **upload
        )

    with pytest.raises(TooManyDocuments):
        service.upload_document(office, client.id, content=a_picture("x"), vault=vault, **upload)


def test_every_look_at_a_document_is_on_record_and_only_compliance_may_look(office, vault):
    client = a_client(office)
    hand_in(office, vault, client)
    document = office.scalars(queries.documents(client.id)).first()
    officer = staff("compliance")

    media_type, content = service.read_document(
        office, document.id, actor=officer, now=NOW, vault=vault
    )

    assert (media_type, content[:2]) == ("image/jpeg", b"\xff\xd8")
    look = office.scalars(select(Event).where(Event.verb == "document:read")).one()
    assert (look.actor_id, look.subject_id) == (officer.id, str(document.id))
    with pytest.raises(Forbidden):
        service.read_document(office, document.id, actor=staff("support"), now=NOW, vault=vault)


def test_a_name_taken_off_a_list_stops_nobody_any_more(office, vault):
    def percent(email):
        client = a_client(
            office,
            email,
            first_name="Viktor",
            last_name="Petrov",
            birth_date="1966-02-01",
            device=email,
        )
        return service.submit(office, client.id, actor=herself(client), now=NOW).facts[
            "screening_percent"
        ]

    assert percent("a@example.com") >= 75

    lists.load_list(
        office, "ofac_sdn", "2026-03-01", LISTED[:1], actor=Actor.system("test"), now=NOW
    )

    assert percent("b@example.com") == 0


def test_the_same_list_loaded_twice_is_there_once(office):
    again = lists.load_list(
        office, "ofac_sdn", "2026-02-27", [*LISTED, *LISTED], actor=Actor.system("test"), now=NOW
    )

    assert again.entries_count == len(LISTED)
    assert len(office.scalars(queries.entries_in_force()).all()) == len(LISTED)
