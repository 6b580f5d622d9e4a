"""Registration, and clients as staff see them."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from api import clients, registration
from api.deps import ActorDep, HubDep, NowDep, SessionDep, VisitorDep, needs, public
from api.door import Doors
from api.routes.users import invitation_link
from api.schemas.clients import ClientOut, InvitedOut, RegisteredOut
from api.schemas.documents import CheckOut, DocumentOut
from api.schemas.entrance import StaffLeadForm
from api.schemas.lists import After, Limit
from api.web.listing import part
from operational.access.errors import EmailTaken
from operational.access.matrix import Permission
from operational.clients import queries, service
from operational.clients.forms import LeadForm
from operational.kyc import queries as kyc
from operational.partners import service as partners

router = Doors("/api/clients", tag="clients")

Text = Annotated[str, Query(max_length=200)]


@router.post(
    "/registrations",
    status_code=201,
    dependencies=[public("anybody may become a client"), Depends(registration.throttled)],
)
def register(
    form: LeadForm,
    request: Request,
    *,
    session: SessionDep,
    visitor: VisitorDep,
    hub: HubDep,
    now: NowDep,
) -> RegisteredOut:
    """A lead, routed and attributed at once. Sign in at `/session` afterwards."""
    country = registration.country_of(request, hub.settings)
    try:
        client = partners.register_client(session, form, actor=visitor, now=now, ip_country=country)
    except EmailTaken:
        registration.count_taken(request, hub, now)
        raise
    return RegisteredOut.model_validate(client)


@router.post("", status_code=201, dependencies=[needs(Permission.CLIENTS_REGISTER)])
def register_lead(
    form: StaffLeadForm, session: SessionDep, actor: ActorDep, hub: HubDep, now: NowDep
) -> InvitedOut:
    """A lead on somebody's behalf. Hand them the link: behind it they choose their password."""
    client = partners.register_client(session, form.lead(), actor=actor, now=now)
    token = service.invite(session, client.id, actor=actor, now=now)
    return InvitedOut(id=client.id, link=invitation_link(hub.settings, token))


@router.post(
    "/{client_id}/invitation",
    status_code=201,
    dependencies=[needs(Permission.CLIENTS_REGISTER)],
)
def invite(
    client_id: UUID, session: SessionDep, actor: ActorDep, hub: HubDep, now: NowDep
) -> InvitedOut:
    """Another link for a client who has not used theirs; the one before ends."""
    token = service.invite(session, client_id, actor=actor, now=now)
    return InvitedOut(id=client_id, link=invitation_link(hub.settings, token))


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
