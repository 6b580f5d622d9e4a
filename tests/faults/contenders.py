"""Whom and what the duels are about, made by the thousand: rows as the verbs leave them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from operational.access import approvals
from operational.access.approvals import Change
from operational.access.matrix import Role
from operational.access.models import User
from operational.clients.models import Client
from operational.clients.states import Stage
from operational.kit import ids
from operational.kit.actor import Actor
from operational.kyc import service as kyc
from operational.ledger import service as ledger
from operational.ledger.models import Journal
from operational.partners.models import Attribution, Partner
from operational.payments.models import Payment, PaymentEvent
from operational.payments.states import News, PaymentStatus
from operational.platforms import rules, service
from operational.platforms.models import TradingAccount
from operational.platforms.states import AccountStatus
from operational.review.models import Case
from operational.rules.models import TableVersion
from tests.payments.deposits import NOW

MINOR = 10_000
MAKER = Actor(str(ids.uuid7()), "Mo", frozenset({"super_admin"}))
OFFICER = Actor(str(ids.uuid7()), "Cleo", frozenset({"compliance"}))


def users(session: Session, count: int) -> list[UUID]:
    rows = [
        {"id": ids.uuid7(), "email": f"{ids.uuid7()}@x.example", "name": "X", "password_hash": "!"}
        for _ in range(count)
    ]
    session.execute(insert(User), rows)
    return [row["id"] for row in rows]


def people(session: Session, count: int, stage: Stage = Stage.VERIFIED) -> list[UUID]:
    """Clients, by id."""
    rows = [
        {
            "id": ids.uuid7(),
            "reference": ids.reference("C"),
            "user_id": user,
            "email": f"{user}@x.example",
            "mailbox": f"{user}@x.example",
            "first_name": "Lena",
            "last_name": "Weber",
            "name_key": "lena weber",
            "country": "US",
            "language": "en",
            "stage": stage,
            "source": "web",
            "campaign": {},
            "queue": "x",
            "routing_reason": "x",
            "registered_at": NOW,
        }
        for user in users(session, count)
    ]
    session.execute(insert(Client), rows)
    return [row["id"] for row in rows]


def wallets(session: Session, owners: Sequence[UUID]) -> list[int]:
    """An empty wallet each."""
    opened = text("""
        select ledger.open_account(code, 'liability', 'USD', id, true, 0)
        from unnest(cast(:ids as uuid[]), cast(:codes as text[])) with ordinality as given (id, code, number)
        order by number
    """)
    codes = [f"wallet:{owner}:USD" for owner in owners]
    return list(session.scalars(opened, {"ids": list(owners), "codes": codes}))


def paid_in(
    session: Session, keys: Sequence[str], owners: Sequence[UUID], kind: str, source: int
) -> list[int]:
    """Money from `source` on a wallet each, by a journal each."""
    post = text("""
        select ledger.post(:key, :kind, :now, 'test', array[:wallet, :source]::bigint[],
                           array[:minor, - cast(:minor as bigint)], array['USD', 'USD'])
    """)
    common = {"kind": kind, "source": source, "now": NOW, "minor": MINOR}
    found = wallets(session, owners)
    rows = [
        {"key": key, "wallet": wallet, **common} for key, wallet in zip(keys, found, strict=True)
    ]
    session.execute(post, rows)
    return found


def rich(session: Session, count: int) -> tuple[list[UUID], list[int]]:
    """Clients with money: their ids and their wallets."""
    owners = people(session, count)
    gift = ledger.control_account(session, "test:gift", "expense", "USD")
    return owners, paid_in(session, [f"gift:{one}" for one in owners], owners, "gift", gift)


def holds(session: Session, count: int) -> list[tuple[str, int, int]]:
    """All of a wallet held: the hold's key, the wallet, and where the money would go."""
    fees = ledger.control_account(session, "fees", "income", "USD")
    held = [(f"hold:{wallet}", wallet, fees) for wallet in rich(session, count)[1]]
    hold = text("select ledger.hold(:key, :wallet, :minor)")
    session.execute(hold, [{"key": k, "wallet": w, "minor": MINOR} for k, w, _ in held])
    return held


def journals(session: Session, count: int) -> list[int]:
    """Of money paid in, each on a wallet of its own with as much again: the floor must not save us."""
    owners, _ = rich(session, count)
    gift = ledger.control_account(session, "test:gift", "expense", "USD")
    paid_in(session, [f"second gift:{one}" for one in owners], owners, "gift", gift)
    newest = select(Journal.id).order_by(Journal.id.desc()).limit(count)
    return list(session.scalars(newest))


def trading_accounts(session: Session, owners: Sequence[UUID], each: int) -> list[list[UUID]]:
    """Open accounts, so many for each owner."""
    rows = [
        {
            "id": ids.uuid7(),
            "reference": ids.reference("A"),
            "client_id": owner,
            "platform": service.PLATFORM,
            "server": service.SERVER,
            "login": number * each + nth + 1,
            "group_name": rules.group_of("USD"),
            "currency": "USD",
            "leverage": 100,
            "desired_status": AccountStatus.ACTIVE,
            "observed_status": AccountStatus.ACTIVE,
            "requested_at": NOW,
        }
        for number, owner in enumerate(owners)
        for nth in range(each)
    ]
    session.execute(insert(TradingAccount), rows)
    return [
        [row["id"] for row in rows[start : start + each]] for start in range(0, len(rows), each)
    ]


def payments(
    session: Session, owners: Sequence[UUID], minor: int, status: PaymentStatus, **more: Any
) -> list[Payment]:
    """A deposit each, asked for an hour ago."""
    made = [
        Payment(
            id=ids.uuid7(),
            reference=ids.reference("D"),
            client_id=owner,
            direction="deposit",
            method="card",
            country="US",
            psp="stripe",
            fallback_psps=[],
            routing_decision_id=ids.uuid7(),
            amount_minor=minor,
            currency="USD",
            status=status,
            requested_at=NOW - timedelta(hours=1),
            **more,
        )
        for owner in owners
    ]
    session.add_all(made)
    session.flush()
    return made


def captured(session: Session, count: int) -> list[Payment]:
    """Deposits that are in the books, each on its client's wallet."""
    owners = people(session, count)
    found = payments(session, owners, MINOR, PaymentStatus.SUCCEEDED, succeeded_at=NOW)
    told = [
        PaymentEvent(
            payment_id=one.id,
            psp="stripe",
            external_id=f"evt_{one.reference}",
            news=News.SUCCEEDED,
            operation_id=f"op_{one.reference}",
            amount_minor=MINOR,
            currency="USD",
            is_applied=True,
            occurred_at=NOW,
            recorded_at=NOW,
            details={},
        )
        for one in found
    ]
    session.add_all(told)
    clearing = ledger.control_account(session, "psp:stripe", "asset", "USD")
    keys = [f"deposit:{one.id}" for one in found]
    paid_in(session, keys, owners, "deposit", clearing)
    return found


def cases(session: Session, count: int) -> list[tuple[UUID, UUID]]:
    """Clients in review, each with its case and what the officer was shown of it."""
    opened = [
        Case(
            id=ids.uuid7(),
            reference=ids.reference("R"),
            kind="kyc",
            subject_id=client,
            client_id=client,
            reasons=[{"code": "x", "sentence": "X."}],
            opened_at=NOW,
        )
        for client in people(session, count, Stage.IN_REVIEW)
    ]
    session.add_all(opened)
    session.flush()
    return [(one.id, kyc.serve_case(session, one.id, actor=OFFICER, now=NOW).id) for one in opened]


def drafts(session: Session, name: str, count: int) -> list[tuple[UUID, UUID]]:
    """Two unpublished versions of a decision table each."""
    rows = [
        {
            "id": ids.uuid7(),
            "name": name,
            "version": number + 2,
            "content": {},
            "content_sha256": b"x",
            "note": "x",
            "made_by": "x",
        }
        for number in range(2 * count)
    ]
    session.execute(insert(TableVersion), rows)
    found = [row["id"] for row in rows]
    return list(zip(found[::2], found[1::2], strict=True))


def wishes(session: Session, count: int) -> list[UUID]:
    """A role asked for, for a user each."""
    return [
        approvals.request(
            session, user, Change.GRANT, Role.SUPPORT, reason="helps out", actor=MAKER, now=NOW
        ).id
        for user in users(session, count)
    ]


def partners(session: Session, count: int) -> list[UUID]:
    rows = [
        {
            "id": ids.uuid7(),
            "reference": ids.reference("P"),
            "user_id": user,
            "name": "X",
            "code": f"X{user.hex}",
            "country": "DE",
            "currency": "USD",
            "plan_name": "standard",
            "mailbox": f"{user}@p.example",
            "name_key": "x",
            "joined_at": NOW,
        }
        for user in users(session, count)
    ]
    session.execute(insert(Partner), rows)
    return [row["id"] for row in rows]


def attributed(session: Session, count: int) -> list[tuple[UUID, list[UUID]]]:
    """Clients of one partner, each with two others that want them."""
    holder, *others = partners(session, 3)
    owners = people(session, count)
    rows = [
        {"client_id": owner, "partner_id": holder, "reason": "x", "valid_from": NOW - timedelta(1)}
        for owner in owners
    ]
    session.execute(insert(Attribution), rows)
    return [(owner, others) for owner in owners]
