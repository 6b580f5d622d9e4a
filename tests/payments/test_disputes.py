"""What clients' banks question: stages, deadlines, the evidence, and our one answer."""

import io
from datetime import timedelta
from decimal import Decimal

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from operational.access import queries as access
from operational.access import sessions
from operational.access.matrix import Role
from operational.kit.actor import Actor
from operational.kit.errors import Forbidden, InvalidInput
from operational.kit.ids import uuid7
from operational.messaging.models import OutboxMessage
from operational.payments.disputes import errors, facts, paper, queries, ratios, rules, service
from operational.payments.disputes.models import EvidencePack
from operational.payments.disputes.rules import Told
from operational.payments.disputes.states import OPEN, RANKS, Stage
from operational.platforms.history import Trade
from operational.rules import engine, tables
from tests.payments.deposits import (
    NOW,
    a_deposit,
    a_verified_client,
    hear,
    rules_in_force,
    wallet_minor,
)

FINANCE = Actor(str(uuid7()), "Nora Fin", frozenset({Role.FINANCE}))
DUE = {"evidence_details": {"due_by": int((NOW + timedelta(days=9)).timestamp())}}
FRAUD = {"reason": "fraudulent", "network_reason_code": "10.4", **DUE}


@pytest.fixture
def client(session):
    rules_in_force(session)
    return a_verified_client(session)


@pytest.fixture
def payment(session, client):
    found = a_deposit(session, client)
    found.psp_payment_id = f"pi_{found.reference}"
    return hear(session, found, "payment_intent.succeeded")


@pytest.fixture
def disputed(session, payment):
    """The deposit, charged back as fraud, with nine days to answer."""
    hear(session, payment, "charge.dispute.created", **FRAUD)
    return queries.get(session, session.scalar(queries.of_payment(payment.id)).reference)


def make_pack(session, dispute, platform=lambda: None):
    return service.make_pack(session, dispute.reference, platform=platform, actor=FINANCE, now=NOW)


def read(content: bytes) -> str:
    """All text on a PDF's pages."""
    with pikepdf.open(io.BytesIO(content)) as document:
        words = [
            bytes(operand)
            for page in document.pages
            for operands, operator in pikepdf.parse_content_stream(page)
            if str(operator) == "Tj"
            for operand in operands
        ]
    return "\n".join(word.decode("latin-1") for word in words)


told = st.builds(
    Told,
    stage=st.sampled_from(Stage),
    amount_minor=st.integers(1, 3),
    occurred_at=st.integers(0, 3).map(lambda hours: NOW + timedelta(hours=hours)),
    key=st.sampled_from("abc"),
    reason=st.sampled_from([None, "fraudulent"]),
    due_at=st.sampled_from([None, NOW, NOW + timedelta(days=1)]),
)


@given(
    st.lists(told, min_size=1, max_size=6, unique_by=lambda one: (one.stage, one.key)), st.data()
)
def test_neither_order_nor_repetition_changes_where_a_dispute_stands(all_told, data):
    shuffled = data.draw(st.permutations(all_told + all_told[:2]))

    standing = rules.judge(shuffled)

    assert standing == rules.judge(all_told)
    assert RANKS[standing.stage] == max(RANKS[one.stage] for one in all_told)


def test_an_inquiry_moves_no_money_and_the_deadline_stands_on_the_list(session, client, payment):
    hear(session, payment, "charge.dispute.created", status="warning_needs_response", **FRAUD)
    [found] = session.scalars(queries.unanswered())

    assert (found.stage, found.due_at) == ("inquiry", NOW + timedelta(days=9))
    assert (payment.status, wallet_minor(session, client)) == ("succeeded", 100_00)
    assert queries.history(session, client.id) == queries.History(1, 0, 0, NOW)

    hear(session, payment, "charge.dispute.updated", status="needs_response", **FRAUD)
    hear(session, payment, "charge.dispute.closed", status="lost", **FRAUD)

    assert (found.stage, found.ended_at) == ("lost", NOW)
    assert (payment.status, wallet_minor(session, client)) == ("charged_back", 0)
    history = queries.history(session, client.id)
    assert (history.has_open_dispute, history.chargeback_count, history.lost_count) == (False, 1, 1)
    assert session.scalars(queries.unanswered()).all() == []


def test_a_bank_that_changed_its_mind_after_we_had_lost_gives_the_money_back(
    session, client, payment
):
    for status in ("needs_response", "lost", "won"):
        hear(session, payment, "charge.dispute.funds_reinstated", status=status, **FRAUD)

    assert session.scalar(queries.of_payment(payment.id)).stage == "won"
    assert (payment.status, wallet_minor(session, client)) == ("chargeback_won", 100_00)


def test_the_pack_proves_the_deposit_and_shows_no_more_than_its_maker_may_see(
    session, client, payment, disputed
):
    user = access.user(session, client.user_id)
    sessions.open_session(session, user, ip="198.51.100.7", user_agent="Firefox/150", now=NOW)
    traded = [Trade(NOW, 700_001, 42, "buy", "EURUSD", Decimal("0.5"), "1.08500", "12.30")]

    seen = facts.collect(session, disputed, traded, FINANCE.roles)
    text = read(paper.render(seen, disputed.reference, made_by=FINANCE.name, now=NOW))

    for shown in (
        f"Evidence for dispute {disputed.reference}",
        "fraudulent 10.4",
        payment.reference,
        payment.psp_payment_id,
        "100.00 USD",
        "Lena Weber",
        "from 198.51.100.7, Firefox/150",
        "buy 0.5 EURUSD at 1.08500, deal 42",
        "credited whole to the client's own wallet",
    ):
        assert shown in text, shown
    assert client.email not in text
    assert seen.summary["service_date"] == "2026-03-02"
    whole = facts.collect(session, disputed, traded, frozenset({Role.FINANCE, Role.COMPLIANCE}))
    assert whole.summary["email"] == client.email


def test_a_name_in_other_letters_is_readable_on_paper(session, client, disputed):
    client.first_name, client.last_name = "Светлана", "Łuczak"
    seen = facts.collect(session, disputed, None, FINANCE.roles)

    text = read(paper.render(seen, disputed.reference, made_by="Νίκος", now=NOW))

    assert "Svetlana Luczak" in text
    assert "could not be asked" in text


def test_a_dispute_is_answered_once_with_a_pack_that_stays_as_it_was(session, disputed):
    pack = make_pack(session, disputed)
    with pytest.raises(errors.PackNotFound):
        service.defend(session, disputed.reference, uuid7(), actor=FINANCE, now=NOW)

    service.defend(session, disputed.reference, pack.id, actor=FINANCE, now=NOW)

    assert (disputed.answer, disputed.answer_status) == ("evidence", "sending")
    command = session.scalars(
        select(OutboxMessage).where(OutboxMessage.topic == service.ANSWER_DISPUTE)
    ).one()
    assert command.payload["pack_id"] == str(pack.id)
    for again in (
        lambda: service.defend(session, disputed.reference, pack.id, actor=FINANCE, now=NOW),
        lambda: service.accept(
            session, disputed.reference, reason="not worth it", actor=FINANCE, now=NOW
        ),
        lambda: service.hand_in(
            session, disputed.reference, note="by their pages", actor=FINANCE, now=NOW
        ),
    ):
        with pytest.raises(errors.NotAnswerable):
            again()
    with pytest.raises(DBAPIError, match="permission denied"), session.begin_nested():
        session.execute(update(EvidencePack).values(content=b"another"))


def test_only_finance_answers_with_a_reason_and_only_while_the_bank_waits(
    session, payment, disputed
):
    support = Actor(str(uuid7()), "Sam", frozenset({Role.SUPPORT}))
    with pytest.raises(Forbidden):
        service.make_pack(
            session, disputed.reference, platform=lambda: None, actor=support, now=NOW
        )
    with pytest.raises(InvalidInput):
        service.accept(session, disputed.reference, reason=" ", actor=FINANCE, now=NOW)

    hear(session, payment, "charge.dispute.closed", status="lost", **FRAUD)

    assert disputed.stage not in OPEN
    with pytest.raises(errors.NotAnswerable):
        service.accept(session, disputed.reference, reason="not worth it", actor=FINANCE, now=NOW)


def test_a_providers_disputes_stand_beside_its_sales_of_the_month(session, client, payment):
    for number in range(2):
        more = a_deposit(session, client, "50.00 USD")
        more.psp_payment_id = f"pi_{more.reference}{number}"
        hear(session, more, "payment_intent.succeeded")
    hear(session, payment, "charge.dispute.created", status="warning_needs_response", **FRAUD)

    [quiet] = ratios.ratios(session, NOW)
    hear(session, payment, "charge.dispute.updated", status="needs_response", **FRAUD)
    [high] = ratios.ratios(session, NOW)

    assert (quiet.sale_count, quiet.dispute_count, quiet.level) == (3, 0, "fine")
    assert (high.dispute_count, high.ratio_bps, high.level) == (1, 3334, "early")
    assert ratios.ratios(session, NOW + timedelta(days=400)) == []


@pytest.mark.parametrize(
    ("bps", "count", "level"),
    [
        (64, 5000, "fine"),
        (65, 75, "early"),
        (89, 100, "early"),
        (90, 100, "standard"),
        (149, 1500, "standard"),
        (150, 1499, "standard"),
        (150, 1500, "excessive"),
        (140, 74, "fine"),
        (200, 3, "early"),
    ],
)
def test_how_near_a_month_comes_to_what_card_schemes_tolerate(bps, count, level):
    table = tables.shipped(tables.DISPUTE_RATIOS)

    found = engine.evaluate(table, {"ratio_bps": bps, "dispute_count": count}).outcome

    assert found["level"] == level
