"""What a route may ask for: a transaction, who is asking, the time, and what they may do."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer
from sqlalchemy.orm import Session

from api import cookies
from api.hub import Hub, hub_of
from operational.access import service as access
from operational.access import sessions
from operational.access.errors import NotSignedIn
from operational.access.matrix import Permission, is_staff
from operational.kit import db
from operational.kit.actor import Actor
from operational.kit.errors import Forbidden

BY_ITSELF = "X-Kingpost-By-Itself"
"""A page sends it when it renews itself and nobody asked it to."""


async def _hub(request: Request) -> Hub:
    # What waits for nothing is `async`: FastAPI would send it to a thread otherwise.
    return hub_of(request)


HubDep = Annotated[Hub, Depends(_hub)]


def _session(hub: HubDep) -> Iterator[Session]:
    with db.transaction(hub.engine) as session:
        yield session


# Scope "function" ends the transaction before the answer leaves; without it FastAPI would send
# the answer first, and a failed commit would have been a 200.
SessionDep = Annotated[Session, Depends(_session, scope="function")]


async def _now(hub: HubDep) -> datetime:
    return hub.clock()


NowDep = Annotated[datetime, Depends(_now)]


def _visitor(request: Request, session: SessionDep, now: NowDep) -> Actor:
    """Whoever is asking, signed in or not."""
    token = cookies.token_of(request)
    ip, request_id = address_of(request), request.state.request_id
    actor = None
    if token:
        actor = sessions.actor_of(
            session,
            token,
            ip=ip,
            now=now,
            request_id=request_id,
            by_itself=BY_ITSELF in request.headers,
        )
    actor = actor or stranger(request)
    request.state.actor = actor
    return actor


VisitorDep = Annotated[Actor, Depends(_visitor, scope="function")]


# Named for the description only; `cookies.token_of` reads the header.
_Bearer = Annotated[object, Security(HTTPBearer(auto_error=False))]


async def _actor(visitor: VisitorDep, _: _Bearer) -> Actor:
    """Whoever is asking; must be signed in.

    Raises:
        NotSignedIn: no session, or one that ended.
    """
    if visitor.session_id is None:
        raise NotSignedIn("Sign in first.")
    return visitor


ActorDep = Annotated[Actor, Depends(_actor, scope="function")]


class Needs:
    """Only who holds the permission may pass."""

    door_rule = "permission"

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, actor: ActorDep) -> None:
        access.require(actor, self.permission)


class SignedIn:
    """Whoever is signed in may pass: it is about themselves."""

    door_rule = "signed_in"

    async def __call__(self, actor: ActorDep) -> None:
        pass


class StaffOnly:
    """Any of our own people may pass; what they see inside depends on their permissions."""

    door_rule = "staff"

    async def __call__(self, actor: ActorDep) -> None:
        if not is_staff(actor.roles):
            raise Forbidden("This is for staff.")


class Public:
    """Anybody may pass, for the reason given."""

    door_rule = "public"

    def __init__(self, reason: str) -> None:
        self.reason = reason

    async def __call__(self) -> None:
        pass


def needs(permission: Permission) -> Any:
    return Depends(Needs(permission), scope="function")


def signed_in() -> Any:
    return Depends(SignedIn(), scope="function")


def staff_only() -> Any:
    return Depends(StaffOnly(), scope="function")


def public(reason: str) -> Any:
    return Depends(Public(reason))


def address_of(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def stranger(request: Request) -> Actor:
    """Somebody without a session."""
    return Actor(
        id="anonymous",
        name="anonymous",
        roles=sessions.ANONYMOUS,
        ip=address_of(request),
        request_id=request.state.request_id,
    )
