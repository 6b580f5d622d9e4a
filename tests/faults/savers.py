"""Clients whose deposits were really paid at the stand-in, so that it can give them back."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import Engine

from operational.access import queries as access
from operational.access import sessions
from operational.kit import db, ids
from operational.kit.clock import utc_now
from operational.kit.settings import Settings
from operational.kit.vendors import keys
from operational.payments import service
from operational.payments.models import Payment
from operational.payments.psp.connect import stand_in_url
from operational.payments.states import PaymentStatus
from tests.payments.deposits import STRIPE, a_verified_client

SAVED_MINOR = 100_000
KNOWN_FOR = timedelta(days=100)
PAID_IN = timedelta(days=40)
DEVICE = {"ip": "127.0.0.1", "user_agent": "test"}


@dataclass(frozen=True)
class Saver:
    """A client at a browser long known, with a deposit of long ago."""

    client_id: UUID
    token: str
    deposit: str


def savers(engine: Engine, settings: Settings, count: int) -> list[Saver]:
    return [_saver(engine, stand_in_url(settings, "stripe"), 1_000 + one) for one in range(count)]


def _saver(engine: Engine, stripe: str, number: int) -> Saver:
    reference = ids.reference("D")
    intent, told = _paid(stripe, reference)
    with db.transaction(engine) as session:
        client = a_verified_client(session, number=number)
        session.add(
            Payment(
                id=ids.uuid7(),
                reference=reference,
                client_id=client.id,
                direction="deposit",
                method="card",
                country="US",
                psp="stripe",
                psp_payment_id=intent,
                fallback_psps=[],
                routing_decision_id=ids.uuid7(),
                amount_minor=SAVED_MINOR,
                currency="USD",
                status=PaymentStatus.PENDING,
                requested_at=utc_now() - PAID_IN,
                polled_at=utc_now(),
            )
        )
        session.flush()
        for body in told:
            if event := STRIPE.parse(body):
                service.apply_event(session, STRIPE, event, now=utc_now())
        user = access.user(session, client.user_id)
        sessions.open_session(session, user, now=utc_now() - KNOWN_FOR, **DEVICE)
        _, token = sessions.open_session(session, user, now=utc_now(), **DEVICE)
        return Saver(client.id, token, reference)


def _paid(stripe: str, reference: str) -> tuple[str, list[bytes]]:
    """Pay at the stand-in; the payment there, and what it has to tell of it."""
    at = str(int((utc_now() - PAID_IN).timestamp()))
    made = {"op": "create", "at": at, "amount": SAVED_MINOR, "metadata": {"reference": reference}}
    url = f"{stripe}/sandbox/moves?deliver=return"
    intent: str = httpx.post(url, json=[made]).json()["objects"][0]["id"]
    answer = httpx.post(url, json=[{"op": "pay", "at": at, "id": intent}]).json()
    return intent, [one["body"].encode() for one in answer["callbacks"]]


def refunds(settings: Settings) -> list[dict[str, Any]]:
    """Everything the stand-in gave back."""
    held = keys(settings, "stripe")
    assert held
    headers = {"Authorization": f"Bearer {held['api_keys'][0]}"}
    found: list[dict[str, Any]] = []
    with httpx.Client(base_url=stand_in_url(settings, "stripe"), headers=headers) as door:
        more = True
        while more:
            after = {"starting_after": found[-1]["id"]} if found else {}
            page = door.get("/v1/refunds", params={"limit": "100"} | after).json()
            found += page["data"]
            more = page["has_more"]
    return found
