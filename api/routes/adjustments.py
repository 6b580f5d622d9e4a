"""Money moved by hand: asked for by one person, agreed to by another."""

from fastapi import Response

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.door import Doors
from api.once import KeyDep, OnceDep
from api.schemas.adjustments import AdjustmentApiForm, AdjustmentOut, ReversalForm, VerdictForm
from api.schemas.lists import After, Limit
from api.web.listing import part
from operational.access.matrix import Permission
from operational.payments.adjustments import queries, service
from operational.payments.adjustments.states import AdjustmentStatus

router = Doors("/api/adjustments", tag="adjustments")


@router.get("", dependencies=[needs(Permission.ADJUSTMENTS_READ)])
def adjustments(
    session: SessionDep,
    status: AdjustmentStatus | None = None,
    after: After = None,
    limit: Limit = 100,
) -> list[AdjustmentOut]:
    """The newest first, of one status if said."""
    found = part(session, queries.matching(status), by="asked_at", after=after, rows_max=limit)
    return [AdjustmentOut.of(adjustment) for adjustment in found]


@router.post(
    "",
    status_code=201,
    response_model=AdjustmentOut,
    dependencies=[needs(Permission.ADJUSTMENTS_ASK)],
)
def ask(
    form: AdjustmentApiForm,
    *,
    session: SessionDep,
    actor: ActorDep,
    once: OnceDep,
    key: KeyDep,
    now: NowDep,
) -> Response:
    """Ask for money to be given or taken; another person must agree."""

    def work() -> AdjustmentOut:
        asked = service.ask(
            session,
            form.client_id,
            form.signed,
            reason_code=form.reason_code,
            note=form.note,
            actor=actor,
            now=now,
        )
        return AdjustmentOut.of(asked)

    return once.answer(key, 201, work)


@router.post(
    "/{reference}/reversal",
    status_code=201,
    response_model=AdjustmentOut,
    dependencies=[needs(Permission.ADJUSTMENTS_ASK)],
)
def ask_reversal(
    reference: str,
    form: ReversalForm,
    *,
    session: SessionDep,
    actor: ActorDep,
    once: OnceDep,
    key: KeyDep,
    now: NowDep,
) -> Response:
    """Ask for a posted adjustment to be undone; another person must agree."""

    def work() -> AdjustmentOut:
        asked = service.ask_reversal(session, reference, note=form.note, actor=actor, now=now)
        return AdjustmentOut.of(asked)

    return once.answer(key, 201, work)


@router.post("/{reference}/decision", dependencies=[needs(Permission.ADJUSTMENTS_APPROVE)])
def decide(
    reference: str, form: VerdictForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> AdjustmentOut:
    """Agree or refuse as the second person."""
    decided = service.decide(
        session,
        reference,
        agree=form.verdict == "agree",
        shown=form.shown,
        actor=actor,
        now=now,
    )
    return AdjustmentOut.of(decided)
