"""Registration, and clients as staff see them."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from api import clients
from api.deps import ActorDep, NowDep, SessionDep, VisitorDep, needs, public
from api.door import Doors
from api.schemas.clients import ClientOut, RegisteredOut
from api.schemas.documents import CheckOut, DocumentOut
from api.schemas.lists import After, Limit
from api.web.entrance import throttled
from api.web.listing import part
from operational.access import passwords
from operational.access.matrix import Permission
from operational.clients import queries
from operational.clients.forms import LeadForm
from operational.kyc import queries as kyc
from operational.partners import service as partners

router = Doors("/api/clients", tag="clients")

Text = Annotated[str, Query(max_length=200)]


@router.post(
    "/registrations",
    status_code=201,
    dependencies=[public("anybody may become a client"), Depends(throttled)],
)
def register(
    form: LeadForm, session: SessionDep, visitor: VisitorDep, now: NowDep
) -> RegisteredOut:
    """A lead, routed and attributed at once. Sign in at `/session` afterwards."""
    passwords.check_strength(form.password.get_secret_value())
    client = partners.register_client(session, form, actor=visitor, now=now)
    return RegisteredOut.model_validate(client)


@router.get("", dependencies=[needs(Permission.CLIENTS_READ)])
def client_list(
    session: SessionDep, actor: ActorDep, text: Text = "", after: After = None, limit: Limit = 100
) -> list[ClientOut]:
    """The newest first."""
    found = part(
        session, clients.found(session, text), by="registered_at", after=after, rows_max=limit
    )
    return [clients.as_seen(client, actor) for client in found]


@router.get("/{client_id}", dependencies=[needs(Permission.CLIENTS_READ)])
def client(client_id: UUID, session: SessionDep, actor: ActorDep) -> ClientOut:
    return clients.as_seen(queries.get(session, client_id), actor)


@router.get("/{client_id}/documents", dependencies=[needs(Permission.KYC_READ)])
def documents(client_id: UUID, session: SessionDep, _: ActorDep) -> list[DocumentOut]:
    found = session.scalars(kyc.documents(queries.get(session, client_id).id))
    return [DocumentOut.model_validate(document) for document in found]


@router.get("/{client_id}/checks", dependencies=[needs(Permission.KYC_READ)])
def checks(client_id: UUID, session: SessionDep) -> list[CheckOut]:
    found = session.scalars(kyc.checks(queries.get(session, client_id).id))
    return [CheckOut.model_validate(check) for check in found]
