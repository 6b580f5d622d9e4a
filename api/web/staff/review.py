"""The review queue, one case, and the decision on what was shown."""

from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response

from api import cases
from api.deps import ActorDep, HubDep, NowDep, SessionDep, needs
from api.schemas.review import DecisionForm
from api.web.door import Pages
from api.web.listing import listed
from api.web.shell import page, see_other
from operational.access import queries as access
from operational.access.matrix import Permission
from operational.clients import queries as clients
from operational.kyc import service as kyc
from operational.kyc.vault import Vault
from operational.review import queries, rules
from operational.review import service as review

router = Pages("/staff")


@router.get("/review", dependencies=[needs(Permission.REVIEW_READ)])
def queue(request: Request, session: SessionDep) -> Response:
    waiting = listed(request, session, queries.open_cases(), by="opened_at", is_rising=True)
    decided = listed(
        request, session, queries.decided_cases(), by="decided_at", name="decided_after"
    )
    ids = [case.client_id for case in (*waiting.rows, *decided.rows)]
    return page(
        request,
        "staff/review.html",
        waiting=waiting,
        decided=decided,
        clients={client.id: client for client in session.scalars(clients.by_ids(ids))},
    )


@router.get("/review/{case_id}", dependencies=[needs(Permission.REVIEW_READ)])
def case(
    request: Request, case_id: UUID, session: SessionDep, actor: ActorDep, now: NowDep
) -> Response:
    """A case as it is, kept as evidence; a decided one as its decider was shown it."""
    found = queries.get(session, case_id)
    if found.evidence_id is None:
        about = cases.about(session, case_id)
        evidence = review.serve_case(session, case_id, about=about, actor=actor, now=now)
        shown = evidence.payload
    else:
        evidence, shown = review.read_evidence(session, found.evidence_id, actor=actor, now=now)
    return page(
        request,
        "staff/case.html",
        case=found,
        evidence=evidence,
        shown=shown,
        decider=review.DECIDERS[found.kind],
        needed=shown.get("votes_needed", 1),
    )


@router.get("/evidence/{evidence_id}", dependencies=[needs(Permission.REVIEW_READ)])
def evidence(
    request: Request, evidence_id: UUID, session: SessionDep, actor: ActorDep, now: NowDep
) -> Response:
    """What somebody was shown of a case at one moment, with its hash."""
    found, shown = review.read_evidence(session, evidence_id, actor=actor, now=now)
    return page(
        request,
        "staff/evidence.html",
        evidence=found,
        shown=shown,
        case=queries.get(session, found.case_id),
        viewer=access.user(session, found.viewer_id),
        is_intact=rules.digest(found.payload) == found.payload_sha256,
    )


@router.post("/review/{case_id}", dependencies=[needs(Permission.KYC_DECIDE)])
def decide(
    case_id: UUID,
    form: Annotated[DecisionForm, Form()],
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    kyc.decide_case(
        session,
        case_id,
        verdict=form.verdict,
        note=form.note,
        evidence_id=form.evidence_id,
        actor=actor,
        now=now,
    )
    return see_other("/staff/review", "case_decided")


@router.get("/documents/{document_id}", dependencies=[needs(Permission.KYC_READ)])
def document(
    document_id: UUID, session: SessionDep, actor: ActorDep, hub: HubDep, now: NowDep
) -> Response:
    """The copy for reviewers. Every look is recorded."""
    media_type, content = kyc.read_document(
        session, document_id, actor=actor, now=now, vault=Vault(hub.settings)
    )
    headers = {
        "Content-Disposition": f'attachment; filename="{document_id}"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(content, media_type=media_type, headers=headers)
