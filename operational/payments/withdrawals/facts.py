"""Everything the withdrawal table looks at, gathered in one place."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from operational.access import queries as access
from operational.access.sessions import ABSOLUTE
from operational.audit import queries as audit
from operational.audit.tags import Tag
from operational.clients import queries as clients
from operational.kit.actor import Actor
from operational.kit.money import Money
from operational.kyc import names
from operational.payments.disputes import queries as disputes
from operational.payments.models import Payment
from operational.payments.withdrawals import queries, rules
from operational.payments.withdrawals.models import Destination
from operational.payments.withdrawals.rules import Part
from operational.platforms import queries as platforms

RECENT = timedelta(hours=72)
"""How long new bank details count as new."""
MONTH = timedelta(days=30)

Facts = dict[str, Any]


def gather(
    session: Session,
    client_id: UUID,
    amount: Money,
    parts: Sequence[Part],
    target: Destination | None,
    *,
    actor: Actor,
    now: datetime,
) -> Facts:
    """What is known of a client, a device and a way out; whole numbers, text, nothing missing."""
    client = clients.get(session, client_id)
    return {
        "country": client.country,
        "kyc_days": (now - client.verified_at).days if client.verified_at else 0,
        "route": _route(parts),
        "currency": amount.currency,
        "amount": str(amount.major),
        # No model has scored anybody yet; once one does, its band comes in here.
        "score_band": "unknown",
        **_velocity(session, client_id, rules.usd(amount), now),
        **_security(session, client.user_id, actor, now),
        **_destination(session, client_id, target, now),
        **_disputes(session, client_id),
        **_trading(session, client_id, now),
    }


def _route(parts: Sequence[Part]) -> str:
    ways = {part.source is not None for part in parts}
    return "mixed" if len(ways) > 1 else ("source" if ways == {True} else "destination")


def _velocity(session: Session, client_id: UUID, amount_usd: int, now: datetime) -> Facts:
    before = queries.history_of(session, client_id, now)
    return {
        "amount_usd": amount_usd,
        "day_count": before.day_count + 1,
        "week_count": before.week_count + 1,
        "month_count": before.month_count + 1,
        "day_usd": before.day_usd + amount_usd,
        "week_usd": before.week_usd + amount_usd,
        "month_usd": before.month_usd + amount_usd,
        "paid_count": before.paid_count,
        "largest_usd": before.largest_usd,
    }


def _security(session: Session, user_id: UUID, actor: Actor, now: datetime) -> Facts:
    """The device and the address that ask, and how old the password is."""
    facts: Facts = {"device": "none", "device_hours": 0, "ip_hours": 0}
    if actor.session_id is not None:
        device, address = access.first_seen(session, actor.session_id, ABSOLUTE)
        facts = {
            "device": "known",
            "device_hours": _hours(device, now),
            "ip_hours": _hours(address, now),
        }
    changed = session.scalar(
        select(func.max(_CHANGES.c.at)).where(_CHANGES.c.subject_id == str(user_id))
    )
    return facts | {
        "password": "changed" if changed else "never",
        "password_hours": _hours(changed, now) if changed else 0,
    }


_CHANGES = audit.search(verb=Tag.USER_CHANGE_PASSWORD).subquery()


def _destination(
    session: Session, client_id: UUID, target: Destination | None, now: datetime
) -> Facts:
    new_count = session.scalar(
        select(func.count()).where(
            Destination.client_id == client_id, Destination.added_at > now - RECENT
        )
    )
    facts: Facts = {
        "destination": "none",
        "new_destinations": new_count or 0,
        "holder_match_percent": 100,
        "shared_destination_count": 0,
    }
    if target is None:
        return facts
    others = select(func.count(Destination.client_id.distinct())).where(
        Destination.details_sha256 == target.details_sha256, Destination.client_id != client_id
    )
    return facts | {
        "destination": "used" if queries.paid_count(session, target.id) else "first",
        "holder_match_percent": holder_match(session, client_id, target.holder_name),
        "shared_destination_count": session.scalar(others) or 0,
    }


def holder_match(session: Session, client_id: UUID, holder_name: str) -> int:
    """How close an account's holder is to the client, 0 to 100."""
    client = clients.get(session, client_id)
    return names.similarity(holder_name, f"{client.first_name} {client.last_name}")


def _disputes(session: Session, client_id: UUID) -> Facts:
    history = disputes.history(session, client_id)
    return {
        "chargeback_count": history.chargeback_count,
        "open_dispute_count": history.open_count,
    }


def _trading(session: Session, client_id: UUID, now: datetime) -> Facts:
    """Whether money that came in was put to use, as far as balances on the platform tell."""
    since = now - MONTH
    paid_in = session.execute(
        select(
            Payment.currency, func.sum(func.coalesce(Payment.arrived_minor, Payment.amount_minor))
        )
        .where(Payment.client_id == client_id, Payment.succeeded_at > since)
        .group_by(Payment.currency)
    )
    deposited = _dollars({currency: int(minor) for currency, minor in paid_in})
    moved = _dollars(
        {
            currency: int(minor)
            for currency, minor in session.execute(platforms.funded(client_id, since))
        }
    )
    balances = [
        (account.observed_balance_minor, platforms.moved_minor(session, account.id))
        for account in session.scalars(platforms.of_client(client_id))
        if account.observed_balance_minor is not None
    ]
    return {
        "deposited_usd": deposited,
        "moved_percent": min(100 * moved // deposited, 100) if deposited else 0,
        "traded": "yes" if any(observed != ours for observed, ours in balances) else "no",
        "negative_accounts": sum(observed < 0 for observed, _ in balances),
    }


def _dollars(sums: Mapping[str, int]) -> int:
    return sum(rules.usd(Money(minor, currency)) for currency, minor in sums.items())


def _hours(since: datetime, now: datetime) -> int:
    return max(0, int((now - since).total_seconds() // 3600))
