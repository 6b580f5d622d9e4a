"""Partners as staff see them, and their creation."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from api.deps import ActorDep, HubDep, NowDep, SessionDep, needs
from api.door import Doors
from api.routes.users import invitation_link
from api.schemas.lists import After, Limit
from api.schemas.partners import JoinedOut, LinkOut, NewPartnerForm, PartnerOut
from api.web.listing import part
from operational.access.matrix import Permission
from operational.partners import queries
from operational.partners import service as partners

router = Doors("/api/partners", tag="partners")


@router.get("", dependencies=[needs(Permission.PARTNERS_READ)])
def partner_list(
    session: SessionDep,
    text: Annotated[str, Query(max_length=200)] = "",
    after: After = None,
    limit: Limit = 100,
) -> list[PartnerOut]:
    """The oldest first, of one reference, code or name if said."""
    wanted = queries.partners(text)
    found = part(session, wanted, by="joined_at", is_rising=True, after=after, rows_max=limit)
    return [PartnerOut.model_validate(partner) for partner in found]


@router.post("", status_code=201, dependencies=[needs(Permission.PARTNERS_MANAGE)])
def create(
    form: NewPartnerForm, session: SessionDep, actor: ActorDep, hub: HubDep, now: NowDep
) -> JoinedOut:
    """A partner, under another one if said, and the link by which they take up their account."""
    partner = partners.create_partner(
        session, form.partner(), parent_id=form.parent_id, actor=actor, now=now
    )
    token = partners.invite(session, partner.id, actor=actor, now=now)
    told = PartnerOut.model_validate(partner).model_dump()
    return JoinedOut(**told, link=invitation_link(hub.settings, token))


@router.post(
    "/{partner_id}/invitation", status_code=201, dependencies=[needs(Permission.PARTNERS_MANAGE)]
)
def invite(
    partner_id: UUID, session: SessionDep, actor: ActorDep, hub: HubDep, now: NowDep
) -> LinkOut:
    """Hand the account over again: the partner lost the password, or the link."""
    token = partners.invite(session, partner_id, actor=actor, now=now)
    return LinkOut(link=invitation_link(hub.settings, token))


@router.get("/{partner_id}", dependencies=[needs(Permission.PARTNERS_READ)])
def partner(partner_id: UUID, session: SessionDep) -> PartnerOut:
    return PartnerOut.model_validate(queries.get(session, partner_id))
