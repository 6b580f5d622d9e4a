"""Cases: decided once, by whom it concerns, on what was shown, as long as it is still so."""

import pytest
from sqlalchemy import select

from operational.access import masks
from operational.audit.models import Event
from operational.clients import service as clients
from operational.clients.states import Stage
from operational.kit.actor import Actor
from operational.kit.errors import Forbidden, NotFound
from operational.kit.ids import uuid7
from operational.kyc import lists
from operational.kyc import service as kyc
from operational.kyc.screening import Entry
from operational.kyc.vault import Vault
from operational.review import queries, rules, service
from operational.review.errors import CaseDecided, EvidenceForeign, EvidenceStale, NoteMissing
from operational.rules import service as decisions
from tests.kyc import people
from tests.kyc.people import NOW, a_client, a_picture, herself, staff

OFFICER, COLLEAGUE = staff("compliance", 1), staff("compliance", 2)
NOTE = "spoke to the client"


@pytest.fixture
def client(session):
    decisions.install_defaults(session, NOW)
    entries = [Entry("un", "1", "Somebody Else")]
    lists.load_list(session, "un", "1", entries, actor=Actor.system("test"), now=NOW)
    return a_client(session)


@pytest.fixture
def case(client, session):
    """A client who stopped for want of papers."""
    kyc.submit(session, client.id, actor=herself(client), now=NOW)
    return session.scalars(queries.open_case_of("kyc", client.id)).one()


def shown(session, case, actor=OFFICER):
    return kyc.serve_case(session, case.id, actor=actor, now=NOW)


def decide(session, case, evidence, *, actor=OFFICER, verdict="approved", note=NOTE):
    return kyc.decide_case(
        session, case.id, verdict=verdict, note=note, evidence_id=evidence.id, actor=actor, now=NOW
    )


def test_a_case_says_every_reason_why_it_stopped(case, session):
    assert [reason["code"] for reason in case.reasons] == [
        "identity_document_missing",
        "address_document_missing",
    ]
    assert session.scalars(queries.open_cases()).all() == [case]


@pytest.mark.parametrize(
    ("verdict", "stage"), [("approved", Stage.VERIFIED), ("refused", Stage.REFUSED)]
)
def test_a_person_decides_on_what_was_shown_and_the_record_quotes_it(
    case, client, session, verdict, stage
):
    evidence = shown(session, case)

    decide(session, case, evidence, verdict=verdict)

    assert (case.status, client.stage, case.decided_by_name) == (verdict, stage, OFFICER.name)
    record = session.scalars(
        select(Event).where(Event.subject_id == str(case.id)).order_by(Event.id.desc())
    ).first()
    assert (record.evidence_id, record.actor_id) == (evidence.id, OFFICER.id)


def test_a_case_is_decided_once(case, session):
    evidence = shown(session, case)
    decide(session, case, evidence)

    with pytest.raises(CaseDecided):
        decide(session, case, evidence, verdict="refused")


def test_what_was_shown_to_a_colleague_is_no_evidence(case, session):
    with pytest.raises(EvidenceForeign):
        decide(session, case, shown(session, case, COLLEAGUE))


def test_what_was_shown_of_another_case_is_no_evidence(case, session):
    other = a_client(session, "tom@example.com", device="d-tom")
    kyc.submit(session, other.id, actor=herself(other), now=NOW)
    other_case = session.scalars(queries.open_case_of("kyc", other.id)).one()

    with pytest.raises(EvidenceForeign):
        decide(session, case, shown(session, other_case))


def test_after_a_new_document_the_decider_must_look_again(case, client, session, module_database):
    evidence = shown(session, case)
    kyc.upload_document(
        session,
        client.id,
        kind="passport",
        file_name="x.png",
        content=a_picture(),
        actor=herself(client),
        now=NOW,
        vault=Vault(module_database.settings),
    )

    with pytest.raises(EvidenceStale):
        decide(session, case, evidence)
    decide(session, case, shown(session, case))


def test_after_a_changed_profile_the_decider_must_look_again(case, client, session):
    evidence = shown(session, case)
    client.phone = "+4915199999999"
    session.flush()

    with pytest.raises(EvidenceStale):
        decide(session, case, evidence)


def test_after_another_check_of_something_else_the_decider_must_look_again(case, client, session):
    evidence = shown(session, case)
    moved = people.profile(first_name="Helen")
    clients.complete_profile(session, client.id, moved, actor=herself(client), now=NOW)
    kyc.submit(session, client.id, actor=herself(client), now=NOW)

    with pytest.raises(EvidenceStale):
        decide(session, case, evidence)


def test_asking_again_and_again_changes_nothing_for_the_decider(case, client, session):
    evidence, version = shown(session, case), case.version

    for _ in range(3):
        again = kyc.submit(session, client.id, actor=herself(client), now=NOW)

    assert (again.outcome, case.version) == ("review", version)
    decide(session, case, evidence)


def test_a_decision_says_why(case, session):
    with pytest.raises(NoteMissing):
        decide(session, case, shown(session, case), note="  ok ")


@pytest.mark.parametrize("role", ["support", "super_admin"])
def test_who_may_look_may_not_therefore_decide(case, session, role):
    viewer = staff(role, 9)
    evidence = shown(session, case, viewer)

    with pytest.raises(Forbidden):
        decide(session, case, evidence, actor=viewer)
    with pytest.raises(Forbidden):
        service.close_case(
            session,
            case.id,
            verdict="approved",
            note=NOTE,
            evidence_id=evidence.id,
            about=lambda *_: {},
            actor=viewer,
            now=NOW,
        )


@pytest.mark.parametrize("role", ["sales", "analyst", "client", "partner"])
def test_who_has_no_business_with_cases_sees_none(case, session, role):
    with pytest.raises(Forbidden):
        shown(session, case, staff(role, 9))


def test_a_case_that_is_not_there_is_not_found(session):
    with pytest.raises(NotFound):
        kyc.serve_case(session, uuid7(), actor=OFFICER, now=NOW)


def test_support_sees_the_case_but_not_the_person(case, client, session):
    full, masked = shown(session, case), shown(session, case, staff("support", 9))

    assert full.payload["client"]["email"] == client.email
    assert masked.payload["client"]["email"] == masks.mask(client.email)
    assert masked.payload["reasons"] == full.payload["reasons"]
    text = str(masked.payload)
    assert not any(
        secret in text for secret in (client.email, client.phone, str(client.birth_date))
    )


def test_papers_and_checks_are_part_of_what_was_shown(case, client, session, module_database):
    zone = people.td3(birth="900518")
    document = kyc.upload_document(
        session,
        client.id,
        kind="passport",
        file_name="my passport.png",
        content=a_picture(),
        mrz=zone,
        actor=herself(client),
        now=NOW,
        vault=Vault(module_database.settings),
    )
    kyc.submit(session, client.id, actor=herself(client), now=NOW)

    payload = shown(session, case).payload

    (paper,) = payload["documents"]
    assert (paper["id"], paper["sha256"], paper["mrz"], paper["document_number"]) == (
        str(document.id),
        document.sha256,
        zone,
        "C01X00T47",
    )
    assert paper["printed"] == {"name": "LENA WEBER", "birth_date": "1990-05-18"}
    assert [check["profile"]["last_name"] for check in payload["checks"]] == ["Weber", "Weber"]
    ground = payload["grounds"]["birth_date_differs"]
    assert ground["saw"] == {"birth_date_match": "differs"}
    assert ground["compared"]["printed"]["birth_date"] == "1990-05-18"


def test_the_identity_file_is_no_part_of_what_support_is_shown(case, session):
    masked = shown(session, case, staff("support", 9)).payload

    assert not rules.IDENTITY_FILE & masked.keys()


def test_evidence_is_read_back_masked_for_whoever_reads_it_and_the_look_is_recorded(
    case, client, session
):
    evidence = shown(session, case)
    decide(session, case, evidence)

    def read(viewer):
        return service.read_evidence(session, evidence.id, actor=viewer, now=NOW)[1]

    assert read(COLLEAGUE) == evidence.payload
    assert read(staff("support", 9))["client"]["email"] == masks.mask(client.email)
    with pytest.raises(Forbidden):
        read(staff("sales", 9))
    looks = session.scalars(select(Event).where(Event.verb == "evidence:read")).all()
    assert {look.evidence_id for look in looks} == {evidence.id}


def test_exactly_what_was_shown_is_kept_with_its_hash(case, session):
    evidence = shown(session, case)

    session.expire(evidence)
    assert evidence.payload_sha256 == rules.digest(evidence.payload)
    assert evidence.payload["client"]["reference"]
    assert evidence.case_version == case.version


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("", ""),
        ("Lena", "****"),
        ("Weber", "*****"),
        ("Müller", "Mü**er"),
        ("1990-05-17", "19******17"),
    ],
)
def test_a_mask_shows_two_signs_on_either_side_and_of_short_texts_none(text, masked):
    assert masks.mask(text) == masked


def test_a_withdrawn_case_cannot_be_decided(case, client, session):
    evidence = shown(session, case)
    service.withdraw(session, "kyc", client.id, note="gone", actor=Actor.system("test"), now=NOW)

    with pytest.raises(CaseDecided):
        decide(session, case, evidence)


def test_a_verified_client_can_be_taken_into_review_again(case, client, session):
    decide(session, case, shown(session, case))

    clients.change_stage(
        session, client, Stage.IN_REVIEW, reason="list changed", actor=OFFICER, now=NOW
    )

    assert client.stage == Stage.IN_REVIEW
