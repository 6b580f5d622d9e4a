"""PSPs: how each does, and the switch that keeps payments from one."""

from uuid import UUID

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.door import Doors
from api.schemas.psps import (
    PerformanceOut,
    SwitchOffForm,
    SwitchOnForm,
    SwitchOut,
)
from operational.access.matrix import Permission
from operational.payments import health, performance
from operational.payments.states import BreakerState

router = Doors("/api/psps", tag="psps")


@router.get("", dependencies=[needs(Permission.PAYMENTS_READ)])
def psps(session: SessionDep, now: NowDep) -> list[PerformanceOut]:
    """Every method at every PSP that was asked within a day."""
    states = {(one.psp, one.method): one.state for one in session.scalars(health.breakers_open())}
    return [
        PerformanceOut(
            psp=one.psp,
            method=one.method,
            tallies=one.tallies,
            seconds_to_pay=one.seconds_to_pay,
            breaker=states.get((one.psp, one.method), BreakerState.CLOSED),
        )
        for one in performance.performances(session, now=now)
    ]


@router.get("/switches", dependencies=[needs(Permission.PAYMENTS_READ)])
def switches(session: SessionDep) -> list[SwitchOut]:
    """What is switched off."""
    return [SwitchOut.model_validate(one) for one in session.scalars(health.switches_off())]


@router.post("/switches", status_code=201, dependencies=[needs(Permission.PSPS_SWITCH)])
def switch_off(form: SwitchOffForm, session: SessionDep, actor: ActorDep, now: NowDep) -> SwitchOut:
    """Keep payments from a PSP, or from one method there."""
    switch = health.switch_off(
        session, form.psp, form.method, reason=form.reason, actor=actor, now=now
    )
    return SwitchOut.model_validate(switch)


@router.post("/switches/{switch_id}/on", dependencies=[needs(Permission.PSPS_SWITCH)])
def switch_on(
    switch_id: UUID, form: SwitchOnForm, *, session: SessionDep, actor: ActorDep, now: NowDep
) -> SwitchOut:
    """Let payments go there again."""
    switch = health.switch_on(session, switch_id, reason=form.reason, actor=actor, now=now)
    return SwitchOut.model_validate(switch)
