"""The partner's page: the link to share, and the clients it brought."""

from uuid import UUID

from fastapi import Request, Response

from api.deps import ActorDep, HubDep, NowDep, SessionDep, needs
from api.web.door import Pages
from api.web.shell import page
from operational.access.masks import mask
from operational.access.matrix import Permission
from operational.clients import queries as clients
from operational.ledger import queries as ledger
from operational.partners import queries
from operational.partners.errors import PartnerNotFound

router = Pages("/partner")


@router.get("", dependencies=[needs(Permission.PARTNERS_READ_OWN)])
def partner(
    request: Request, session: SessionDep, actor: ActorDep, hub: HubDep, now: NowDep
) -> Response:
    """One's own partnership; other people's names are masked."""
    found = session.scalar(queries.by_user(UUID(actor.id)))
    if found is None:
        raise PartnerNotFound("You are not a partner.")
    attributions = session.scalars(queries.clients_of(found.id, now)).all()
    brought = session.scalars(clients.by_ids([one.client_id for one in attributions])).all()
    return page(
        request,
        "partner.html",
        partner=found,
        link=f"{hub.settings.api_url}/register?ref={found.code}",
        clients=[
            {
                "reference": client.reference,
                "name": mask(f"{client.first_name} {client.last_name}".strip()),
                "country": client.country,
                "stage": client.stage,
                "registered_at": client.registered_at,
            }
            for client in sorted(brought, key=lambda one: one.registered_at, reverse=True)
        ],
        wallets=session.execute(ledger.wallets(found.id)).all(),
    )
