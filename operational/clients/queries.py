"""Named reads of clients."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from operational.clients import rules
from operational.clients.errors import ClientNotFound
from operational.clients.models import Client

ADDRESS_WINDOW = timedelta(days=1)
PHONE_DIGITS_MIN = 6
"""The last ones, so that a number is found with or without its prefix."""
_PHONE_SIGNS = frozenset("+0123456789 ()-/.")


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


def named(session: Session, reference: str) -> Client:
    """The client with this reference, as people type it.

    Raises:
        ClientNotFound.
    """
    found = session.scalar(by_reference(reference.strip().upper()))
    if found is None:
        raise ClientNotFound(f"There is no client {reference}.")
    return found


def by_ids(client_ids: Collection[UUID]) -> Select[Client]:
    return select(Client).where(Client.id.in_(client_ids))


def matching(text: str, also: Collection[UUID] = ()) -> Select[Client]:
    """Clients of this name in any spelling and order, reference, e-mail or phone; in no order.

    E-mail and phone are found whole: by a part of one, somebody who may not see it could guess on.

    Args:
        text: as a person types it; nothing finds everybody.
        also: clients found by something that is kept elsewhere, such as a trading login.
    """
    wanted = text.strip().lower()
    if not wanted:
        return select(Client)
    ways = [
        Client.id.in_(also),
        Client.reference == wanted.upper(),
        Client.email == wanted,
    ]
    if parts := rules.name_key(text).split():
        ways.append(and_(*(Client.name_key.contains(part, autoescape=True) for part in parts)))
    digits = "".join(sign for sign in wanted if sign.isdecimal()).lstrip("0")
    if len(digits) >= PHONE_DIGITS_MIN and set(wanted) <= _PHONE_SIGNS:
        ways.append(Client.phone.endswith(digits))
    return select(Client).where(or_(*ways))


def ids_matching(text: str) -> Select[UUID]:
    """Whose name, reference, e-mail or phone it is; see `matching`."""
    return matching(text).with_only_columns(Client.id)


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
