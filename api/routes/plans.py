"""Commission plans: versions, drafts, publication by a second person."""

from uuid import UUID

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.door import Doors
from api.schemas.partners import PlanForm, PlanVersionOut
from operational.access.matrix import Permission
from operational.partners import plans, queries

router = Doors("/api/plans", tag="plans")


@router.get("/versions", dependencies=[needs(Permission.PARTNERS_READ)])
def versions(session: SessionDep) -> list[PlanVersionOut]:
    found = session.scalars(queries.plan_versions())
    return [PlanVersionOut.model_validate(version) for version in found]


@router.get("/versions/{version_id}", dependencies=[needs(Permission.PARTNERS_READ)])
def version(version_id: UUID, session: SessionDep) -> PlanVersionOut:
    return PlanVersionOut.model_validate(queries.plan(session, version_id))


@router.post("/{name}/drafts", status_code=201, dependencies=[needs(Permission.PARTNERS_MANAGE)])
def draft(
    name: str, form: PlanForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> PlanVersionOut:
    """The next version of a plan, or the first; it pays nobody until another person publishes it."""
    made = plans.add_plan_version(
        session,
        name,
        [rate.rate() for rate in form.rates],
        duration_seconds_min=form.duration_seconds_min,
        valid_from=form.valid_from,
        actor=actor,
        now=now,
    )
    return PlanVersionOut.model_validate(made)


@router.post(
    "/versions/{version_id}/publish", dependencies=[needs(Permission.PARTNERS_PUBLISH_PLAN)]
)
def publish(version_id: UUID, session: SessionDep, actor: ActorDep, now: NowDep) -> PlanVersionOut:
    """Let a draft pay, as another person than its maker."""
    return PlanVersionOut.model_validate(
        plans.publish_plan(session, version_id, actor=actor, now=now)
    )
