"""Taking what a client agreed to pay, where the provider leaves that to us."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from operational.messaging import arrivals
from operational.messaging.answers import Done, Outcome, Refused, Unanswered
from operational.messaging.models import OutboxMessage
from operational.payments import service
from operational.payments.models import Payment
from operational.payments.psp import CapturesLater, Psp, PspPayment, PspRefused
from operational.payments.states import OPEN, News


@dataclass(frozen=True, slots=True)
class CapturePayment:
    """Carries `psp.capture_payment`; see `messaging.outbox.Carrier`."""

    psps: Mapping[str, Psp]

    def find(self, message: OutboxMessage, *, now: datetime) -> Outcome | None:  # noqa: ARG002 - part of the Protocol
        payload = message.payload
        psp = self.psps[payload["psp"]]
        found = psp.find_payment(payload["reference"], payload["session_id"], None)
        is_done = found and any(event.news is News.SUCCEEDED for event in found.events)
        return _done(found) if found and is_done else None

    def send(self, message: OutboxMessage, *, now: datetime) -> Outcome:  # noqa: ARG002 - part of the Protocol
        payload = message.payload
        psp = self.psps[payload["psp"]]
        assert isinstance(psp, CapturesLater)
        try:
            return _done(psp.capture_payment(payload["reference"], payload["session_id"]))
        except PspRefused as refusal:
            return Refused(str(refusal))

    def book(
        self, session: Session, message: OutboxMessage, outcome: Outcome, *, now: datetime
    ) -> None:
        """What it said goes the way of everything a PSP says; the callback of it may come too."""
        payload = message.payload
        match outcome:
            case Done(facts):
                psp = self.psps[payload["psp"]]
                told = [service.overhear(psp, event) for event in facts["events"]]
                arrivals.store(session.connection(), told, now=now)
            case Refused(reason):
                payment = session.get_one(
                    Payment, UUID(payload["payment_id"]), with_for_update=True
                )
                if payment.status in OPEN:
                    service.fail(session, payment, reason, now=now)
            case Unanswered():
                pass


def _done(found: PspPayment) -> Done:
    return Done({"events": found.events})
