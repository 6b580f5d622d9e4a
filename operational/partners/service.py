"""The verbs of partners: join, place, bring clients, and the plans that pay them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from operational.access import invitations
from operational.access import service as access
from operational.access.matrix import Permission, Role
from operational.access.passwords import PasswordHash
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.clients import rules as people
from operational.clients import service as clients
from operational.clients.forms import LeadForm
from operational.clients.models import Client
from operational.clients.service import Referral
from operational.kit import ids
from operational.kit.actor import Actor
from operational.partners import queries, rules
from operational.partners.errors import CodeTaken, MoveInPast, SelfReferral, TreeCycle
from operational.partners.forms import PartnerForm
from operational.partners.models import Attribution, Edge, Partner
from operational.partners.rules import Placement
from operational.partners.states import Flag, Reason

# One tree, one lock: two moves at once could each be fine and together close a circle.
_LOCK_TREE = text("select pg_advisory_xact_lock(hashtext('partners.tree'))")


def create_partner(
    session: Session,
    form: PartnerForm,
    *,
    parent_id: UUID | None = None,
    password_hash: PasswordHash | None = None,
    actor: Actor,
    now: datetime,
) -> Partner:
    """Make a partner, under another one if said. Without a hash nobody signs in before `invite`.

    Raises:
        Forbidden: without `partners.manage`.
        EmailTaken, CodeTaken, PartnerNotFound.
    """
    access.require(actor, Permission.PARTNERS_MANAGE)
    if session.scalar(queries.by_code(form.code)) is not None:
        raise CodeTaken(f"The code {form.code} belongs to another partner.", field="code")

    user = access.create_user(
        session,
        email=form.email,
        name=form.name,
        password=password_hash,
        is_hashed=True,
        role=Role.PARTNER,
        actor=actor,
        now=now,
    )
    partner = Partner(
        reference=ids.reference("P"),
        user_id=user.id,
        name=form.name,
        code=form.code,
        country=form.country,
        currency=form.currency,
        plan_name=form.plan_name,
        mailbox=people.mailbox(form.email),
        name_key=people.name_key(form.name),
        is_active=True,
        joined_at=now,
    )
    session.add(partner)
    session.flush()

    audit.record(
        session,
        Tag.PARTNER_JOIN,
        subject=partner.id,
        actor=actor,
        now=now,
        after={"reference": partner.reference, "code": form.code, "plan": form.plan_name},
    )
    if parent_id is not None:
        move_partner(
            session, partner.id, parent_id, since=now, reason="joined", actor=actor, now=now
        )
    return partner


def invite(session: Session, partner_id: UUID, *, actor: Actor, now: datetime) -> str:
    """Hand the account over, or over again; return the token of the link that does so once.

    Raises:
        Forbidden: without `partners.manage`.
        PartnerNotFound.
    """
    access.require(actor, Permission.PARTNERS_MANAGE)
    partner = queries.get(session, partner_id)
    user = access.locked(session, partner.user_id)
    return invitations.invite(session, user, actor=actor, now=now)


def move_partner(
    session: Session,
    partner_id: UUID,
    parent_id: UUID | None,
    *,
    since: datetime,
    reason: str,
    actor: Actor,
    now: datetime,
) -> Edge | None:
    """Put a partner under another one, or under nobody, from a moment on. The past stays.

    Raises:
        Forbidden: without `partners.manage`.
        PartnerNotFound, MoveInPast, TreeCycle.
    """
    access.require(actor, Permission.PARTNERS_MANAGE)
    session.execute(_LOCK_TREE)
    partner = queries.get(session, partner_id)
    edges = list(session.scalars(queries.edges_since(since)))

    if since < now:
        raise MoveInPast("A move counts from now on, not from before.")
    if parent_id is not None:
        queries.get(session, parent_id)
        others = [_placement(edge) for edge in edges if edge.child_id != partner.id]
        if parent_id == partner.id or rules.closes_cycle(others, partner.id, parent_id, since):
            raise TreeCycle("The partner would stand above itself.")

    before = [edge for edge in edges if edge.child_id == partner.id]
    for edge in before:
        edge.valid_to = max(edge.valid_from, since)
    session.flush()
    placed = None
    if parent_id is not None:
        placed = Edge(child_id=partner.id, parent_id=parent_id, valid_from=since)
        session.add(placed)
        session.flush()

    audit.record(
        session,
        Tag.PARTNER_PLACE,
        subject=partner.id,
        actor=actor,
        now=now,
        reason=reason,
        before={"parents": [str(edge.parent_id) for edge in before]},
        after={"parent": str(parent_id) if parent_id else None, "since": since.isoformat()},
    )
    return placed


def register_client(
    session: Session,
    form: LeadForm,
    *,
    actor: Actor,
    now: datetime,
    ip_country: str | None = None,
    password_hash: PasswordHash | None = None,
) -> Client:
    """The door for every registration: a client, routed, and attributed by the referral code.

    An unknown code is welcome: the client belongs to nobody, and the record says why.

    Raises:
        SelfReferral: the code's own partner registers.
        EmailTaken, PasswordWeak, Forbidden: see `clients.service.register_lead`.
    """
    partner, flags = _referrer(session, form)
    if partner is not None and people.mailbox(form.email) == partner.mailbox:
        raise SelfReferral("A partner cannot bring itself.", field="referral_code")

    client = clients.register_lead(
        session,
        form,
        actor=actor,
        now=now,
        referral=_referral(form, partner),
        ip_country=ip_country,
        password_hash=password_hash,
    )
    if partner is not None:
        _give(session, client, partner, Reason.REFERRAL_CODE, since=now)

    if form.referral_code:
        audit.record(
            session,
            Tag.PARTNER_ATTRIBUTE,
            subject=partner.id if partner else None,
            actor=actor,
            now=now,
            reason=Reason.REFERRAL_CODE,
            after={"client_id": str(client.id), "code": form.referral_code, "flags": flags},
            person=client.user_id,
        )
    return client


def move_client(
    session: Session,
    client_id: UUID,
    partner_id: UUID | None,
    *,
    since: datetime,
    reason: str,
    actor: Actor,
    now: datetime,
) -> Attribution | None:
    """Give a client to another partner, or to nobody, from a moment on. The past stays.

    Raises:
        Forbidden: without `partners.manage`.
        ClientNotFound, PartnerNotFound, MoveInPast, SelfReferral.
    """
    access.require(actor, Permission.PARTNERS_MANAGE)
    client = clients.locked(session, client_id)
    partner = queries.get(session, partner_id) if partner_id else None

    if since < now:
        raise MoveInPast("A move counts from now on, not from before.")
    if partner is not None and client.mailbox == partner.mailbox:
        raise SelfReferral("A partner cannot be its own client.")

    before = list(session.scalars(queries.attributions_since(client.id, since)))
    for found in before:
        found.valid_to = max(found.valid_from, since)
    session.flush()
    given = _give(session, client, partner, Reason.MOVED, since=since) if partner else None

    audit.record(
        session,
        Tag.PARTNER_ATTRIBUTE,
        subject=partner_id,
        actor=actor,
        now=now,
        reason=reason,
        before={"partners": [str(found.partner_id) for found in before]},
        after={"client_id": str(client.id), "since": since.isoformat()},
    )
    return given


def _referrer(session: Session, form: LeadForm) -> tuple[Partner | None, list[Flag]]:
    """The active partner behind the code, and what is odd about it."""
    code = rules.clean_code(form.referral_code or "")
    partner = session.scalar(queries.by_code(code)) if code else None
    if partner is None:
        return None, [Flag.UNKNOWN_CODE]
    if not partner.is_active:
        return None, [Flag.INACTIVE_PARTNER]
    is_namesake = people.name_key(form.first_name, form.last_name) == partner.name_key
    return partner, [Flag.SAME_NAME] if is_namesake else []


def _referral(form: LeadForm, partner: Partner | None) -> Referral:
    if not form.referral_code:
        return Referral.NONE
    return Referral.KNOWN if partner else Referral.UNKNOWN


def _give(
    session: Session, client: Client, partner: Partner, reason: Reason, *, since: datetime
) -> Attribution:
    given = Attribution(client_id=client.id, partner_id=partner.id, reason=reason, valid_from=since)
    session.add(given)
    session.flush()
    return given


def _placement(edge: Edge) -> Placement:
    return Placement(edge.child_id, edge.parent_id, edge.valid_from, edge.valid_to)
