"""The verbs of clients: register, complete the profile, move along the stages."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from operational.access import invitations
from operational.access import service as access
from operational.access.errors import PasswordWeak
from operational.access.matrix import Permission, Role
from operational.access.passwords import PasswordHash
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.clients import rules
from operational.clients.errors import BirthDateImplausible, ClientNotFound, StageNotAllowed
from operational.clients.forms import LeadForm, ProfileForm
from operational.clients.models import Client
from operational.clients.states import TRANSITIONS, Stage
from operational.kit import ids
from operational.kit.actor import Actor
from operational.rules import service as decisions
from operational.rules import tables


class Referral(StrEnum):
    """What the referral code of a lead turned out to be."""

    NONE = "none"
    """No code was given."""
    KNOWN = "known"
    """The code of an active partner."""
    UNKNOWN = "unknown"
    """Nobody's code; the lead is welcome all the same."""


def register_lead(
    session: Session,
    form: LeadForm,
    *,
    actor: Actor,
    now: datetime,
    referral: Referral = Referral.NONE,
    ip_country: str | None = None,
    password_hash: PasswordHash | None = None,
) -> Client:
    """Make a client who can sign in, and route it to a queue at once.

    Registration comes through `partners.service.register_client`, which knows the codes.

    Args:
        session: the transaction.
        form: what the person filled in.
        actor: the person (no role yet), or staff on their behalf. Of a person the address and the
            device are kept; those of our own office say nothing about a client.
        now: when.
        referral: what the code turned out to be.
        ip_country: where the edge says the address is.
        password_hash: made beforehand, so that no transaction waits for it.

    Raises:
        EmailTaken: somebody has this e-mail. Answer a stranger as if it were new.
        PasswordWeak: the password, or none from a person.
        Forbidden: a role without `clients.register`.
    """
    is_person = not actor.roles
    if not is_person:
        access.require(actor, Permission.CLIENTS_REGISTER)
    user = access.create_user(
        session,
        email=form.email,
        name=_account_name(form),
        password=password_hash or _password(form, actor),
        is_hashed=password_hash is not None,
        role=Role.CLIENT,
        actor=actor,
        now=now,
    )
    client = Client(
        id=ids.uuid7(),
        reference=ids.reference("C"),
        user_id=user.id,
        stage=Stage.LEAD,
        registered_ip=actor.ip if is_person else None,
        ip_country=ip_country,
        registered_at=now,
        **_described(form),
    )

    _route(session, client, referral, now=now)
    session.add(client)
    session.flush()

    _record_registration(session, client, referral, actor=actor, now=now)
    return client


def invite(session: Session, client_id: UUID, *, actor: Actor, now: datetime) -> str:
    """The link by which a client whom staff registered takes up the account; return its token.

    Raises:
        Forbidden: without `clients.register`.
        ClientNotFound.
        AlreadyJoined: the client has a password.
    """
    access.require(actor, Permission.CLIENTS_REGISTER)
    client = locked(session, client_id)
    return invitations.invite_outsider(session, client.user_id, actor=actor, now=now)


def complete_profile(
    session: Session, client_id: UUID, form: ProfileForm, *, actor: Actor, now: datetime
) -> Client:
    """Fill in, or correct, what the identity check compares. Not once the identity is decided.

    Raises:
        ClientNotFound, Forbidden, BirthDateImplausible, StageNotAllowed.
    """
    client = own(session, client_id, Permission.CLIENTS_EDIT_PROFILE, actor=actor)
    if client.stage not in {Stage.LEAD, Stage.PROFILED, Stage.IN_REVIEW}:
        raise StageNotAllowed(f"The profile of a {client.stage} client is not changed here.")
    age = rules.age_on(form.birth_date, now.date())
    if not rules.AGE_MIN <= age <= rules.AGE_MAX:
        raise BirthDateImplausible("Clients are of age and alive.", field="birth_date")

    before, old = _facts(client), _details(client)
    client.first_name, client.last_name = form.first_name, form.last_name
    client.name_key = rules.name_key(form.first_name, form.last_name)
    client.birth_date, client.country, client.phone = form.birth_date, form.country, form.phone
    if client.stage == Stage.LEAD:
        client.stage = Stage.PROFILED

    audit.record(
        session,
        Tag.CLIENT_CHANGE_PROFILE,
        subject=client.id,
        actor=actor,
        now=now,
        before=before,
        after=_facts(client),
        personal={"before": old, "after": _details(client)},
        person=client.user_id,
    )
    return client


def change_stage(
    session: Session,
    client: Client,
    stage: Stage,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
    decision_id: UUID | None = None,
    evidence_id: UUID | None = None,
) -> None:
    """Move a client along `TRANSITIONS`; the stage it has already is no move.

    Raises:
        StageNotAllowed: there is no such step.
    """
    if client.stage == stage:
        return
    if stage not in TRANSITIONS[Stage(client.stage)]:
        raise StageNotAllowed(f"A client cannot go from {client.stage} to {stage}.")

    before = _facts(client)
    client.stage = stage
    if stage == Stage.VERIFIED:
        client.verified_at = now

    audit.record(
        session,
        Tag.CLIENT_CHANGE_STAGE,
        subject=client.id,
        actor=actor,
        now=now,
        reason=reason,
        before=before,
        after=_facts(client),
        decision_id=decision_id,
        evidence_id=evidence_id,
    )


def own(session: Session, client_id: UUID, permission: Permission, *, actor: Actor) -> Client:
    """The client, locked for a change, if the actor is that client (or a process of ours).

    Raises:
        Forbidden: without the permission.
        ClientNotFound: there is none, or it is somebody else: a stranger learns nothing.
    """
    access.require(actor, permission)
    client = locked(session, client_id)
    if not actor.is_system and actor.id != str(client.user_id):
        raise ClientNotFound(f"client {client_id} does not exist")
    return client


def locked(session: Session, client_id: UUID) -> Client:
    """The client, locked until the transaction ends.

    Raises:
        ClientNotFound.
    """
    # Rows that refer to the client may come meanwhile: their foreign keys need not wait.
    client = session.get(Client, client_id, with_for_update={"key_share": True})
    if client is None:
        raise ClientNotFound(f"client {client_id} does not exist")
    return client


def _password(form: LeadForm, actor: Actor) -> str | None:
    """What the person chose. Nobody of ours chooses a client's password."""
    if actor.roles and not actor.is_system:
        return None
    if form.password is None:
        raise PasswordWeak("Choose a password.")
    return form.password.get_secret_value()


def _described(form: LeadForm) -> dict[str, Any]:
    """The fields of a client that come from the form."""
    return {
        "email": form.email,
        "mailbox": rules.mailbox(form.email),
        "first_name": form.first_name,
        "last_name": form.last_name,
        "name_key": rules.name_key(form.first_name, form.last_name),
        "country": form.country,
        "language": form.language,
        "phone": form.phone,
        "source": form.source,
        "campaign": form.campaign,
        "referral_code": form.referral_code,
        "device": form.device,
    }


def _route(session: Session, client: Client, referral: Referral, *, now: datetime) -> None:
    facts = {
        "country": client.country,
        "language": client.language,
        "source": client.source,
        "referral": referral.value,
    }
    subject = ("client", str(client.id))
    routing = decisions.decide(session, tables.LEAD_ROUTING, facts, subject=subject, now=now)
    client.queue = routing.outcome["queue"]
    client.routing_reason = routing.outcome["reason"]
    client.routing_decision_id = routing.id


def _account_name(form: LeadForm) -> str:
    """First and last name without the invisible joiners, which an account's name may not hold."""
    full = f"{form.first_name} {form.last_name}".strip()
    return full.replace("\u200c", "").replace("\u200d", "")


def _record_registration(
    session: Session, client: Client, referral: Referral, *, actor: Actor, now: datetime
) -> None:
    audit.record(
        session,
        Tag.CLIENT_REGISTER,
        subject=client.id,
        actor=actor,
        now=now,
        after={**_facts(client), "source": client.source, "referral": referral.value},
        personal={**_details(client), "ip": client.registered_ip, "device": client.device},
        person=client.user_id,
    )
    audit.record(
        session,
        Tag.CLIENT_ROUTE,
        subject=client.id,
        actor=Actor.system("rules").within(actor),
        now=now,
        reason=client.routing_reason,
        after={"queue": client.queue},
        decision_id=client.routing_decision_id,
    )


def _facts(client: Client) -> dict[str, Any]:
    """What the audit may show in the open."""
    return {"stage": str(client.stage), "country": client.country, "language": client.language}


def _details(client: Client) -> dict[str, Any]:
    """What belongs to the person, and can be erased."""
    return {
        "email": client.email,
        "first_name": client.first_name,
        "last_name": client.last_name,
        "birth_date": client.birth_date.isoformat() if client.birth_date else None,
        "phone": client.phone,
    }
