"""Trading accounts: wanted and observed state side by side, on a page that renews itself."""

from typing import Annotated
from uuid import UUID

from fastapi import Form, Query, Request, Response

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.schemas.platforms import BlockForm
from api.web.door import Pages
from api.web.listing import listed
from api.web.shell import page, see_other
from operational.access.matrix import Permission
from operational.audit import queries as audit
from operational.clients import queries as clients
from operational.platforms import queries
from operational.platforms import service as platforms

router = Pages("/staff/accounts")


@router.get("", dependencies=[needs(Permission.PLATFORMS_READ)])
def account_list(
    request: Request, session: SessionDep, text: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    return page(
        request,
        "staff/accounts.html",
        contradictions=session.scalars(queries.contradictions()).all(),
        accounts=listed(request, session, queries.matching(text), by="requested_at"),
        text=text,
    )


@router.get("/{account_id}", dependencies=[needs(Permission.PLATFORMS_READ)])
def account(request: Request, account_id: UUID, session: SessionDep) -> Response:
    found = queries.get(session, account_id)
    transfers = session.scalars(queries.transfers_of(found.client_id)).all()
    return page(
        request,
        "staff/account.html",
        account=found,
        client=clients.get(session, found.client_id),
        transfers=[transfer for transfer in transfers if transfer.trading_account_id == found.id],
        events=session.scalars(audit.history(account_id, "account").limit(20)).all(),
    )


@router.post("/{account_id}", dependencies=[needs(Permission.PLATFORMS_BLOCK)])
def want(
    account_id: UUID,
    form: Annotated[BlockForm, Form()],
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    verb = {"block": platforms.block, "unblock": platforms.unblock}[form.wanted]
    verb(session, account_id, reason=form.reason, actor=actor, now=now)
    return see_other(f"/staff/accounts/{account_id}", f"account_{form.wanted}ed")
