"""Trading accounts as staff see them, and blocking."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.door import Doors
from api.schemas.lists import After, Limit
from api.schemas.platforms import AccountOut, ReasonForm
from api.web.listing import part
from operational.access.matrix import Permission
from operational.platforms import queries
from operational.platforms import service as platforms

router = Doors("/api/trading-accounts", tag="platforms")


@router.get("", dependencies=[needs(Permission.PLATFORMS_READ)])
def accounts(
    session: SessionDep,
    text: Annotated[str, Query(max_length=200)] = "",
    after: After = None,
    limit: Limit = 100,
) -> list[AccountOut]:
    """The newest first, of one login or reference if said."""
    found = part(session, queries.matching(text), by="requested_at", after=after, rows_max=limit)
    return [AccountOut.model_validate(account) for account in found]


@router.get("/contradictions", dependencies=[needs(Permission.PLATFORMS_READ)])
def contradictions(session: SessionDep) -> list[AccountOut]:
    """Accounts whose platform shows another state than we want, the oldest first."""
    found = session.scalars(queries.contradictions())
    return [AccountOut.model_validate(account) for account in found]


@router.get("/{account_id}", dependencies=[needs(Permission.PLATFORMS_READ)])
def account(account_id: UUID, session: SessionDep) -> AccountOut:
    return AccountOut.model_validate(queries.get(session, account_id))


@router.post("/{account_id}/block", dependencies=[needs(Permission.PLATFORMS_BLOCK)])
def block(
    account_id: UUID, form: ReasonForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> AccountOut:
    found = platforms.block(session, account_id, reason=form.reason, actor=actor, now=now)
    return AccountOut.model_validate(found)


@router.post("/{account_id}/unblock", dependencies=[needs(Permission.PLATFORMS_BLOCK)])
def unblock(
    account_id: UUID, form: ReasonForm, session: SessionDep, actor: ActorDep, now: NowDep
) -> AccountOut:
    found = platforms.unblock(session, account_id, reason=form.reason, actor=actor, now=now)
    return AccountOut.model_validate(found)
