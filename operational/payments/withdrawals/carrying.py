"""Sending a payout, and asking about one whose answer never came."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from operational.access.totp import FieldKey
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit import db
from operational.kit.money import Money
from operational.messaging import arrivals
from operational.messaging.answers import Done, Outcome, Refused, Unanswered
from operational.messaging.attempt import attempt
from operational.messaging.models import OutboxMessage
from operational.payments import service
from operational.payments.models import Payment
from operational.payments.psp import PayoutOrder, Psp, PspRefused
from operational.payments.withdrawals import payouts, queries
from operational.payments.withdrawals.models import Payout
from operational.payments.withdrawals.states import PayoutStatus

SILENT = timedelta(minutes=15)
"""How long a PSP may say nothing of a payout before it is asked."""
BATCH = 50

_WAITING = frozenset({PayoutStatus.QUEUED, PayoutStatus.IN_DOUBT})


@dataclass(frozen=True, slots=True)
class SendPayout:
    """Carries `psp.send_payout`; see `messaging.outbox.Carrier`."""

    psps: Mapping[str, Psp]
    key: FieldKey

    def find(self, message: OutboxMessage, *, now: datetime) -> Outcome | None:  # noqa: ARG002 - part of the Protocol
        payload = message.payload
        found = self.psps[payload["psp"]].find_payout(
            payload["reference"], None, payload["source_payment_id"]
        )
        return Done({"psp_payout_id": found.sent.psp_payout_id}) if found else None

    def send(self, message: OutboxMessage, *, now: datetime) -> Outcome:  # noqa: ARG002 - part of the Protocol
        payload = message.payload
        order = PayoutOrder(
            reference=payload["reference"],
            amount=Money(payload["amount_minor"], payload["currency"]),
            method=payload["method"],
            country=payload["country"],
            holder_name=payload["holder_name"],
            source_payment_id=payload["source_payment_id"],
            destination=self._destination(payload["details"], payload["destination_id"]),
        )
        try:
            sent = self.psps[payload["psp"]].send_payout(order)
        except PspRefused as refusal:
            return Refused(str(refusal))
        return Done({"psp_payout_id": sent.psp_payout_id})

    def _destination(self, details: str | None, destination_id: str | None) -> Mapping[str, str]:
        if details is None or destination_id is None:
            return {}
        opened = self.key.open(base64.b64decode(details), UUID(destination_id))
        found: dict[str, str] = json.loads(opened)
        return found

    def book(
        self, session: Session, message: OutboxMessage, outcome: Outcome, *, now: datetime
    ) -> None:
        payout = queries.locked_payout(session, UUID(message.payload["payout_id"]))
        before = payout.status
        match outcome:
            case Done(facts):
                payout.psp_payout_id = payout.psp_payout_id or facts["psp_payout_id"]
                # A callback may have been faster.
                if payout.status in _WAITING:
                    payout.status = PayoutStatus.SENT
                    payout.sent_at = now
                    _record(session, Tag.PAYOUT_SEND, payout, before, now=now)
            case Refused(reason):
                if payout.status in _WAITING:
                    payouts.fail(session, payout, reason, now=now)
            case Unanswered(reason):
                if payout.status == PayoutStatus.QUEUED:
                    payout.status = PayoutStatus.IN_DOUBT
                    _record(session, Tag.PAYOUT_DOUBT, payout, before, now=now, reason=reason)


def _record(
    session: Session,
    tag: Tag,
    payout: Payout,
    before: str,
    *,
    now: datetime,
    reason: str | None = None,
) -> None:
    audit.record(
        session,
        tag,
        subject=payout.id,
        actor=payouts.WORKER,
        now=now,
        reason=reason,
        before={"status": str(before)},
        after={"status": str(payout.status), "psp": payout.psp},
    )


def sweep(
    engine: Engine, psps: Mapping[str, Psp], now: datetime, *, older_than: timedelta = SILENT
) -> int:
    """Ask the PSPs about payouts that have been silent; return how many were asked about."""
    with db.transaction(engine) as session:
        silent = session.scalars(queries.silent(psps, now, older_than, BATCH)).all()
    for payout in silent:
        poll = partial(_poll, engine, psps[payout.psp], payout, now)
        attempt(poll, loop="payout sweeper", psp=payout.psp)
    return len(silent)


def _poll(engine: Engine, psp: Psp, payout: Payout, now: datetime) -> None:
    """Ask first, then write down what was said; no lock waits for a PSP."""
    with db.transaction(engine) as session:
        session.get_one(Payout, payout.id).polled_at = now
        deposit = session.get(Payment, payout.payment_id) if payout.payment_id else None
        source = deposit.psp_payment_id if deposit else None
    found = psp.find_payout(payout.reference, payout.psp_payout_id, source)
    events = found.events if found else ()
    with db.transaction(engine) as session:
        told = [service.overhear(psp, event) for event in events]
        arrivals.store(session.connection(), told, now=now)
