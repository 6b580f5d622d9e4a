"""Asking about payments whose callbacks never came.

What a PSP says is put into the inbox like a callback, and goes the same way from there: what differs
from our own row is parked for a person, whoever began to speak of it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Engine

from operational.kit import db
from operational.messaging import arrivals
from operational.messaging.attempt import attempt
from operational.payments import queries, service
from operational.payments.models import Payment
from operational.payments.psp import Psp
from operational.payments.psp.connect import PROVIDERS
from operational.payments.states import News

SILENT = timedelta(minutes=15)
"""How long a PSP may say nothing before it is asked."""
SLOW = timedelta(hours=12)
"""The same where a client may take days: a bank has nothing to say before the money is there."""
LIFE = timedelta(hours=24)
"""A payment page is open this long at Stripe and Adyen."""
BATCH = 50


def sweep(
    engine: Engine, psps: Mapping[str, Psp], now: datetime, *, older_than: timedelta = SILENT
) -> int:
    """Ask the PSPs about payments that have been silent; return how many were asked about."""
    quick = [name for name in psps if PROVIDERS[name].life <= LIFE]
    slow = [name for name in psps if name not in quick]
    with db.transaction(engine) as session:
        silent = [
            *session.scalars(queries.silent(quick, now, older_than, LIFE, BATCH)),
            *session.scalars(queries.silent(slow, now, max(older_than, SLOW), LIFE, BATCH)),
        ]
    for payment in silent:
        poll = partial(_poll, engine, psps[payment.psp], payment, now)
        attempt(poll, loop="sweeper", psp=payment.psp)
    return len(silent)


def _poll(engine: Engine, psp: Psp, payment: Payment, now: datetime) -> None:
    """Ask first, then write down what was said; no lock waits for a PSP."""
    with db.transaction(engine) as session:
        session.get_one(Payment, payment.id).polled_at = now
    found = psp.find_payment(payment.reference, payment.psp_session_id, payment.psp_session_result)
    events = found.events if found else ()
    with db.transaction(engine) as session:
        told = [service.overhear(psp, event) for event in events]
        arrivals.store(session.connection(), told, now=now)
        is_undecided = all(event.news is News.PENDING for event in events)
        if is_undecided and payment.requested_at <= now - PROVIDERS[psp.name].life:
            service.expire(session, payment.id, now=now)
