"""A decision and a change of the client at one moment: whoever locks first is first, for both."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from operational.clients import service as clients
from operational.clients.models import Client
from operational.clients.states import Stage
from operational.kit import db
from operational.kit.actor import Actor
from operational.kyc import lists
from operational.kyc import service as kyc
from operational.kyc.screening import Entry
from operational.kyc.vault import Vault
from operational.review import queries
from operational.review.errors import EvidenceStale
from operational.rules import service as decisions
from tests.kyc.people import NOW, a_client, a_picture, herself, profile, staff

OFFICER = staff("compliance", 1)
WAITING = text(
    "select count(*) from pg_stat_activity "
    "where datname = current_database() and wait_event_type = 'Lock'"
)


@pytest.fixture
def engine(module_database):
    engine = module_database.engine(db.API)
    with db.transaction(engine) as session:
        decisions.install_defaults(session, NOW)
        entries = [Entry("un", "1", "Somebody Else")]
        lists.load_list(session, "un", "1", entries, actor=Actor.system("test"), now=NOW)
    return engine


@pytest.fixture
def stopped(engine, request):
    """A client who stopped, their case, and the evidence an officer was shown of it."""
    name = request.node.callspec.id.replace("_", "")
    with db.transaction(engine) as session:
        client = a_client(session, f"{name}@example.com", device=name, ip=None)
        kyc.submit(session, client.id, actor=herself(client), now=NOW)
        case = session.scalars(queries.open_case_of("kyc", client.id)).one()
        evidence = kyc.serve_case(session, case.id, actor=OFFICER, now=NOW)
    return client, case, evidence


def rename(session, client, _):
    told = profile(first_name="Helen")
    clients.complete_profile(session, client.id, told, actor=herself(client), now=NOW)


def hand_in(session, client, settings):
    kyc.upload_document(
        session,
        client.id,
        kind="passport",
        file_name="p.png",
        content=a_picture(),
        actor=herself(client),
        now=NOW,
        vault=Vault(settings),
    )


def ask_again(session, client, _):
    kyc.submit(session, client.id, actor=herself(client), now=NOW)


def decide(engine, case, evidence):
    with db.transaction(engine) as session:
        kyc.decide_case(
            session,
            case.id,
            verdict="approved",
            note="spoke to the client",
            evidence_id=evidence.id,
            actor=OFFICER,
            now=NOW,
        )


def wait_until_somebody_waits(engine):
    with engine.connect() as connection:
        while not connection.execute(WAITING).scalar_one():
            connection.rollback()


@pytest.mark.parametrize("change", [rename, hand_in])
def test_a_decision_that_waited_for_a_change_sees_it(engine, stopped, module_database, change):
    client, case, evidence = stopped
    with ThreadPoolExecutor(1) as elsewhere:
        with db.transaction(engine) as session:
            change(session, client, module_database.settings)
            session.flush()
            decision = elsewhere.submit(decide, engine, case, evidence)
            wait_until_somebody_waits(engine)
        with pytest.raises(EvidenceStale):
            decision.result()

    with db.transaction(engine) as session:
        assert session.get_one(Client, client.id).stage == Stage.IN_REVIEW


@pytest.mark.parametrize("change", [ask_again])
def test_a_decision_stands_although_the_client_asks_again(engine, stopped, change):
    client, case, evidence = stopped
    with ThreadPoolExecutor(1) as elsewhere:
        with db.transaction(engine) as session:
            change(session, client, None)
            session.flush()
            decision = elsewhere.submit(decide, engine, case, evidence)
            wait_until_somebody_waits(engine)
        decision.result()

    with db.transaction(engine) as session:
        assert session.get_one(Client, client.id).stage == Stage.VERIFIED
