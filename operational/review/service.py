"""The verbs of the review queue: open a case, add to it, show it, close it."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy.orm import Session

from operational.access import service as access
from operational.access.matrix import Permission
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.clients import queries as clients
from operational.kit import ids
from operational.kit.actor import Actor
from operational.review import queries, rules
from operational.review.errors import (
    CaseDecided,
    CaseNotFound,
    EvidenceForeign,
    EvidenceNotFound,
    EvidenceStale,
    NoteMissing,
)
from operational.review.models import Case, Evidence
from operational.review.rules import Reason
from operational.review.states import TRANSITIONS, CaseStatus
from operational.rules import queries as decisions

DECIDERS: dict[str, Permission] = {
    "kyc": Permission.KYC_DECIDE,
    "withdrawal": Permission.WITHDRAWALS_DECIDE,
    "payout": Permission.WITHDRAWALS_DECIDE,
}
"""Who may close a case of each kind."""

About = Callable[[Session, Case], dict[str, Any]]
"""What belongs to a case of one kind, in the words of its own domain; part of the evidence."""

NOTE_LENGTH_MIN = 5


def open_case(
    session: Session,
    *,
    kind: str,
    subject_id: UUID,
    client_id: UUID,
    reasons: Sequence[Reason],
    decision_id: UUID | None,
    actor: Actor,
    now: datetime,
) -> Case:
    """Stop something for a person, with every reason.

    A case already open takes the new reasons, and keeps the old ones that only a person may clear.

    Args:
        session: the transaction.
        kind: what stopped; one of `DECIDERS`.
        subject_id: what exactly.
        client_id: whose it is.
        reasons: see `rules.Reason`; at least one, found now or before.
        decision_id: the automatic decision that stopped it.
        actor: who ran into it.
        now: when.
    """
    assert kind in DECIDERS, f"nobody may decide on {kind}"
    case = session.scalar(queries.open_case_of(kind, subject_id).with_for_update())
    reasons = rules.carried(case.reasons if case else [], reasons)
    assert reasons, "a case says why it stopped"

    before = _seen(case) if case else None
    if case is None:
        case = Case(
            reference=ids.reference("R"),
            kind=kind,
            subject_id=subject_id,
            client_id=client_id,
            status=CaseStatus.OPEN,
            version=1,
            opened_at=now,
        )
        session.add(case)
    else:
        case.version += 1
    case.reasons = reasons
    case.decision_id = decision_id
    session.flush()

    audit.record(
        session,
        Tag.CASE_OPEN,
        subject=case.id,
        actor=actor,
        now=now,
        before=before,
        after=_seen(case),
        decision_id=decision_id,
    )
    return case


def touch(session: Session, kind: str, subject_id: UUID) -> None:
    """Say that what an open case is about has changed: whoever looked before must look again."""
    case = session.scalar(queries.open_case_of(kind, subject_id).with_for_update())
    if case is not None:
        case.version += 1


def withdraw(
    session: Session, kind: str, subject_id: UUID, *, note: str, actor: Actor, now: datetime
) -> None:
    """Close an open case by rule; never one with a reason that a person must clear."""
    case = session.scalar(queries.open_case_of(kind, subject_id).with_for_update())
    if case is not None:
        assert not rules.needs_person(case.reasons), "this case is for a person to close"
        _close(case, CaseStatus.WITHDRAWN, note, actor=actor, now=now)
        audit.record(
            session,
            Tag.CASE_WITHDRAW,
            subject=case.id,
            actor=actor,
            now=now,
            reason=note,
            after=_seen(case),
        )


def abandon(
    session: Session, kind: str, subject_id: UUID, *, note: str, actor: Actor, now: datetime
) -> None:
    """Close an open case because what it is about is no more: whoever asked has taken it back."""
    case = session.scalar(queries.open_case_of(kind, subject_id).with_for_update())
    if case is not None:
        _close(case, CaseStatus.WITHDRAWN, note, actor=actor, now=now)
        audit.record(
            session,
            Tag.CASE_WITHDRAW,
            subject=case.id,
            actor=actor,
            now=now,
            reason=note,
            after=_seen(case),
        )


def serve_case(
    session: Session, case_id: UUID, *, about: About, actor: Actor, now: datetime
) -> Evidence:
    """Show a case as the viewer's roles may see it, and keep what was shown.

    Args:
        session: the transaction.
        case_id: which one.
        about: what there is to a case of its kind besides its reasons.
        actor: the viewer.
        now: when.

    Raises:
        Forbidden: without `review.read`.
        CaseNotFound.
    """
    access.require(actor, Permission.REVIEW_READ)
    case = session.get(Case, case_id)
    if case is None:
        raise CaseNotFound(f"case {case_id} does not exist")

    payload = rules.masked(_payload(session, case, about), actor.roles)

    evidence = Evidence(
        case_id=case.id,
        case_version=case.version,
        viewer_id=UUID(actor.id),
        roles=sorted(actor.roles),
        payload=payload,
        payload_sha256=rules.digest(payload),
        served_at=now,
    )
    session.add(evidence)
    session.flush()

    audit.record(
        session,
        Tag.CASE_SHOW,
        subject=case.id,
        actor=actor,
        now=now,
        after={"version": case.version, "payload_sha256": evidence.payload_sha256.hex()},
        evidence_id=evidence.id,
    )
    return evidence


def read_evidence(
    session: Session, evidence_id: UUID, *, actor: Actor, now: datetime
) -> tuple[Evidence, dict[str, Any]]:
    """What somebody was shown, and as much of it as this reader may see. The look is recorded.

    Raises:
        Forbidden: without `review.read`.
        EvidenceNotFound.
    """
    access.require(actor, Permission.REVIEW_READ)
    evidence = session.get(Evidence, evidence_id)
    if evidence is None:
        raise EvidenceNotFound(f"evidence {evidence_id} does not exist")
    audit.record(
        session,
        Tag.EVIDENCE_READ,
        subject=evidence.id,
        actor=actor,
        now=now,
        evidence_id=evidence.id,
    )
    return evidence, rules.masked(evidence.payload, actor.roles)


def close_case(
    session: Session,
    case_id: UUID,
    *,
    about: About,
    verdict: CaseStatus,
    note: str,
    evidence_id: UUID,
    actor: Actor,
    now: datetime,
) -> Case:
    """Decide a case on the evidence the decider was shown. The client is locked before the case.

    Raises:
        Forbidden: the case's kind is not this person's to decide.
        CaseNotFound, CaseDecided.
        NoteMissing: the decision does not say why.
        EvidenceForeign: shown to somebody else, or of another case.
        EvidenceStale: what the viewer would see now differs from what was shown.
    """
    case = _to_decide(session, case_id, about, note, evidence_id, actor=actor)

    before = _seen(case)
    _close(case, verdict, note.strip(), actor=actor, now=now)
    case.evidence_id = evidence_id

    audit.record(
        session,
        Tag.CASE_APPROVE if verdict == CaseStatus.APPROVED else Tag.CASE_REFUSE,
        subject=case.id,
        actor=actor,
        now=now,
        reason=case.decision_note,
        before=before,
        after=_seen(case),
        decision_id=case.decision_id,
        evidence_id=evidence_id,
    )
    return case


def consent(
    session: Session,
    case_id: UUID,
    *,
    about: About,
    note: str,
    evidence_id: UUID,
    actor: Actor,
    now: datetime,
) -> Case:
    """Agree as the first of several people. The case stays open, and the next one looks anew.

    Raises:
        as `close_case`.
    """
    case = _to_decide(session, case_id, about, note, evidence_id, actor=actor)
    before = _seen(case)
    case.version += 1
    audit.record(
        session,
        Tag.CASE_CONSENT,
        subject=case.id,
        actor=actor,
        now=now,
        reason=note.strip(),
        before=before,
        after=_seen(case),
        decision_id=case.decision_id,
        evidence_id=evidence_id,
    )
    return case


def _to_decide(
    session: Session, case_id: UUID, about: About, note: str, evidence_id: UUID, *, actor: Actor
) -> Case:
    """The open case, locked, if this person may decide it with this note and this evidence."""
    case = session.get(Case, case_id, with_for_update=True)
    if case is None:
        raise CaseNotFound(f"case {case_id} does not exist")
    access.require(actor, DECIDERS[case.kind])
    evidence = session.get(Evidence, evidence_id)

    if case.status != CaseStatus.OPEN:
        raise CaseDecided(f"case {case.reference} is {case.status}")
    if len(note.strip()) < NOTE_LENGTH_MIN:
        raise NoteMissing("Say why, in a few words.", field="note")
    _check_evidence(session, case, evidence, about, actor=actor)
    return case


def _check_evidence(
    session: Session, case: Case, evidence: Evidence | None, about: About, *, actor: Actor
) -> None:
    if evidence is None or evidence.case_id != case.id or str(evidence.viewer_id) != actor.id:
        raise EvidenceForeign("This evidence was not shown to you, or not of this case.")
    payload = _payload(session, case, about)
    today = rules.digest(rules.masked(payload, frozenset(evidence.roles)))
    if evidence.case_version != case.version or evidence.payload_sha256 != today:
        raise EvidenceStale("The case has changed since you looked. Look again.")


def _close(case: Case, verdict: CaseStatus, note: str, *, actor: Actor, now: datetime) -> None:
    if verdict not in TRANSITIONS[CaseStatus(case.status)]:
        raise CaseDecided(f"case {case.reference} is {case.status}, it cannot become {verdict}")
    case.status = verdict
    case.version += 1
    case.decided_at = now
    case.decided_by = None if actor.is_system else UUID(actor.id)
    case.decided_by_name = actor.name
    case.decision_note = note


def _payload(session: Session, case: Case, about: About) -> dict[str, Any]:
    """All there is to a case: its reasons, the client, the decision that stopped it. JSON only."""
    client = clients.get(session, case.client_id)
    decision = decisions.get(session, case.decision_id) if case.decision_id else None
    payload = {
        "reference": case.reference,
        "kind": case.kind,
        "version": case.version,
        "opened_at": case.opened_at,
        "reasons": case.reasons,
        "client": {
            "reference": client.reference,
            "first_name": client.first_name,
            "last_name": client.last_name,
            "birth_date": client.birth_date,
            "email": client.email,
            "phone": client.phone,
            "country": client.country,
            "stage": client.stage,
            "queue": client.queue,
            "registered_at": client.registered_at,
        },
        "decision": decision
        and {"facts": decision.facts, "outcome": decision.outcome, "trace": decision.trace},
        **about(session, case),
    }
    return cast("dict[str, Any]", json.loads(json.dumps(payload, default=str)))


def _seen(case: Case) -> dict[str, Any]:
    return {
        "reference": case.reference,
        "kind": case.kind,
        "status": str(case.status),
        "version": case.version,
        "reasons": [reason["code"] for reason in case.reasons],
    }
