"""M3, M9, D1: withdrawals asked for, decided, paid and failed by several at the same moment.

Each section's planted bug is the product without its locks, and is seen red.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import permutations
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from operational.kit import db
from operational.kit.errors import DomainError
from operational.kit.money import Money
from operational.ledger import service as ledger
from operational.messaging.answers import Done, Refused
from operational.messaging.models import OutboxMessage
from operational.payments.models import PaymentEvent
from operational.payments.states import News, PaymentStatus
from operational.payments.withdrawals import deciding, evidence, queries, service
from operational.payments.withdrawals.carrying import SendPayout
from operational.payments.withdrawals.models import Payout, Withdrawal
from operational.platforms import service as platforms
from operational.review import queries as review_queries
from operational.review import service as review
from tests.faults import contenders
from tests.faults.contenders import MINOR
from tests.faults.duels import LOCKS, Guards, Section, anomalies
from tests.payments.deposits import NOW, SYSTEM, rules_in_force
from tests.payments.withdrawals import KEY, NOTE, officer, tell
from tests.times import TIMES

ROUNDS, PLANTED_ROUNDS = 12 * TIMES, 10
PLANTED_TRIES = 10
"""One is nearly always enough; on a busy machine two may never meet in ten rounds."""
ALL, MOST = Money(MINOR, "USD"), Money(MINOR * 6 // 10, "USD")
ROW_LOCKS = Guards(statements=LOCKS)
COLLEAGUES = [officer("compliance", number) for number in (7, 8)]


def depositors(
    session: Session, count: int, deposited_minor: int = MINOR, *, days: int = 40
) -> list[Any]:
    """Clients with money in the wallet, and a deposit at Stripe that takes so much back."""
    owners, _ = contenders.rich(session, count)
    then = NOW - timedelta(days=days)
    status = PaymentStatus.SUCCEEDED
    for deposit in contenders.payments(session, owners, deposited_minor, status, succeeded_at=then):
        deposit.psp_payment_id = f"pi_{deposit.reference}"
        session.add(
            PaymentEvent(
                payment_id=deposit.id,
                psp=deposit.psp,
                external_id=f"evt_{deposit.reference}",
                news=News.SUCCEEDED,
                operation_id=deposit.psp_payment_id,
                amount_minor=deposited_minor,
                currency="USD",
                is_applied=True,
                occurred_at=then,
                recorded_at=then,
                details={},
            )
        )
    return owners


def take_out(session: Session, client_id: Any, amount: Money) -> Withdrawal:
    return service.request_withdrawal(session, client_id, amount, actor=SYSTEM, now=NOW)


def stopped(session: Session, count: int) -> list[tuple[Any, Any, list[Any]]]:
    """Withdrawals that wait for a person: their ids, their case, and what each colleague was shown."""
    found = []
    # Paid in lately, and not traded with: a person looks.
    for owner in depositors(session, count, days=1):
        withdrawal = take_out(session, owner, ALL)
        case = session.scalars(review_queries.open_case_of("withdrawal", withdrawal.id)).one()
        shown = [
            review.serve_case(session, case.id, about=evidence.about, actor=one, now=NOW).id
            for one in COLLEAGUES
        ]
        found.append((withdrawal.id, case.id, shown))
    return found


def approve(session: Session, waiting: Any, which: int) -> None:
    _, case_id, shown = waiting
    deciding.decide_case(
        session,
        case_id,
        verdict="approved",
        note=NOTE,
        evidence_id=shown[which],
        actor=COLLEAGUES[which],
        now=NOW,
    )


def approve_or_cancel(session: Session, waiting: Any, which: int) -> None:
    if which == 0:
        approve(session, waiting, 0)
    else:
        service.cancel(session, waiting[0], actor=SYSTEM, now=NOW)


SENT_TWICE = """
select count(*) from (select from messaging.outbox where topic = 'psp.send_payout'
                      group by aggregate having count(*) > 1) as twice"""
SECTIONS = {
    "two withdrawals never give the same deposit back": Section(
        lambda session, count: depositors(session, count, MOST.minor),
        # Both fit into the wallet; only one into the deposit.
        lambda session, owner, _: take_out(session, owner, Money(MINOR * 4 // 10, "USD")),
        ROW_LOCKS,
        wrong="""
        select count(*) from (
          select from payments.payout join payments.payment on payment.id = payout.payment_id
          group by payment.id, payment.amount_minor
          having sum(payout.amount_minor) > payment.amount_minor) as overdrawn""",
    ),
    "two people approve one withdrawal once": Section(
        stopped, approve, ROW_LOCKS, wrong=SENT_TWICE
    ),
    "a withdrawal is approved or cancelled, not both": Section(
        stopped, approve_or_cancel, ROW_LOCKS, wrong=SENT_TWICE
    ),
}


@pytest.mark.parametrize("name", SECTIONS)
def test_it_holds_when_two_do_it_at_once_and_not_without_its_guards(database, name):
    engine = database.engine(db.WORKER)
    with db.transaction(engine) as session:
        rules_in_force(session)

    assert anomalies(engine, SECTIONS[name], ROUNDS) == 0

    lowered = SECTIONS[name].guards.lower(database)
    refusals = (DomainError, OperationalError)
    tries = (
        anomalies(lowered, SECTIONS[name], PLANTED_ROUNDS, refusals) for _ in range(PLANTED_TRIES)
    )
    assert any(tries)


def test_what_is_large_together_needs_two_people_although_asked_for_at_once(database):
    """The daily limit: both see the other one, or the second of them does."""
    engine = database.engine(db.WORKER)
    half = Money(600_000, "USD")
    with db.transaction(engine) as session:
        rules_in_force(session)
        owners = depositors(session, 4, 2 * half.minor)
        for owner in owners:
            _gift(session, owner, 2 * half.minor)
    _all_at_once(
        engine,
        [lambda session, owner=owner: take_out(session, owner, half) for owner in owners * 2],
    )

    with db.transaction(engine) as session:
        asked = session.scalars(select(Withdrawal)).all()
        assert len(asked) == 2 * len(owners)
        assert {evidence.votes_needed(session, one) for one in asked} == {2}


def test_sixty_four_withdrawals_of_everything_a_transfer_and_a_fee_leave_once(database):
    """M3: exactly one of them gets the money, and nobody's wallet falls below nothing."""
    engine = database.engine(db.WORKER)
    with db.transaction(engine) as session:
        rules_in_force(session)
        owners = depositors(session, 3 * TIMES)
        accounts = contenders.trading_accounts(session, owners, 1)

    for owner, [account] in zip(owners, accounts, strict=True):
        withdrawals = [lambda session, it=owner: take_out(session, it, ALL)] * 62
        transfer = lambda session, it=account: platforms.fund(  # noqa: E731
            session, it, ALL, actor=SYSTEM, now=NOW
        )
        fee = lambda session, it=owner: _fee(session, it)  # noqa: E731
        assert _all_at_once(engine, [*withdrawals, transfer, fee])["done"] == 1

    with engine.connect() as connection:
        below = text("select count(*) from ledger.balance where posted - held < floor or held < 0")
        assert connection.scalar(below) == 0


def test_a_payout_settles_or_frees_its_hold_once_in_whatever_order_it_is_told(database):
    """M9: paid, refused and come back, in all orders, each told by two at once."""
    engine = database.engine(db.WORKER)
    with db.transaction(engine) as session:
        rules_in_force(session)
        owners = depositors(session, 6)
        sent = []
        for owner in owners:
            withdrawal = take_out(session, owner, MOST)
            case = session.scalars(review_queries.open_case_of("withdrawal", withdrawal.id)).first()
            assert case is None
            sent += [one.id for one in queries.legs_of(session, withdrawal.id)]

    for payout_id, order in zip(sent, permutations(("paid", "refused", "back")), strict=True):
        for step in order:
            _all_at_once(engine, [lambda s, p=payout_id, it=step: _told(s, p, it)] * 2)

    with db.transaction(engine) as session:
        # The first news of the deposit brought that into the books, too.
        held = text("select coalesce(sum(held), 0), min(posted), max(posted) from ledger.balance")
        assert tuple(session.execute(held).one()) == (0, 2 * MINOR, 2 * MINOR)
        assert {payout.status for payout in session.scalars(select(Payout))} == {"returned"}
        counted = Counter(session.scalars(text("select kind from ledger.journal")))
        assert (counted["payout"], counted["payout_returned"]) == (6, 6)


def _told(session: Session, payout_id: Any, what: str) -> None:
    payout = session.get_one(Payout, payout_id)
    match what:
        case "paid":
            tell(session, payout, News.REFUNDED)
        case "back":
            tell(session, payout, News.REFUND_FAILED)
        case _:
            command = select(OutboxMessage).where(OutboxMessage.aggregate == f"payout:{payout_id}")
            message = session.scalars(command).one()
            carrier = SendPayout({}, KEY)
            carrier.book(session, message, Refused("the card is closed"), now=NOW)
            carrier.book(session, message, Done({"psp_payout_id": None}), now=NOW)


def _gift(session: Session, owner: Any, minor: int) -> None:
    wallet = ledger.client_wallet(session, owner, "USD")
    source = ledger.control_account(session, "test:gift", "expense", "USD")
    amount = Money(minor, "USD")
    legs = [ledger.Leg(wallet, amount), ledger.Leg(source, -amount)]
    ledger.post(session, f"more:{owner}", kind="gift", legs=legs, effective_at=NOW, actor=SYSTEM)


def _fee(session: Session, owner: Any) -> None:
    wallet = ledger.client_wallet(session, owner, "USD")
    fees = ledger.control_account(session, "fees", "income", "USD")
    legs = [ledger.Leg(wallet, -ALL), ledger.Leg(fees, ALL)]
    ledger.post(session, f"fee:{owner}", kind="fee", legs=legs, effective_at=NOW, actor=SYSTEM)


def _all_at_once(engine: Any, works: list[Any]) -> Counter[str]:
    """Begin all of them behind one barrier; how many were done, and how many refused."""
    barrier = Barrier(len(works))

    def one(work: Any) -> str:
        barrier.wait(60)
        try:
            with db.transaction(engine) as session:
                work(session)
        except DomainError:
            return "refused"
        return "done"

    with ThreadPoolExecutor(len(works)) as crowd:
        return Counter(crowd.map(one, works))
