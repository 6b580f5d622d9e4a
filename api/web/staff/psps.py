"""PSP health: how each one does, what keeps payments away, and the switch."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Request, Response
from sqlalchemy.orm import Session

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.schemas.psps import SwitchOffForm, SwitchOnForm
from api.web.door import Pages
from api.web.shell import page, see_other
from operational.access import queries as access
from operational.access.matrix import Permission
from operational.payments import health, performance
from operational.payments.psp.connect import PROVIDERS
from operational.payments.states import Method

router = Pages("/staff/psps")


@router.get("", dependencies=[needs(Permission.PAYMENTS_READ)])
def psps(request: Request, session: SessionDep, now: NowDep) -> Response:
    changes = performance.changes(session)
    found = performance.performances(session, now=now)
    people = {change.by for change in changes if change.decision_id is None}
    return page(
        request,
        "staff/psps.html",
        providers={name: one.title for name, one in PROVIDERS.items()}
        | {one.psp: one.psp.capitalize() for one in found if one.psp not in PROVIDERS},
        performances=found,
        spans=list(performance.SPANS),
        changes=changes,
        names=access.names(session, people),
        **_standing(session),
        methods=[("any", "All methods"), *((one.value, one.value) for one in Method)],
    )


def _standing(session: Session) -> dict[str, Any]:
    """What keeps payments away now."""
    return {
        "breakers": {(one.psp, one.method): one for one in session.scalars(health.breakers_open())},
        "switches": session.scalars(health.switches_off()).all(),
    }


@router.post("", dependencies=[needs(Permission.PSPS_SWITCH)])
def switch_off(
    form: Annotated[SwitchOffForm, Form()], session: SessionDep, actor: ActorDep, now: NowDep
) -> Response:
    health.switch_off(session, form.psp, form.method, reason=form.reason, actor=actor, now=now)
    return see_other("/staff/psps", "psp_switched_off")


@router.post("/{switch_id}/on", dependencies=[needs(Permission.PSPS_SWITCH)])
def switch_on(
    switch_id: UUID,
    form: Annotated[SwitchOnForm, Form()],
    *,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    health.switch_on(session, switch_id, reason=form.reason, actor=actor, now=now)
    return see_other("/staff/psps", "psp_switched_on")
