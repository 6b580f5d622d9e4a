"""Named reads of clients."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from operational.clients.errors import ClientNotFound
from operational.clients.models import Client

ADDRESS_WINDOW = timedelta(days=1)


def get(session: Session, client_id: UUID) -> Client:
    """The client with this id.

    Raises:
        ClientNotFound.
    """
    found = session.get(Client, client_id)
    if found is None:
        raise ClientNotFound(f"client {client_id} does not exist")
    return found


def by_user(user_id: UUID) -> Select[Client]:
    """The client who signs in as this user."""
    return select(Client).where(Client.user_id == user_id)


def by_reference(reference: str) -> Select[Client]:
    return select(Client).where(Client.reference == reference.upper())


def by_ids(client_ids: Collection[UUID]) -> Select[Client]:
    return select(Client).where(Client.id.in_(client_ids))


def matching(text: str, limit: int = 100) -> Select[Client]:
    """Clients whose reference, e-mail or name begins with the text, or holds it as a name."""
    found = select(Client).order_by(Client.registered_at.desc(), Client.id.desc()).limit(limit)
    wanted = text.strip().lower()
    if not wanted:
        return found
    return found.where(
        or_(
            Client.reference == wanted.upper(),
            Client.email.startswith(wanted, autoescape=True),
            Client.name_key.contains(wanted, autoescape=True),
        )
    )


def newest(
    *, stage: str | None = None, queue: str | None = None, limit: int = 100
) -> Select[Client]:
    """The newest clients, of one stage or queue if said."""
    found = select(Client).order_by(Client.registered_at.desc(), Client.id.desc()).limit(limit)
    if stage is not None:
        found = found.where(Client.stage == stage)
    return found if queue is None else found.where(Client.queue == queue)


def same_mailbox(client: Client) -> Select[UUID]:
    """Other clients whose e-mail reaches the same mailbox."""
    return select(Client.id).where(Client.mailbox == client.mailbox, Client.id != client.id)


def same_device(client: Client) -> Select[UUID]:
    """Other clients seen on the same device; none if the device is unknown."""
    # An unknown device is nobody's: `= null` would become `is null` and match every other one.
    return select(Client.id).where(
        Client.device.is_not(None), Client.device == client.device, Client.id != client.id
    )


def same_person(client: Client) -> Select[UUID]:
    """Other clients of the same name, in any spelling, and birth date."""
    return select(Client.id).where(
        Client.name_key == client.name_key,
        Client.birth_date == client.birth_date,
        Client.id != client.id,
    )


def same_address(client: Client, since: datetime) -> Select[UUID]:
    """Other clients who registered from the same IP address since then."""
    return select(Client.id).where(
        Client.registered_ip.is_not(None),
        Client.registered_ip == client.registered_ip,
        Client.registered_at >= since,
        Client.id != client.id,
    )


def duplicates(session: Session, client: Client) -> dict[str, list[UUID]]:
    """Other clients that may be the same person, by signal."""
    signals = {
        "same_email": same_mailbox(client),
        "same_device": same_device(client),
        "same_person": same_person(client),
        "same_ip_day": same_address(client, client.registered_at - ADDRESS_WINDOW),
    }
    return {name: list(session.scalars(found.limit(100))) for name, found in signals.items()}


def stages() -> Select[str, int]:
    """How many clients stand in each stage."""
    return select(Client.stage, func.count()).group_by(Client.stage).order_by(Client.stage)
