"""Trading accounts as staff see them, and blocking."""

from uuid import UUID

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.door import Doors
from api.schemas.platforms import AccountOut, ReasonForm
from operational.access.matrix import Permission
from operational.platforms import queries
from operational.platforms import service as platforms

router = Doors("/api/trading-accounts", tag="platforms")


@router.get("", dependencies=[needs(Permission.PLATFORMS_READ)])
def accounts(session: SessionDep) -> list[AccountOut]:
    return [AccountOut.model_validate(account) for account in session.scalars(queries.newest())]


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
