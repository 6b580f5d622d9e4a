"""D1: every check-then-act of the product, done by two sessions at once, two thousand times each.

Each section says how many of two may pass and what must not be there afterwards. Its planted bug is
the product with that section's guards taken away, and is seen red.
"""

import re

import pytest
from sqlalchemy.exc import OperationalError

from operational.access import approvals, sessions
from operational.access.models import User
from operational.access.passwords import PasswordHash
from operational.clients import service as clients
from operational.clients.forms import LeadForm
from operational.kit import db, ids
from operational.kit.actor import Actor
from operational.kit.errors import DomainError
from operational.kit.money import Money
from operational.kyc import service as kyc
from operational.ledger import service as ledger
from operational.partners import service as partners
from operational.payments import service as payments
from operational.payments.psp import PspEvent
from operational.payments.states import News, PaymentStatus
from operational.platforms import service as platforms
from operational.review.states import CaseStatus
from operational.rules import service as decisions
from operational.rules import tables
from tests.faults import contenders
from tests.faults.contenders import MINOR, OFFICER
from tests.faults.duels import LOCKS, Guards, Section, anomalies
from tests.payments.deposits import NOW, STRIPE, SYSTEM, rules_in_force
from tests.times import TIMES

ROUNDS = 500 * TIMES
"""A planted bug shows within a hundred; ``TIMES=4`` tries two thousand."""
PLANTED_ROUNDS = 100
HALF_A_DAY = Money(2_000_000, "USD")
"""Half of what a client may pay in on one day."""
EVERYTHING = Money(MINOR, "USD")
CHECKERS = [Actor(str(ids.uuid7()), "X", frozenset({"super_admin"})) for _ in range(2)]
PUBLISHER = Actor.system("publisher")

ROW_LOCKS = Guards(statements=LOCKS)


def prepare_transfers(session, count):
    return contenders.trading_accounts(session, contenders.rich(session, count)[0], 2)


def transfer(session, accounts, which):
    platforms.fund(session, accounts[which], EVERYTHING, actor=SYSTEM, now=NOW)


def settle_or_void(session, held, which):
    key, wallet, fees = held
    if which == 0:
        ledger.void_hold(session, key)
        return
    legs = [ledger.Leg(wallet, -EVERYTHING), ledger.Leg(fees, EVERYTHING)]
    ledger.post(
        session, f"fee:{key}", kind="fee", legs=legs, effective_at=NOW, actor=SYSTEM, settles=key
    )


def reverse(session, journal, which):
    key = f"undo:{which}:{journal}"
    ledger.reverse(session, journal, key, kind="undo", effective_at=NOW, actor=SYSTEM)


def prepare_deposits(session, count):
    owners = contenders.people(session, count)
    contenders.payments(session, owners, HALF_A_DAY.minor, PaymentStatus.PENDING)
    return owners


def ask_for_half_a_day(session, client, which):
    payments.request_deposit(session, client, HALF_A_DAY, method="card", actor=SYSTEM, now=NOW)


def prepare_payments(session, count):
    owners = contenders.people(session, count)
    return contenders.payments(session, owners, MINOR, PaymentStatus.PENDING)


def told(payment, news, number):
    return PspEvent(
        external_id=f"evt_{payment.reference}_{news}_{number}",
        news=news,
        operation_id=f"op_{payment.reference}",
        psp_payment_id=f"pi_{payment.reference}",
        reference=payment.reference,
        amount=EVERYTHING,
        occurred_at=NOW,
    )


def hear_of_success(session, payment, which):
    event = told(payment, News.SUCCEEDED, which)
    payments.apply_event(session, STRIPE, event, now=NOW)


def hear_of_return(session, payment, which):
    news = (News.REFUNDED, News.CHARGED_BACK)[which]
    payments.apply_event(session, STRIPE, told(payment, news, 0), now=NOW)


def prepare_nine_accounts(session, count):
    owners = contenders.people(session, count)
    contenders.trading_accounts(session, owners, 9)
    return owners


def ask_for_an_account(session, client, which):
    platforms.request_account(session, client, currency="USD", leverage=100, actor=SYSTEM, now=NOW)


def agree_or_refuse(session, approval, which):
    approvals.decide(session, approval, agree=which == 0, actor=CHECKERS[which], now=NOW)


def use_code(session, user, which):
    if not sessions._use_step(session, session.get_one(User, user), 1):
        raise sessions.SignInRefused("x", user, "code")


def take_over(session, subject, which):
    client, others = subject
    partners.move_client(
        session, client, others[which], since=NOW, reason="x", actor=SYSTEM, now=NOW
    )


def prepare_one_pair(session, count):
    return [contenders.partners(session, 2)] * count


def climb(session, pair, which):
    partners.move_partner(
        session, pair[which], pair[1 - which], since=NOW, reason="x", actor=SYSTEM, now=NOW
    )


def prepare_forms(session, count):
    return [
        LeadForm(
            email=f"{ids.uuid7().hex}@example.com",
            password="a long enough phrase",
            first_name="Twin",
            last_name="Twin",
            country="DE",
        )
        for _ in range(count)
    ]


def register(session, form, which):
    # Made beforehand, as at the door.
    clients.register_lead(session, form, actor=SYSTEM, now=NOW, password_hash=PasswordHash("!"))


def decide(session, shown, which):
    """The same in both windows, for then the client's stage refuses neither."""
    case, evidence = shown
    kyc.decide_case(
        session,
        case,
        verdict=CaseStatus.APPROVED,
        note="Seen in two windows.",
        evidence_id=evidence,
        actor=OFFICER,
        now=NOW,
    )


def prepare_drafts(session, count):
    return contenders.drafts(session, tables.PSP_ROUTING, count)


def publish(session, drafts, which):
    decisions.publish(session, drafts[which], actor=PUBLISHER, now=NOW)


SECTIONS = {
    "two transfers never spend the same money": Section(
        prepare_transfers,
        transfer,
        Guards(schema=["alter table ledger.balance drop constraint ck_balance_floor"]),
    ),
    "a hold is settled or voided, not both": Section(
        contenders.holds,
        settle_or_void,
        Guards(
            schema=[
                "alter table ledger.balance drop constraint ck_balance_held",
                "drop trigger hold_ends_once on ledger.hold",
            ],
            functions=[("ledger.end_hold", "and status = 'held' ")],
        ),
    ),
    "a journal is reversed once": Section(
        contenders.journals,
        reverse,
        Guards(schema=["alter table ledger.journal drop constraint uq_journal_reverses"]),
    ),
    "two deposits never share the last of the daily limit": Section(
        prepare_deposits, ask_for_half_a_day, ROW_LOCKS
    ),
    "told the same in two events, it is booked once": Section(
        prepare_payments,
        hear_of_success,
        Guards(
            statements=LOCKS,
            schema=["alter table ledger.journal drop constraint uq_journal_op_key"],
            functions=[("ledger.write_journal", "on conflict (op_key) do nothing ")],
        ),
        allowed=2,
        wrong="select count(*) from ledger.balance where posted not in (0, 10000)",
    ),
    "a refund and a chargeback at once take no more than was told": Section(
        contenders.captured,
        hear_of_return,
        ROW_LOCKS,
        allowed=2,
        wrong="""
            select count(*) from ledger.account
            where code like 'client_debt:%%'
              and (select sum(amount) from ledger.entry where account_id = account.id) <> -10000
        """,
    ),
    "nobody opens an eleventh account by being quick": Section(
        prepare_nine_accounts, ask_for_an_account, ROW_LOCKS
    ),
    "a role is agreed to or refused, not both": Section(
        contenders.wishes, agree_or_refuse, ROW_LOCKS
    ),
    "a one-time code works once": Section(
        contenders.users,
        use_code,
        Guards(statements=[(re.compile(r" AND \(access.*totp_last_step < .*\)"), "")]),
    ),
    "a client wanted by two partners belongs to one": Section(
        contenders.attributed,
        take_over,
        Guards(statements=LOCKS, schema=["drop index partners.uq_attribution_live"]),
        allowed=2,
        wrong="""
            select count(*) from (select from partners.attribution where valid_to is null
                                  group by client_id having count(*) > 1) as shared
        """,
    ),
    "two partners never stand above each other": Section(
        prepare_one_pair,
        climb,
        ROW_LOCKS,
        between="update partners.edge set valid_to = valid_from where valid_to is null",
    ),
    "one e-mail registers once": Section(
        prepare_forms,
        register,
        Guards(
            schema=[
                'alter table access."user" drop constraint uq_user_email',
                "alter table clients.client drop constraint uq_client_email",
            ]
        ),
    ),
    "a person's case is decided once": Section(contenders.cases, decide, ROW_LOCKS),
    "of two versions published at once one is in force": Section(
        prepare_drafts,
        publish,
        Guards(statements=LOCKS, schema=["drop index rules.uq_table_version_live"]),
        allowed=2,
        wrong="""
            select count(*) - 1 from rules.table_version
            where name = 'psp_routing' and status = 'published'
        """,
    ),
}


@pytest.mark.parametrize("name", SECTIONS)
def test_it_holds_when_two_do_it_at_once(database, name):
    engine = database.engine(db.WORKER)
    with db.transaction(engine) as session:
        rules_in_force(session)

    assert anomalies(engine, SECTIONS[name], ROUNDS) == 0


@pytest.mark.parametrize("name", SECTIONS)
def test_without_its_guards_it_does_not(database, name):
    engine = SECTIONS[name].guards.lower(database)
    with db.transaction(engine) as session:
        rules_in_force(session)

    refusals = (DomainError, OperationalError)

    assert anomalies(engine, SECTIONS[name], PLANTED_ROUNDS, refusals) > 0
