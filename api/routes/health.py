"""Is the hub well, and how busy is it?"""

from ipaddress import ip_address

from fastapi import Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from api.deps import SessionDep, address_of, public
from api.door import Doors
from operational.kit.errors import Forbidden

router = Doors(tag="health")


@router.get("/health", dependencies=[public("a load balancer has no account")])
def health(session: SessionDep) -> dict[str, str]:
    """The database answers."""
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
