"""Partners: the list, one partner's place in the tree and clients, and their joining."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Query, Request, Response
from sqlalchemy.orm import Session

from api.deps import ActorDep, HubDep, NowDep, SessionDep, needs
from api.hub import Hub
from api.routes.users import invitation_link
from api.schemas.partners import NewPartnerForm
from api.web.door import Pages
from api.web.listing import listed
from api.web.shell import page
from operational.access import invitations
from operational.access.matrix import Permission, permissions
from operational.clients import queries as clients
from operational.ledger import queries as ledger
from operational.partners import queries, rules
from operational.partners import service as partners
from operational.partners.rules import Placement

router = Pages("/staff/partners")

CLIENTS_SHOWN_MAX = 100


@router.get("", dependencies=[needs(Permission.PARTNERS_READ)])
def partner_list(
    request: Request,
    session: SessionDep,
    now: NowDep,
    text: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    everybody = session.scalars(queries.partners().order_by("name")).all()
    names = {partner.id: partner.name for partner in everybody}
    plans = dict.fromkeys(version.name for version in session.scalars(queries.plan_versions()))
    edges = session.scalars(queries.tree_at(now))
    return page(
        request,
        "staff/partners.html",
        partners=listed(request, session, queries.partners(text), by="joined_at", is_rising=True),
        parents={edge.child_id: (edge.parent_id, names[edge.parent_id]) for edge in edges},
        counts=queries.client_counts(session, now),
        plans=[(name, name) for name in plans],
        everybody=[("", "Nobody"), *((str(id_), name) for id_, name in names.items())],
        text=text,
    )


@router.post("", dependencies=[needs(Permission.PARTNERS_MANAGE)])
def create(
    form: Annotated[NewPartnerForm, Form()],
    request: Request,
    *,
    session: SessionDep,
    actor: ActorDep,
    hub: HubDep,
    now: NowDep,
) -> Response:
    partner = partners.create_partner(
        session, form.partner(), parent_id=form.parent_id, actor=actor, now=now
    )
    token = partners.invite(session, partner.id, actor=actor, now=now)
    return _invited(request, hub, partner.name, token)


@router.get("/{partner_id}", dependencies=[needs(Permission.PARTNERS_READ)])
def partner(
    request: Request, partner_id: UUID, session: SessionDep, actor: ActorDep, now: NowDep
) -> Response:
    found, held = queries.get(session, partner_id), permissions(actor.roles)
    own = session.scalars(queries.clients_of(partner_id, now)).all()
    shown = [one.client_id for one in own[:CLIENTS_SHOWN_MAX]]
    is_client_shown = Permission.CLIENTS_READ in held
    return page(
        request,
        "staff/partner.html",
        partner=found,
        plan=session.scalar(queries.plan_in_force(found.plan_name, now)),
        above=_above(session, partner_id, now),
        below=session.execute(queries.below(partner_id, now)).all(),
        counts=queries.client_counts(session, now),
        clients=session.scalars(clients.by_ids(shown)).all() if is_client_shown else [],
        wallets=(
            session.execute(ledger.wallets(partner_id)).all()
            if Permission.LEDGER_READ in held
            else []
        ),
    )


@router.post("/{partner_id}/invitation", dependencies=[needs(Permission.PARTNERS_MANAGE)])
def invite(
    request: Request,
    partner_id: UUID,
    *,
    session: SessionDep,
    actor: ActorDep,
    hub: HubDep,
    now: NowDep,
) -> Response:
    """A new link for a partner who lost the password, or the link."""
    name = queries.get(session, partner_id).name
    token = partners.invite(session, partner_id, actor=actor, now=now)
    return _invited(request, hub, name, token)


def _invited(request: Request, hub: Hub, name: str, token: str) -> Response:
    return page(
        request,
        "staff/invited.html",
        name=name,
        link=invitation_link(hub.settings, token),
        days=invitations.LIFE.days,
        back="/staff/partners",
    )


def _above(session: Session, partner_id: UUID, now: datetime) -> list[Any]:
    """Who stands above, nearest first."""
    placements = [
        Placement(edge.child_id, edge.parent_id, edge.valid_from, edge.valid_to)
        for edge in session.scalars(queries.tree_at(now))
    ]
    return [queries.get(session, one) for one in rules.chain(placements, partner_id, now)[1:]]
