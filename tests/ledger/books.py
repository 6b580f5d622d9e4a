"""Accounts to post to, and the checks an auditor would run on any ledger."""

from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from operational.kit.actor import Actor
from operational.kit.ids import uuid7
from operational.kit.money import Money
from operational.ledger import service

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CASHIER = Actor.system("cashier")

DIFFERENCES = text("""
    select 'journal does not sum to zero', journal_id::text from ledger.entry
    group by journal_id, currency having sum(amount) <> 0
    union all
    select 'journal has fewer than two legs', journal.id::text from ledger.journal
    left join ledger.entry on entry.journal_id = journal.id group by journal.id having count(entry.id) < 2
    union all
    select 'cached balance differs from its entries', balance.account_id::text from ledger.balance
    left join ledger.entry on entry.account_id = balance.account_id
    group by balance.account_id, balance.posted having balance.posted <> coalesce(sum(entry.amount), 0)
    union all
    select 'running balance differs', id::text from (
        select id, balance_after,
               sum(amount) over (partition by account_id order by id) as running
        from ledger.entry
    ) as entries where balance_after is not null and balance_after <> running
    union all
    select 'held differs from open holds', balance.account_id::text from ledger.balance
    left join ledger.hold on hold.account_id = balance.account_id and hold.status = 'held'
    group by balance.account_id, balance.held having balance.held <> coalesce(sum(hold.amount), 0)
    union all
    select 'below its floor', account_id::text from ledger.balance where posted - held < floor
""")


def differences(session: Session) -> list[tuple[str, str]]:
    """Everything wrong with the books, in words, with the id. Empty when they are right."""
    return [tuple(row) for row in session.execute(DIFFERENCES)]


def wallet(session: Session, currency: str = "USD") -> int:
    return service.client_wallet(session, uuid7(), currency)


def clearing(session: Session, currency: str = "USD") -> int:
    return service.control_account(session, "psp:test", "asset", currency)


def deposit(
    session: Session, account: int, minor: int, key: str | None = None, currency: str = "USD"
) -> int:
    """Credit `account` from PSP clearing; return the journal."""
    legs = [
        service.Leg(account, Money(minor, currency)),
        service.Leg(clearing(session, currency), Money(-minor, currency)),
    ]
    return service.post(
        session,
        key or f"deposit:{uuid7()}",
        kind="deposit",
        legs=legs,
        effective_at=NOW,
        actor=CASHIER,
    )
