"""Clients: the list and one client's file."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Request, Response

from api import clients as people
from api.deps import ActorDep, HubDep, NowDep, SessionDep, needs
from api.hub import Hub
from api.routes.users import invitation_link
from api.schemas.entrance import StaffLeadForm
from api.web.door import Pages
from api.web.listing import listed
from api.web.shell import page
from api.web.words import LANGUAGES
from operational.access import invitations
from operational.access import queries as access
from operational.access.matrix import Permission, permissions
from operational.audit import queries as audit
from operational.clients import queries as clients
from operational.clients import service
from operational.kyc import queries as kyc
from operational.ledger import queries as ledger
from operational.partners import queries as partners
from operational.partners import service as partnership
from operational.payments import queries as payments
from operational.platforms import queries as platforms
from operational.review import queries as review
from operational.rules import queries as rules
from operational.rules import service as decisions

router = Pages("/staff/clients")

TEXT_MAX = 200
REGISTERS = needs(Permission.CLIENTS_REGISTER)


@router.get("", dependencies=[needs(Permission.CLIENTS_READ)])
def client_list(request: Request, session: SessionDep, text: str = "") -> Response:
    text = text[:TEXT_MAX]
    found = listed(request, session, people.found(session, text), by="registered_at")
    return page(request, "staff/clients.html", clients=found, text=text)


@router.get("/new", dependencies=[REGISTERS])
def new_lead(request: Request, _: ActorDep) -> Response:
    return page(request, "staff/lead.html", languages=LANGUAGES)


@router.post("/new", dependencies=[REGISTERS])
def register(
    form: Annotated[StaffLeadForm, Form()],
    request: Request,
    *,
    session: SessionDep,
    actor: ActorDep,
    hub: HubDep,
    now: NowDep,
) -> Response:
    """A lead on somebody's behalf; the link to their account is shown this once."""
    made = partnership.register_client(session, form.lead(), actor=actor, now=now)
    token = service.invite(session, made.id, actor=actor, now=now)
    return _invitation(request, hub, made, token)


@router.post("/{client_id}/invitation", dependencies=[REGISTERS])
def invite(
    request: Request,
    client_id: UUID,
    *,
    session: SessionDep,
    actor: ActorDep,
    hub: HubDep,
    now: NowDep,
) -> Response:
    token = service.invite(session, client_id, actor=actor, now=now)
    return _invitation(request, hub, clients.get(session, client_id), token)


@router.get("/{client_id}", dependencies=[needs(Permission.CLIENTS_READ)])
def client(
    request: Request, client_id: UUID, session: SessionDep, actor: ActorDep, now: NowDep
) -> Response:
    """One client's file; each part only for those who may see it."""
    found = clients.get(session, client_id)
    attribution = session.scalar(partners.attribution_at(client_id, now))
    parts: dict[Permission, dict[str, Any]] = {
        Permission.KYC_READ: {"documents": kyc.documents(client_id)},
        Permission.REVIEW_READ: {"cases": review.cases_of_client(client_id)},
        Permission.PAYMENTS_READ: {"payments": payments.of_client(client_id)},
        Permission.PLATFORMS_READ: {"accounts": platforms.of_client(client_id)},
        Permission.RULES_READ: {"decisions": rules.decisions(("client", str(client_id)))},
        Permission.AUDIT_READ: {"events": audit.history(client_id, "client").limit(50)},
    }
    held = permissions(actor.roles)
    shown: dict[str, Any] = {
        name: session.scalars(query).all() if permission in held else []
        for permission, part in parts.items()
        for name, query in part.items()
    }
    shown["decisions"] = [
        one for one in shown["decisions"] if decisions.may_read(one.trace["table"], actor)
    ]
    is_money_shown = Permission.LEDGER_READ in held
    is_partner_shown = Permission.PARTNERS_READ in held
    return page(
        request,
        "staff/client.html",
        client=people.as_seen(found, actor),
        has_joined=access.has_joined(session, found.user_id),
        partner=(
            partners.get(session, attribution.partner_id)
            if attribution and is_partner_shown
            else None
        ),
        wallets=session.execute(ledger.wallets(client_id)).all() if is_money_shown else [],
        **shown,
    )


def _invitation(request: Request, hub: Hub, client: object, token: str) -> Response:
    return page(
        request,
        "staff/invited_client.html",
        client=client,
        link=invitation_link(hub.settings, token),
        days=invitations.LIFE.days,
    )
