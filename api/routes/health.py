"""Is the hub well, and how busy is it?"""

from fastapi import Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from api.deps import SessionDep, public
from api.door import Doors

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
def metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
