"""The review queue: cases, what is shown of them, and decisions on what was shown."""

from uuid import UUID

from api import cases as kinds
from api.deps import ActorDep, NowDep, SessionDep, needs
from api.door import Doors
from api.schemas.lists import After, Limit
from api.schemas.review import CaseOut, DecisionForm, EvidenceOut, StoredEvidenceOut
from api.web.listing import part
from operational.access.matrix import Permission
from operational.kyc import service as kyc
from operational.review import queries
from operational.review import service as review

router = Doors("/api/cases", tag="review")


@router.get("", dependencies=[needs(Permission.REVIEW_READ)])
def cases(session: SessionDep, after: After = None, limit: Limit = 100) -> list[CaseOut]:
    """What waits for a person, oldest first."""
    found = part(
        session, queries.open_cases(), by="opened_at", is_rising=True, after=after, rows_max=limit
    )
    return [CaseOut.model_validate(case) for case in found]


@router.post("/{case_id}/evidence", status_code=201, dependencies=[needs(Permission.REVIEW_READ)])
def show(case_id: UUID, session: SessionDep, actor: ActorDep, now: NowDep) -> EvidenceOut:
    """Be shown the case; exactly this is kept. A decision must quote its id."""
    about = kinds.about(session, case_id)
    evidence = review.serve_case(session, case_id, about=about, actor=actor, now=now)
    return EvidenceOut.model_validate(evidence)


@router.get("/evidence/{evidence_id}", dependencies=[needs(Permission.REVIEW_READ)])
def evidence(
    evidence_id: UUID, session: SessionDep, actor: ActorDep, now: NowDep
) -> StoredEvidenceOut:
    """What somebody was shown, masked for this reader. The hash is of the whole."""
    found, shown = review.read_evidence(session, evidence_id, actor=actor, now=now)
    return StoredEvidenceOut.of(found, shown)


@router.post("/{case_id}/decision", dependencies=[needs(Permission.KYC_DECIDE)])
def decide(
    case_id: UUID, form: DecisionForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> CaseOut:
    case = kyc.decide_case(
        session,
        case_id,
        verdict=form.verdict,
        note=form.note,
        evidence_id=form.evidence_id,
        actor=actor,
        now=now,
    )
    return CaseOut.model_validate(case)
