"""Where staff start: what waits for them."""

from fastapi import Request, Response

from api.deps import ActorDep, HubDep, SessionDep, staff_only
from api.web.door import Pages
from api.web.shell import page
from api.web.staff import worklist
from operational.access.matrix import permissions

router = Pages("/staff")


@router.get("", dependencies=[staff_only()])
def home(request: Request, session: SessionDep, actor: ActorDep, hub: HubDep) -> Response:
    held = permissions(actor.roles)
    tiles = [(one.name, one.path, count) for one, count in worklist.counts(session, held)]
    return page(
        request,
        "staff/home.html",
        tiles=tiles,
        held=sorted(held),
        dashboards_url=hub.settings.dashboards_url,
    )
