"""What a refused request leaves behind: one audit record, in a transaction of its own."""

import structlog
from fastapi import Request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from api.deps import address_of, stranger
from api.hub import hub_of
from operational.access import sessions, throttle
from operational.access.errors import SignInRefused, TooManyTries
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit import db
from operational.kit.actor import Actor
from operational.kit.errors import DomainError, Forbidden

log = structlog.get_logger()

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# A flood of refusals must not fill the audit log; what is over is counted by the metrics only.
_PER_ADDRESS_MAX = 2000


def record(request: Request, error: DomainError) -> None:
    """Record a refused change, and any refused look at what is not allowed."""
    if isinstance(error, SignInRefused):
        hub = hub_of(request)
        with db.transaction(hub.engine) as session:
            sessions.count_failure(session, error, visitor=stranger(request), now=hub.clock())
    elif isinstance(error, Forbidden) or request.method not in _SAFE:
        _write(request, error.code)


def record_code(request: Request, code: str) -> None:
    """Record a change refused, or broken off, without a reason of the domain."""
    if request.method not in _SAFE:
        _write(request, code)


def record_within(session: Session, request: Request, error: DomainError) -> None:
    """Record a refusal that is itself an answer, and commits with it."""
    _record(session, request, error.code)


def _write(request: Request, code: str) -> None:
    try:
        with db.transaction(hub_of(request).engine) as session:
            _record(session, request, code)
    except TooManyTries:
        log.warning("refusals of one address are no longer recorded")
    except DBAPIError:
        # The database is away: that is why the request failed, and the answer must still leave.
        log.warning("a refusal could not be recorded", code=code)


def _record(session: Session, request: Request, code: str) -> None:
    now, key = hub_of(request).clock(), f"refusals:{address_of(request)}"
    throttle.count_try(session, key, tries_max=_PER_ADDRESS_MAX, now=now)
    actor: Actor = getattr(request.state, "actor", None) or stranger(request)
    audit.record(
        session,
        Tag.REQUEST_REFUSE,
        subject=f"{request.method} {route_of(request)}",
        actor=actor,
        now=now,
        reason=code,
    )


def route_of(request: Request) -> str:
    """The route's path with its placeholders, so that no id or name gets into a label."""
    route = request.scope.get("route")
    return getattr(route, "path", "unknown")
