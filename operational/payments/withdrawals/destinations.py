"""The verbs of destinations: whitelisted by a person, usable after a cool-down."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from operational.access import service as access
from operational.access.matrix import Permission
from operational.access.totp import FieldKey
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.clients import service as clients
from operational.clients.states import Stage
from operational.kit import ids
from operational.kit.actor import Actor
from operational.payments.errors import NotVerified
from operational.payments.states import Network
from operational.payments.withdrawals import facts, queries
from operational.payments.withdrawals.errors import (
    DestinationInvalid,
    DestinationKnown,
    DestinationNotFound,
    DestinationNotReady,
)
from operational.payments.withdrawals.models import Destination
from operational.payments.withdrawals.states import DestinationStatus
from operational.review.errors import NoteMissing
from operational.review.service import NOTE_LENGTH_MIN

COOL_DOWN = timedelta(hours=24)
"""Whoever took over an account must wait, and its owner has time to see the mail."""
DESTINATIONS_MAX = 10

_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")
_BASE58 = "[1-9A-HJ-NP-Za-km-z]"
_ETHEREUM, _TRON = re.compile(r"0x[0-9a-fA-F]{40}"), re.compile(rf"T{_BASE58}{{33}}")
_ADDRESSES = {
    Network.BTC: re.compile(rf"(bc1[a-z0-9]{{25,87}}|[13]{_BASE58}{{25,34}})"),
    Network.ETH: _ETHEREUM,
    Network.LTC: re.compile(rf"(ltc1[a-z0-9]{{25,87}}|[LM3]{_BASE58}{{25,34}})"),
    Network.TRX: _TRON,
    Network.USDC_ERC20: _ETHEREUM,
    Network.USDT_ERC20: _ETHEREUM,
    Network.USDT_TRC20: _TRON,
}
"""What addresses of each network look like: an address of another one is money thrown away."""
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_HOLDER_MIN = 2


def add(
    session: Session,
    client_id: UUID,
    *,
    method: str,
    details: Mapping[str, str],
    holder_name: str,
    key: FieldKey,
    actor: Actor,
    now: datetime,
) -> Destination:
    """Name an account of one's own that money shall go to; a person looks whose it is.

    Raises:
        Forbidden, ClientNotFound, NotVerified, DestinationInvalid, DestinationKnown.
    """
    client = clients.own(session, client_id, Permission.PAYMENTS_WITHDRAW, actor=actor)
    if client.stage != Stage.VERIFIED:
        raise NotVerified("Only a verified client may say where money goes.")
    kept, label = read(method, details)
    holder = " ".join(holder_name.split())
    if len(holder) < _HOLDER_MIN:
        raise DestinationInvalid("Say whose account it is.", field="holder_name")
    own = session.scalars(queries.destinations_of(client_id)).all()
    digest = fingerprint(method, kept, key)
    if any(one.details_sha256 == digest for one in own):
        raise DestinationKnown("You have this one already.")
    if len(own) >= DESTINATIONS_MAX:
        raise DestinationInvalid(f"A client has at most {DESTINATIONS_MAX}.")

    destination_id = ids.uuid7()
    destination = Destination(
        id=destination_id,
        client_id=client_id,
        method=method,
        label=label,
        details=key.seal(json.dumps(kept), destination_id),
        details_sha256=digest,
        holder_name=holder,
        holder_match_percent=facts.holder_match(session, client_id, holder),
        status=DestinationStatus.PENDING,
        added_at=now,
    )
    session.add(destination)
    session.flush()

    _record(session, Tag.DESTINATION_ADD, destination, None, actor=actor, now=now)
    return destination


def approve(
    session: Session, destination_id: UUID, *, note: str, actor: Actor, now: datetime
) -> Destination:
    """Let money go there, once the cool-down is over; also again after it was suspended.

    Raises:
        Forbidden, DestinationNotFound, NoteMissing, DestinationNotReady.
    """
    return _decide(
        session,
        destination_id,
        DestinationStatus.APPROVED,
        {DestinationStatus.PENDING, DestinationStatus.SUSPENDED},
        tag=Tag.DESTINATION_APPROVE,
        note=note,
        actor=actor,
        now=now,
    )


def refuse(
    session: Session, destination_id: UUID, *, note: str, actor: Actor, now: datetime
) -> Destination:
    return _decide(
        session,
        destination_id,
        DestinationStatus.REFUSED,
        {DestinationStatus.PENDING},
        tag=Tag.DESTINATION_REFUSE,
        note=note,
        actor=actor,
        now=now,
    )


def suspend(
    session: Session, destination_id: UUID, *, note: str, actor: Actor, now: datetime
) -> Destination:
    """Let nothing go there for now. What was let go before is on its way."""
    return _decide(
        session,
        destination_id,
        DestinationStatus.SUSPENDED,
        {DestinationStatus.APPROVED},
        tag=Tag.DESTINATION_SUSPEND,
        note=note,
        actor=actor,
        now=now,
    )


def remove(
    session: Session, client_id: UUID, destination_id: UUID, *, actor: Actor, now: datetime
) -> Destination:
    """The client does not want it any more.

    Raises:
        Forbidden, ClientNotFound, DestinationNotFound.
    """
    clients.own(session, client_id, Permission.PAYMENTS_WITHDRAW, actor=actor)
    destination = queries.locked_destination(session, destination_id)
    if destination.client_id != client_id:
        raise DestinationNotFound(f"There is no destination {destination_id}.")
    before = destination.status
    destination.status = DestinationStatus.REMOVED
    _record(session, Tag.DESTINATION_REMOVE, destination, before, actor=actor, now=now)
    return destination


def usable(
    session: Session, client_id: UUID, destination_id: UUID, *, now: datetime
) -> Destination:
    """A client's own destination that money may go to now.

    Raises:
        DestinationNotFound: none, or somebody else's.
        DestinationNotReady.
    """
    found = session.get(Destination, destination_id)
    if found is None or found.client_id != client_id or found.status == DestinationStatus.REMOVED:
        raise DestinationNotFound(f"There is no destination {destination_id}.")
    if found.status != DestinationStatus.APPROVED:
        raise DestinationNotReady(f"{found.label} is {found.status}.", field="destination_id")
    if found.usable_from is None or found.usable_from > now:
        raise DestinationNotReady(
            f"{found.label} can be used from {found.usable_from:%d %B %H:%M} UTC.",
            field="destination_id",
        )
    return found


def read(method: str, details: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """The details in one spelling, and a label with the middle hidden.

    Raises:
        DestinationInvalid.
    """
    given = {name: value.strip() for name, value in details.items() if value and value.strip()}
    match method:
        case "bank_transfer":
            iban = given.get("iban", "").replace(" ", "").upper()
            bic = given.get("bic", "").replace(" ", "").upper()
            if not is_iban(iban):
                raise DestinationInvalid("This is no IBAN: a digit is wrong.", field="iban")
            if bic and not _BIC.fullmatch(bic):
                raise DestinationInvalid("This is no BIC.", field="bic")
            return {"iban": iban} | ({"bic": bic} if bic else {}), f"{iban[:4]} … {iban[-4:]}"
        case "crypto":
            address, network = given.get("address", ""), given.get("network", "").lower()
            if network not in set(Network):
                raise DestinationInvalid("Name the network.", field="network")
            if not _ADDRESSES[Network(network)].fullmatch(address):
                raise DestinationInvalid("This is no address of this network.", field="address")
            label = f"{network.upper()} {address[:6]} … {address[-4:]}"
            return {"address": address, "network": network}, label
        case "paypal":
            email = given.get("email", "").lower()
            if not _EMAIL.fullmatch(email):
                raise DestinationInvalid("This is no e-mail address.", field="email")
            name, _, domain = email.partition("@")
            return {"email": email}, f"{name[:2]}…@{domain}"
        case _:
            raise DestinationInvalid(f"We do not pay to {method[:20]}.", field="method")


def is_iban(text: str) -> bool:
    """ISO 13616: letters as two digits, the first four signs at the end, remainder 1 by 97."""
    if not (text.isascii() and text.isalnum() and 15 <= len(text) <= 34):  # noqa: PLR2004 - Norway's to the standard's longest
        return False
    if not (text[:2].isalpha() and text[2:4].isdigit()):
        return False
    moved = text[4:] + text[:4]
    return int("".join(str(int(sign, 36)) for sign in moved)) % 97 == 1


def fingerprint(method: str, details: Mapping[str, str], key: FieldKey) -> bytes:
    """One account, one fingerprint; without the key nobody can try accounts out."""
    told = json.dumps([method, details.get("iban") or sorted(details.items())])
    return hmac.new(key.fingerprint, told.encode(), hashlib.sha256).digest()


def _decide(
    session: Session,
    destination_id: UUID,
    status: DestinationStatus,
    from_: set[DestinationStatus],
    *,
    tag: Tag,
    note: str,
    actor: Actor,
    now: datetime,
) -> Destination:
    access.require(actor, Permission.DESTINATIONS_APPROVE)
    if len(note.strip()) < NOTE_LENGTH_MIN:
        raise NoteMissing("Say why, in a few words.", field="note")
    destination = queries.locked_destination(session, destination_id)
    if destination.status not in from_:
        raise DestinationNotReady(f"{destination.label} is {destination.status}.")
    before = destination.status
    destination.status = status
    destination.decided_at = now
    destination.decided_by = UUID(actor.id)
    destination.decision_note = note
    if status is DestinationStatus.APPROVED:
        destination.usable_from = now + COOL_DOWN
    _record(session, tag, destination, before, actor=actor, now=now, reason=note)
    return destination


def _record(
    session: Session,
    tag: Tag,
    destination: Destination,
    before: str | None,
    *,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
) -> None:
    audit.record(
        session,
        tag,
        subject=destination.id,
        actor=actor,
        now=now,
        reason=reason,
        before={"status": str(before)} if before else None,
        after={
            "status": str(destination.status),
            "method": destination.method,
            "holder_match_percent": destination.holder_match_percent,
        },
    )
