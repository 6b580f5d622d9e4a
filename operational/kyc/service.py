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
from operational.kyc import checks, evidence, files, mrz, queries
from operational.kyc.errors import DocumentNotFound, NothingToDecide, TooManyDocuments
from operational.kyc.models import Check, Document
from operational.kyc.states import DocumentKind, Outcome
from operational.kyc.vault import ORIGINAL, RENDITION, Vault
from operational.review import queries as review_queries
from operational.review import rules as review_rules
from operational.review import service as review
from operational.review.errors import CaseNotFound
from operational.review.models import Case, Evidence
from operational.review.rules import Reason
from operational.review.states import CaseStatus, ClearedBy
from operational.rules import queries as rule_queries
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
_GONE = {
    Outcome.APPROVE: "Every reason is gone.",
    Outcome.REFUSE: "A rule has refused the client.",
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

    A case that holds a reason only a person may clear stays open whatever the table says now: the
    client may have changed the very thing it stopped for. A check that finds what the last one
    found changes nothing.

    Raises:
        NothingToDecide: the profile is not there yet, or the identity is decided.
        ClientNotFound, Forbidden.
    """
    client = clients.own(session, client_id, Permission.KYC_UPLOAD, actor=actor)
    if client.stage not in {Stage.PROFILED, Stage.IN_REVIEW}:
        raise NothingToDecide(f"There is nothing to check on a client who is {client.stage}.")

    gathered = checks.gather(session, client_id, now=now)
    case = session.scalar(review_queries.open_case_of(CASE_KIND, client_id))
    last = session.scalar(queries.checks(client_id).limit(1))
    if case is not None and last is not None and _is_same(session, last, gathered):
        _record_check(session, last, actor=actor, now=now)
        return last

    decision = decisions.decide(
        session, tables.KYC, gathered.facts, subject=("client", str(client_id)), now=now
    )
    found = _reasons(decision.outcome["reasons"], decision.trace)
    outcome = Outcome(decision.outcome["outcome"])
    if case is not None:
        found += _changes(session, case, gathered)
        if review_rules.needs_person(case.reasons):
            outcome = Outcome.REVIEW

    check = Check(
        client_id=client_id,
        facts=gathered.facts,
        compared=gathered.compared,
        outcome=outcome,
        reasons=found,
        decision_id=decision.id,
        checked_at=now,
    )
    _carry_out(session, client_id, check, decision.outcome["reason"], actor=actor, now=now)
    session.add(check)
    session.flush()

    _record_check(session, check, actor=actor, now=now)
    return check


def serve_case(session: Session, case_id: UUID, *, actor: Actor, now: datetime) -> Evidence:
    """Show an identity case with its papers and checks, and keep what was shown: see `review`."""
    return review.serve_case(session, case_id, about=evidence.about, actor=actor, now=now)


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
    # First the client, then the case, as everybody who changes either: what is compared below with
    # what was shown cannot change any more.
    case = review_queries.get(session, case_id)
    if case.kind != CASE_KIND:
        raise CaseNotFound(f"case {case_id} is of another kind")
    client = clients.locked(session, case.client_id)
    case = review.close_case(
        session,
        case_id,
        about=evidence.about,
        verdict=CaseStatus(verdict),
        note=note,
        evidence_id=evidence_id,
        actor=actor,
        now=now,
    )

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


def _is_same(session: Session, last: Check, gathered: checks.Gathered) -> bool:
    """Whether a check now would only say again what the last one said."""
    in_force = session.scalar(rule_queries.in_force(tables.KYC))
    decided_by = rule_queries.get(session, last.decision_id).table_version_id
    return (
        last.facts == gathered.facts
        and last.compared == gathered.compared
        and in_force is not None
        and in_force.id == decided_by
    )


def _reasons(found: list[Reason], trace: dict[str, Any]) -> list[Reason]:
    """The table's reasons, each with what its row looked at: the trace has the rows in this order."""
    rows = trace["steps"][0]["rows"]
    return [{**reason, "saw": row["saw"]} for reason, row in zip(found, rows, strict=False)]


def _changes(session: Session, case: Case, gathered: checks.Gathered) -> list[Reason]:
    """What the client has changed since the case was opened, to be read beside the reasons."""
    run = session.scalars(queries.checks(case.client_id).where(Check.checked_at >= case.opened_at))
    profile, papers = gathered.compared["profile"], gathered.facts["document_ids"]
    changed: dict[str, None] = {}
    for earlier in run:
        was = earlier.compared["profile"]
        changed |= dict.fromkeys(
            f"the {name.replace('_', ' ')}" for name in profile if profile[name] != was[name]
        )
        if earlier.facts["document_ids"] != papers:
            changed["the documents"] = None
    if not changed:
        return []
    sentence = f"Since the case was opened the client changed {', '.join(changed)}."
    return [{"code": "client_changed", "sentence": sentence, "cleared_by": ClearedBy.PAPERS.value}]


def _carry_out(
    session: Session, client_id: UUID, check: Check, reason: str, *, actor: Actor, now: datetime
) -> None:
    """Move the client where the check says, and open, keep or withdraw the case."""
    by_rule = _RULES.within(actor)
    clients.change_stage(
        session,
        clients.locked(session, client_id),
        _STAGES[Outcome(check.outcome)],
        reason=reason,
        actor=by_rule,
        now=now,
        decision_id=check.decision_id,
    )
    if check.outcome == Outcome.REVIEW:
        case = review.open_case(
            session,
            kind=CASE_KIND,
            subject_id=client_id,
            client_id=client_id,
            reasons=check.reasons,
            decision_id=check.decision_id,
            actor=by_rule,
            now=now,
        )
        check.reasons = case.reasons
    else:
        review.withdraw(
            session,
            CASE_KIND,
            client_id,
            note=_GONE[Outcome(check.outcome)],
            actor=by_rule,
            now=now,
        )


def _record_check(session: Session, check: Check, *, actor: Actor, now: datetime) -> None:
    decision = rule_queries.get(session, check.decision_id)
    outcome = Outcome(check.outcome)
    common: dict[str, Any] = {
        "subject": check.client_id,
        "now": now,
        "rule_version": decisions.named(session, decision),
        "decision_id": decision.id,
    }
    codes = [reason["code"] for reason in check.reasons]
    found = {"outcome": outcome.value, "reasons": codes}
    audit.record(session, Tag.KYC_CHECK, actor=actor, after=found, **common)
    if outcome != Outcome.REVIEW:
        verb = Tag.KYC_APPROVE if outcome == Outcome.APPROVE else Tag.KYC_REFUSE
        audit.record(session, verb, actor=_RULES.within(actor), **common)
