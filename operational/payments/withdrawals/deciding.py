"""People decide on withdrawals that stopped: two of them where much leaves within a day."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from operational.access import service as access
from operational.access.errors import SecondPersonNeeded
from operational.access.matrix import Permission
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.clients import service as clients
from operational.kit.actor import Actor
from operational.payments.withdrawals import hearing, payouts, queries, service
from operational.payments.withdrawals.evidence import about, votes_needed
from operational.payments.withdrawals.models import Vote, Withdrawal
from operational.payments.withdrawals.states import WithdrawalStatus
from operational.review import queries as review_queries
from operational.review import service as review
from operational.review.errors import CaseNotFound
from operational.review.models import Case
from operational.review.states import CaseStatus

CASE_KINDS = frozenset({service.CASE_KIND, hearing.CASE_KIND})
COMPLIANCE = "compliance"


@dataclass(frozen=True, slots=True)
class _Ballot:
    """What one person says, and on what."""

    verdict: CaseStatus
    note: str
    evidence_id: UUID
    plan_sha256: bytes

    @property
    def is_for(self) -> bool:
        return self.verdict is CaseStatus.APPROVED


def decide_case(
    session: Session,
    case_id: UUID,
    *,
    verdict: CaseStatus | str,
    note: str,
    evidence_id: UUID,
    actor: Actor,
    now: datetime,
) -> Case:
    """Say as a person whether a stopped withdrawal may go, on the evidence that person was shown.

    Above the limit of a day two people must say so of the same payouts; the case stays open after
    the first. Anybody's refusal is final. On a payout there is nothing to let go: its case is over.

    Raises:
        Forbidden: without `withdrawals.decide`; `withdrawals.clear_aml` where Compliance must look;
            `withdrawals.approve_large` for the second of two.
        SecondPersonNeeded: the same person again.
        CaseNotFound, CaseDecided, NoteMissing, EvidenceForeign, EvidenceStale: see `review`.
    """
    access.require(actor, Permission.WITHDRAWALS_DECIDE)
    case = review_queries.get(session, case_id)
    if case.kind not in CASE_KINDS:
        raise CaseNotFound(f"case {case_id} is of another kind")
    # First the client, then the withdrawal, then the case, as everybody who changes them.
    clients.locked(session, case.client_id)
    if case.kind == hearing.CASE_KIND:
        ballot = _Ballot(CaseStatus(verdict), note, evidence_id, b"")
        return _close(session, case_id, ballot, actor=actor, now=now)
    withdrawal = queries.locked(session, case.subject_id)
    ballot = _Ballot(CaseStatus(verdict), note, evidence_id, plan_digest(session, withdrawal))
    votes = session.scalars(queries.votes_of(withdrawal.id)).all()
    needed = votes_needed(session, withdrawal)
    _check_voter(case, ballot, votes, needed, actor=actor)

    agreed = sum(vote.plan_sha256 == ballot.plan_sha256 for vote in votes)
    if ballot.is_for and agreed + 1 < needed:
        decided = review.consent(
            session,
            case_id,
            about=about,
            note=note,
            evidence_id=evidence_id,
            actor=actor,
            now=now,
        )
        _vote(session, withdrawal, ballot, actor=actor, now=now)
        return decided
    if ballot.is_for and needed > 1:
        access.require(actor, Permission.WITHDRAWALS_APPROVE_LARGE)
    decided = _close(session, case_id, ballot, actor=actor, now=now)
    _vote(session, withdrawal, ballot, actor=actor, now=now)
    _carry_out(session, withdrawal, ballot, actor=actor, now=now)
    return decided


def _check_voter(
    case: Case, ballot: _Ballot, votes: Sequence[Vote], needed: int, *, actor: Actor
) -> None:
    is_for_compliance = any(reason.get("desk") == COMPLIANCE for reason in case.reasons)
    if ballot.is_for and is_for_compliance:
        access.require(actor, Permission.WITHDRAWALS_CLEAR_AML)
    is_open = case.status == CaseStatus.OPEN
    if is_open and any(str(vote.voter_id) == actor.id for vote in votes):
        raise SecondPersonNeeded(f"You have agreed before; {needed} people must.")


def _close(
    session: Session, case_id: UUID, ballot: _Ballot, *, actor: Actor, now: datetime
) -> Case:
    return review.close_case(
        session,
        case_id,
        about=about,
        verdict=ballot.verdict,
        note=ballot.note,
        evidence_id=ballot.evidence_id,
        actor=actor,
        now=now,
    )


def _carry_out(
    session: Session, withdrawal: Withdrawal, ballot: _Ballot, *, actor: Actor, now: datetime
) -> None:
    if ballot.is_for:
        withdrawal.status = WithdrawalStatus.APPROVED
        withdrawal.decided_at = now
        service.release(session, withdrawal, actor=actor, now=now)
    else:
        service.end(session, withdrawal, WithdrawalStatus.REFUSED, actor=actor, now=now)
    payouts.record_withdrawal(
        session,
        Tag.WITHDRAWAL_APPROVE if ballot.is_for else Tag.WITHDRAWAL_REFUSE,
        withdrawal,
        WithdrawalStatus.REVIEW,
        actor=actor,
        now=now,
        reason=ballot.note,
        evidence_id=ballot.evidence_id,
    )


def plan_digest(session: Session, withdrawal: Withdrawal) -> bytes:
    """SHA-256 of where the money goes: what two people agree on."""
    told = [
        [str(leg.id), str(leg.payment_id), str(leg.destination_id), leg.amount_minor, leg.currency]
        for leg in session.scalars(queries.payouts_of(withdrawal.id))
    ]
    return hashlib.sha256(json.dumps(told).encode()).digest()


def _vote(
    session: Session, withdrawal: Withdrawal, ballot: _Ballot, *, actor: Actor, now: datetime
) -> None:
    session.add(
        Vote(
            withdrawal_id=withdrawal.id,
            voter_id=UUID(actor.id),
            voter_name=actor.name,
            verdict=ballot.verdict,
            note=ballot.note,
            plan_sha256=ballot.plan_sha256,
            evidence_id=ballot.evidence_id,
            voted_at=now,
        )
    )
    session.flush()
    audit.record(
        session,
        Tag.WITHDRAWAL_VOTE,
        subject=withdrawal.id,
        actor=actor,
        now=now,
        reason=ballot.note,
        after={"verdict": str(ballot.verdict), "plan_sha256": ballot.plan_sha256.hex()},
        evidence_id=ballot.evidence_id,
    )
