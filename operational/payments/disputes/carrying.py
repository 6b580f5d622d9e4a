"""Taking our answer to a dispute to its provider."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit import db
from operational.kit.actor import Actor
from operational.messaging.answers import Done, Outcome, Refused, Unanswered
from operational.messaging.models import OutboxMessage
from operational.payments.disputes.models import Dispute, EvidencePack
from operational.payments.disputes.states import Answer, AnswerStatus
from operational.payments.psp import Psp, PspRefused
from operational.payments.psp.disputes import Defence, TakesAnswers

WORKER = Actor.system("disputes")


@dataclass(frozen=True, slots=True)
class AnswerDispute:
    """Carries `psp.answer_dispute`; see `messaging.outbox.Carrier`."""

    psps: Mapping[str, Psp]
    engine: Engine
    """To read the pack: it is too large for a command."""

    def find(self, message: OutboxMessage, *, now: datetime) -> Outcome | None:  # noqa: ARG002 - part of the Protocol
        psp = self.psps[message.payload["psp"]]
        is_there = isinstance(psp, TakesAnswers) and psp.is_answered(
            message.payload["psp_dispute_id"]
        )
        return Done({}) if is_there else None

    def send(self, message: OutboxMessage, *, now: datetime) -> Outcome:  # noqa: ARG002 - part of the Protocol
        payload = message.payload
        psp = self.psps[payload["psp"]]
        if not isinstance(psp, TakesAnswers):
            return Refused(f"{psp.name} takes answers on its own pages only")
        try:
            if payload["answer"] == Answer.ACCEPTED:
                psp.accept_dispute(payload["reference"], payload["psp_dispute_id"])
            else:
                psp.defend(self._defence(message))
        except PspRefused as refusal:
            return Refused(str(refusal))
        return Done({})

    def book(
        self, session: Session, message: OutboxMessage, outcome: Outcome, *, now: datetime
    ) -> None:
        identifier = UUID(message.payload["dispute_id"])
        dispute = session.get_one(Dispute, identifier, with_for_update=True)
        match outcome:
            case Done():
                dispute.answer_status = AnswerStatus.SENT
            case Refused(reason):
                dispute.answer_status = AnswerStatus.REFUSED
                dispute.answer_refusal = reason
            case Unanswered():
                return
        audit.record(
            session,
            Tag.DISPUTE_ANSWER,
            subject=dispute.id,
            actor=WORKER,
            now=now,
            reason=dispute.answer_refusal,
            after={"answer": dispute.answer, "status": str(dispute.answer_status)},
        )

    def _defence(self, message: OutboxMessage) -> Defence:
        with db.transaction(self.engine) as session:
            pack = session.get_one(EvidencePack, UUID(message.payload["pack_id"]))
        return Defence(
            reference=f"{message.payload['reference']}-{pack.id.hex[-8:]}",
            psp_dispute_id=message.payload["psp_dispute_id"],
            document=pack.content,
            summary=pack.summary,
        )
