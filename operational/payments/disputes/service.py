"""The verbs of disputes: hear of one, answer it."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from operational.access import service as access
from operational.access.matrix import Permission
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit import ids
from operational.kit.actor import Actor
from operational.messaging import outbox
from operational.payments.disputes import errors, facts, paper, queries, rules
from operational.payments.disputes.models import Dispute, EvidencePack
from operational.payments.disputes.rules import Standing
from operational.payments.disputes.states import ANSWERABLE, Answer, AnswerStatus
from operational.payments.models import Payment, PaymentEvent
from operational.platforms import history
from operational.platforms import queries as platforms
from operational.platforms.history import Trade
from operational.platforms.mt5 import Mt5, Mt5Refused, Mt5Unavailable

ANSWER_DISPUTE = "psp.answer_dispute"
WORKER = Actor.system("disputes")


def follow(session: Session, payment: Payment, event: PaymentEvent, *, now: datetime) -> bool:
    """Bring the dispute an event is about where all that was told of it leads.

    The caller holds the payment's lock. True if the event told something new of a dispute.
    """
    if queries.told_of(event) is None:
        return False
    dispute = session.scalar(
        select(Dispute)
        .where(Dispute.psp == event.psp, Dispute.psp_dispute_id == event.operation_id)
        .with_for_update()
    )
    standing = rules.judge(_told(session, payment, event))
    before = _seen(dispute) if dispute else None
    if dispute is None:
        dispute = Dispute(
            reference=ids.reference("X"),
            payment_id=payment.id,
            client_id=payment.client_id,
            psp=event.psp,
            psp_dispute_id=event.operation_id,
            currency=event.currency,
        )
    _stand(dispute, standing)
    session.add(dispute)
    session.flush()

    after = _seen(dispute)
    if after == before:
        return False
    audit.record(
        session,
        Tag.DISPUTE_ADVANCE if before else Tag.DISPUTE_OPEN,
        subject=dispute.id,
        actor=WORKER,
        now=now,
        before=before,
        after=after | {"event": event.external_id},
    )
    return True


def make_pack(
    session: Session,
    reference: str,
    *,
    platform: Callable[[], Mt5 | None],
    actor: Actor,
    now: datetime,
) -> EvidencePack:
    """Put together what proves the deposit, as far as the maker may see it, and keep it for ever.

    The platform is asked inside the request, before anything is locked. Where it does not answer,
    the pack says so: a deadline does not wait for it.

    Raises:
        Forbidden: without `disputes.answer`.
        DisputeNotFound.
    """
    access.require(actor, Permission.DISPUTES_ANSWER)
    dispute = queries.get(session, reference)
    trades = _trades(session, dispute, platform, now)

    pack = facts.collect(session, dispute, trades, actor.roles)
    content = paper.render(pack, dispute.reference, made_by=actor.name, now=now)

    made = EvidencePack(
        id=ids.uuid7(),
        dispute_id=dispute.id,
        content=content,
        content_sha256=hashlib.sha256(content).digest(),
        summary=pack.summary,
        made_at=now,
        made_by=UUID(actor.id),
        made_by_name=actor.name,
    )
    session.add(made)
    session.flush()

    audit.record(
        session,
        Tag.DISPUTE_PACK,
        subject=dispute.id,
        actor=actor,
        now=now,
        after={"pack": str(made.id), "sha256": made.content_sha256.hex()},
    )
    return made


def read_pack(
    session: Session, reference: str, pack_id: UUID, *, actor: Actor, now: datetime
) -> EvidencePack:
    """A pack to look at. It holds what its maker could see, and the look is recorded.

    Raises:
        Forbidden: without `disputes.answer`.
        DisputeNotFound, PackNotFound.
    """
    access.require(actor, Permission.DISPUTES_ANSWER)
    dispute = queries.get(session, reference)
    pack = _pack(session, dispute, pack_id)
    after = {"pack": str(pack.id)}
    audit.record(
        session, Tag.DISPUTE_READ_PACK, subject=dispute.id, actor=actor, now=now, after=after
    )
    return pack


def defend(
    session: Session, reference: str, pack_id: UUID, *, actor: Actor, now: datetime
) -> Dispute:
    """Hand a pack in to the provider, by the outbox. It is what the bank gets, and it gets it once.

    Raises:
        Forbidden: without `disputes.answer`.
        DisputeNotFound, PackNotFound, NotAnswerable.
    """
    dispute = _answerable(session, reference, actor)
    pack = _pack(session, dispute, pack_id)
    return _answer(
        session,
        dispute,
        Answer.EVIDENCE,
        Tag.DISPUTE_DEFEND,
        more={"pack_id": str(pack.id), "sha256": pack.content_sha256.hex()},
        actor=actor,
        now=now,
    )


def accept(
    session: Session, reference: str, *, reason: str, actor: Actor, now: datetime
) -> Dispute:
    """Let the money go, by the outbox.

    Raises:
        Forbidden: without `disputes.answer`.
        InvalidInput: no reason given.
        DisputeNotFound, NotAnswerable.
    """
    access.require(actor, Permission.DISPUTES_ANSWER)
    access.check_reason(reason)
    dispute = _answerable(session, reference, actor)
    return _answer(
        session,
        dispute,
        Answer.ACCEPTED,
        Tag.DISPUTE_ACCEPT,
        reason=reason,
        actor=actor,
        now=now,
    )


def hand_in(session: Session, reference: str, *, note: str, actor: Actor, now: datetime) -> Dispute:
    """Note that a person answered on the provider's own pages, where its API did not take it.

    Raises:
        Forbidden: without `disputes.answer`.
        InvalidInput: no word on what was handed in.
        DisputeNotFound, NotAnswerable.
    """
    access.require(actor, Permission.DISPUTES_ANSWER)
    access.check_reason(note)
    dispute = _answerable(session, reference, actor)
    dispute.answer = dispute.answer or Answer.EVIDENCE
    dispute.answer_status = AnswerStatus.BY_HAND
    dispute.answered_at = now
    audit.record(
        session, Tag.DISPUTE_HAND_IN, subject=dispute.id, actor=actor, now=now, reason=note
    )
    return dispute


def _answer(
    session: Session,
    dispute: Dispute,
    answer: Answer,
    tag: Tag,
    *,
    more: dict[str, str] | None = None,
    reason: str | None = None,
    actor: Actor,
    now: datetime,
) -> Dispute:
    dispute.answer, dispute.answer_status = answer, AnswerStatus.SENDING
    dispute.answer_refusal, dispute.answered_at = None, now
    payload = {
        "dispute_id": str(dispute.id),
        "reference": dispute.reference,
        "psp": dispute.psp,
        "psp_dispute_id": dispute.psp_dispute_id,
        "answer": answer,
        **(more or {}),
    }
    outbox.put(session, ANSWER_DISPUTE, aggregate=f"dispute:{dispute.id}", payload=payload, now=now)
    audit.record(
        session,
        tag,
        subject=dispute.id,
        actor=actor,
        now=now,
        reason=reason,
        after={"answer": str(answer), **(more or {})},
    )
    return dispute


def _answerable(session: Session, reference: str, actor: Actor) -> Dispute:
    access.require(actor, Permission.DISPUTES_ANSWER)
    found = session.scalar(queries.by_reference(reference).with_for_update())
    if found is None:
        raise errors.DisputeNotFound(f"There is no dispute {reference}.")
    if found.stage not in ANSWERABLE:
        raise errors.NotAnswerable(f"The dispute is {found.stage}; the bank waits for nothing.")
    if found.answer_status not in {None, AnswerStatus.REFUSED}:
        raise errors.NotAnswerable("The dispute is answered already.")
    return found


def _pack(session: Session, dispute: Dispute, pack_id: UUID) -> EvidencePack:
    pack = session.get(EvidencePack, pack_id)
    if pack is None or pack.dispute_id != dispute.id:
        raise errors.PackNotFound(f"There is no pack {pack_id} for this dispute.")
    return pack


def _trades(
    session: Session, dispute: Dispute, platform: Callable[[], Mt5 | None], now: datetime
) -> list[Trade] | None:
    """What the client traded since the deposit; None where the platform cannot be asked."""
    since = session.get_one(Payment, dispute.payment_id).requested_at
    accounts = session.scalars(platforms.of_client(dispute.client_id)).all()
    logins = [account.login for account in accounts if account.login is not None]
    if not logins:
        return []
    found = platform()
    if found is None:
        return None
    try:
        with found:
            return [one for login in logins for one in history.trades(found, login, since, now)]
    except (Mt5Unavailable, Mt5Refused):
        return None


def _told(session: Session, payment: Payment, event: PaymentEvent) -> list[rules.Told]:
    found = session.scalars(
        select(PaymentEvent).where(
            PaymentEvent.payment_id == payment.id,
            PaymentEvent.operation_id == event.operation_id,
        )
    )
    return [told for one in found if (told := queries.told_of(one))]


def _stand(dispute: Dispute, standing: Standing) -> None:
    dispute.stage = standing.stage
    dispute.amount_minor = standing.amount_minor
    dispute.reason = standing.reason
    dispute.network_reason = standing.network_reason
    dispute.due_at = standing.due_at
    dispute.opened_at = standing.opened_at
    dispute.staged_at = standing.staged_at
    dispute.ended_at = None if standing.is_open else standing.staged_at


def _seen(dispute: Dispute) -> dict[str, object]:
    return {
        "stage": str(dispute.stage),
        "amount_minor": dispute.amount_minor,
        "due_at": dispute.due_at and dispute.due_at.isoformat(),
    }
