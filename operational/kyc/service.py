"""The verbs of identity checks: upload, submit, decide, read."""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from operational.access import service as access
from operational.access.matrix import Permission
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.clients import service as clients
from operational.clients.states import Stage
from operational.kit import ids
from operational.kit.actor import Actor
from operational.kyc import checks, files, mrz
from operational.kyc.errors import DocumentNotFound, NothingToDecide, TooManyDocuments
from operational.kyc.models import Check, Document
from operational.kyc.states import DocumentKind, Outcome
from operational.kyc.vault import ORIGINAL, RENDITION, Vault
from operational.review import service as review
from operational.review.models import Case
from operational.review.states import CaseStatus
from operational.rules import service as decisions
from operational.rules import tables

CASE_KIND = "kyc"
DOCUMENTS_MAX = 20
"""Per client; a person who needs more talks to us."""
FILE_NAME_MAX = 255
MRZ_MAX = 200

_RULES = Actor.system("rules")

_STAGES = {
    Outcome.APPROVE: Stage.VERIFIED,
    Outcome.REVIEW: Stage.IN_REVIEW,
    Outcome.REFUSE: Stage.REFUSED,
}


def upload_document(
    session: Session,
    client_id: UUID,
    *,
    kind: DocumentKind | str,
    file_name: str,
    content: bytes,
    mrz: str | None = None,
    actor: Actor,
    now: datetime,
    vault: Vault,
) -> Document:
    """Take a document: judged by its content, encrypted, and a clean copy made for reviewers.

    Args:
        session: the transaction.
        client_id: whose.
        kind: what it is said to be.
        file_name: as the client named it; kept as text, never used as a path.
        content: the file.
        mrz: the machine-readable zone as text, if the client gave it.
        actor: the client.
        now: when.
        vault: where the bytes go.

    Raises:
        FileRefused: no file we take.
        TooManyDocuments, ClientNotFound, Forbidden.
    """
    access.require(actor, Permission.KYC_UPLOAD)
    # Before the client is locked: looking into a file takes its time.
    inspected = files.inspect(content)
    clients.own(session, client_id, Permission.KYC_UPLOAD, actor=actor)

    count = select(func.count()).where(Document.client_id == client_id)
    if (session.scalar(count) or 0) >= DOCUMENTS_MAX:
        raise TooManyDocuments(f"A client hands in at most {DOCUMENTS_MAX} documents.")

    document = Document(
        id=ids.uuid7(),
        client_id=client_id,
        kind=DocumentKind(kind),
        file_name=file_name[:FILE_NAME_MAX].replace("\x00", ""),
        media_type=inspected.media_type,
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        uploaded_at=now,
        **_zone(mrz, now=now),
    )
    vault.store(client_id, document.id, ORIGINAL, content)
    vault.store(client_id, document.id, RENDITION, inspected.rendition)
    session.add(document)
    session.flush()
    review.touch(session, CASE_KIND, client_id)

    seen = _seen(document)
    audit.record(
        session, Tag.DOCUMENT_UPLOAD, subject=document.id, actor=actor, now=now, after=seen
    )
    return document


def submit(session: Session, client_id: UUID, *, actor: Actor, now: datetime) -> Check:
    """Run every check and let the table decide: approved, stopped with every reason, or refused.

    Raises:
        NothingToDecide: the profile is not there yet, or the identity is decided.
        ClientNotFound, Forbidden.
    """
    client = clients.own(session, client_id, Permission.KYC_UPLOAD, actor=actor)
    if client.stage not in {Stage.PROFILED, Stage.IN_REVIEW}:
        raise NothingToDecide(f"There is nothing to check on a client who is {client.stage}.")

    facts = checks.gather(session, client_id, now=now)
    decision = decisions.decide(
        session, tables.KYC, facts, subject=("client", str(client_id)), now=now
    )
    outcome = Outcome(decision.outcome["outcome"])

    check = Check(
        client_id=client_id,
        facts=facts,
        outcome=outcome,
        reasons=decision.outcome["reasons"],
        decision_id=decision.id,
        checked_at=now,
    )
    session.add(check)
    reason, by_rule = decision.outcome["reason"], _RULES.within(actor)
    clients.change_stage(
        session,
        client,
        _STAGES[outcome],
        reason=reason,
        actor=by_rule,
        now=now,
        decision_id=decision.id,
    )
    if outcome == Outcome.REVIEW:
        review.open_case(
            session,
            kind=CASE_KIND,
            subject_id=client_id,
            client_id=client_id,
            reasons=check.reasons,
            decision_id=decision.id,
            actor=by_rule,
            now=now,
        )
    else:
        review.withdraw(session, CASE_KIND, client_id, actor=by_rule, now=now)
    session.flush()

    _record_check(session, check, outcome, decisions.named(session, decision), actor=actor, now=now)
    return check


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
    """Decide on a stopped client as a person, on the evidence that person was shown.

    Raises:
        Forbidden: without `kyc.decide`.
        CaseNotFound, CaseDecided, NoteMissing, EvidenceForeign, EvidenceStale: see `review`.
    """
    access.require(actor, Permission.KYC_DECIDE)
    case = review.close_case(
        session,
        case_id,
        verdict=CaseStatus(verdict),
        note=note,
        evidence_id=evidence_id,
        actor=actor,
        now=now,
    )
    client = clients.locked(session, case.client_id)

    is_approved = case.status == CaseStatus.APPROVED
    clients.change_stage(
        session,
        client,
        Stage.VERIFIED if is_approved else Stage.REFUSED,
        reason=note,
        actor=actor,
        now=now,
        decision_id=case.decision_id,
        evidence_id=evidence_id,
    )

    audit.record(
        session,
        Tag.KYC_APPROVE if is_approved else Tag.KYC_REFUSE,
        subject=client.id,
        actor=actor,
        now=now,
        reason=note,
        decision_id=case.decision_id,
        evidence_id=evidence_id,
    )
    return case


def read_document(
    session: Session, document_id: UUID, *, actor: Actor, now: datetime, vault: Vault
) -> tuple[str, bytes]:
    """The copy for reviewers, and its media type. Every look is recorded.

    Raises:
        Forbidden: without `kyc.read`.
        DocumentNotFound, DocumentUnreadable.
    """
    access.require(actor, Permission.KYC_READ)
    document = session.get(Document, document_id)
    if document is None:
        raise DocumentNotFound(f"document {document_id} does not exist")

    content = vault.open(document.client_id, document.id, RENDITION)

    audit.record(session, Tag.DOCUMENT_READ, subject=document.id, actor=actor, now=now)
    media_type = files.PDF if document.media_type == files.PDF else files.JPEG
    return media_type, content


def _zone(text: str | None, *, now: datetime) -> dict[str, Any]:
    """The zone as given, and its number and expiry for finding; the checks judge whether it holds."""
    if text is None:
        return {}
    text = text[:MRZ_MAX].replace("\x00", "")
    try:
        zone = mrz.parse(text, today=now.date())
    except mrz.MrzUnreadable:
        return {"mrz": text}
    return {"mrz": text, "document_number": zone.document_number, "expires_on": zone.expires_on}


def _seen(document: Document) -> dict[str, Any]:
    return {
        "client_id": str(document.client_id),
        "kind": str(document.kind),
        "media_type": document.media_type,
        "size_bytes": document.size_bytes,
        "sha256": document.sha256,
    }


def _record_check(
    session: Session, check: Check, outcome: Outcome, version: str, *, actor: Actor, now: datetime
) -> None:
    found: dict[str, Any] = {
        "outcome": outcome.value,
        "reasons": [reason["code"] for reason in check.reasons],
    }
    common: dict[str, Any] = {
        "subject": check.client_id,
        "now": now,
        "rule_version": version,
        "decision_id": check.decision_id,
    }
    audit.record(session, Tag.KYC_CHECK, actor=actor, after=found, **common)
    if outcome != Outcome.REVIEW:
        verb = Tag.KYC_APPROVE if outcome == Outcome.APPROVE else Tag.KYC_REFUSE
        audit.record(session, verb, actor=_RULES.within(actor), **common)
