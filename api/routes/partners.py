"""Partners as staff see them, and their creation."""

from uuid import UUID

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.door import Doors
from api.schemas.partners import NewPartnerForm, PartnerOut
from operational.access.matrix import Permission
from operational.partners import queries
from operational.partners import service as partners

router = Doors("/api/partners", tag="partners")


@router.get("", dependencies=[needs(Permission.PARTNERS_READ)])
def partner_list(session: SessionDep) -> list[PartnerOut]:
    return [PartnerOut.model_validate(partner) for partner in session.scalars(queries.partners())]


@router.post("", status_code=201, dependencies=[needs(Permission.PARTNERS_MANAGE)])
def create(form: NewPartnerForm, session: SessionDep, actor: ActorDep, now: NowDep) -> PartnerOut:
    """A partner who can sign in, under another one if said."""
    partner = partners.create_partner(
        session, form.partner(), parent_id=form.parent_id, actor=actor, now=now
    )
    return PartnerOut.model_validate(partner)


@router.get("/{partner_id}", dependencies=[needs(Permission.PARTNERS_READ)])
def partner(partner_id: UUID, session: SessionDep) -> PartnerOut:
    return PartnerOut.model_validate(queries.get(session, partner_id))
