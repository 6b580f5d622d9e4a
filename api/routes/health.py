"""Is the hub well, and how busy is it?"""

from ipaddress import ip_address

from fastapi import Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from api.deps import HubDep, SessionDep, address_of, public
from api.door import Doors
from operational.kit.errors import DomainError, Forbidden

router = Doors(tag="health")


class MailroomShut(DomainError):
    code = "mailroom_shut"


@router.get("/health", dependencies=[public("a load balancer has no account")])
def health(session: SessionDep, hub: HubDep) -> dict[str, str]:
    """The database answers, and callbacks are stored.

    Raises:
        MailroomShut: they are not; this process must be started again.
    """
    if not hub.mailroom.is_open:
        raise MailroomShut("Nobody stores callbacks. Start this process again.")
    session.execute(text("select 1"))
    return {"status": "ok"}


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    dependencies=[public("scraped on this machine; numbers only")],
)
def metrics(request: Request) -> Response:
    """For whoever sits on this machine; a proxy in front of us says who asked."""
    if not _is_here(address_of(request)):
        raise Forbidden("This is for this machine only.")
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _is_here(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
