"""Asking about payments whose callbacks never came."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Engine

from operational.kit import db
from operational.messaging.attempt import attempt
from operational.payments import queries, service
from operational.payments.models import Payment
from operational.payments.psp import Psp

SILENT = timedelta(minutes=15)
"""How long a PSP may say nothing before it is asked."""
LIFE = timedelta(hours=24)
"""A payment page is open this long at Stripe and Adyen."""
BATCH = 50


def sweep(
    engine: Engine, psps: Mapping[str, Psp], now: datetime, *, older_than: timedelta = SILENT
) -> int:
    """Ask the PSPs about open payments that have been silent; return how many were asked about."""
    with db.transaction(engine) as session:
        silent = session.scalars(queries.silent(psps, now, older_than, BATCH)).all()
    for payment in silent:
        poll = partial(_poll, engine, psps[payment.psp], payment, now)
        attempt(poll, loop="sweeper", psp=payment.psp)
    return len(silent)


def _poll(engine: Engine, psp: Psp, payment: Payment, now: datetime) -> None:
    """Ask first, then write down what was said; no lock waits for a PSP."""
    with db.transaction(engine) as session:
        session.get_one(Payment, payment.id).polled_at = now
    found = psp.find_payment(payment.reference, payment.psp_session_id)
    with db.transaction(engine) as session:
        for event in found.events if found else ():
            service.apply_event(session, psp, event, now=now)
        if payment.requested_at <= now - LIFE:
            service.expire(session, payment.id, now=now)
