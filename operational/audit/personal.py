"""Personal details of an event: encrypted under the person's key, with a commitment in the leaf.

Erasing a person empties the key. The details and the salt are then gone for good, so the commitment
cannot be guessed back, and the log still verifies.
"""

import json
import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from operational.audit.leaf import canonical
from operational.audit.models import Personal, PersonalKey

_SALT_BYTES = 16
_NONCE_BYTES = 12
_KEY_BITS = 256


class PersonalDetails:
    """Details of one person, salted once, so that what is stored is what was committed to."""

    def __init__(self, details: Mapping[str, Any], person_id: UUID | None) -> None:
        if person_id is None:
            raise ValueError("personal details need the person they belong to")
        self._person_id = person_id
        salt = secrets.token_bytes(_SALT_BYTES)
        self._content = salt + canonical(details).encode()

    @property
    def commitment(self) -> str:
        """SHA-256 of salt and details, in hex."""
        return sha256(self._content).hexdigest()

    def store(self, session: Session, event_id: UUID) -> None:
        """Keep them under the person's key. Of an erased person only the commitment is kept."""
        key = _key(session, self._person_id)
        if key is None:
            return
        nonce = secrets.token_bytes(_NONCE_BYTES)
        ciphertext = nonce + AESGCM(key).encrypt(nonce, self._content, event_id.bytes)
        session.execute(
            insert(Personal).values(
                event_id=event_id, person_id=self._person_id, ciphertext=ciphertext
            )
        )


def read(session: Session, event_id: UUID) -> dict[str, Any] | None:
    """The personal details of an event; nothing if it has none or the person was erased."""
    found = session.execute(
        select(Personal.ciphertext, PersonalKey.key)
        .join(PersonalKey, PersonalKey.person_id == Personal.person_id)
        .where(Personal.event_id == event_id)
    ).one_or_none()
    if found is None or found.key is None:
        return None
    nonce, sealed = found.ciphertext[:_NONCE_BYTES], found.ciphertext[_NONCE_BYTES:]
    content = AESGCM(found.key).decrypt(nonce, sealed, event_id.bytes)
    details: dict[str, Any] = json.loads(content[_SALT_BYTES:])
    return details


def _key(session: Session, person_id: UUID) -> bytes | None:
    """The person's key, made at first need; nothing once erased."""
    wanted = select(PersonalKey.person_id, PersonalKey.key).where(
        PersonalKey.person_id == person_id
    )
    found = session.execute(wanted).one_or_none()
    if found is None:
        key = AESGCM.generate_key(_KEY_BITS)
        session.execute(
            insert(PersonalKey).values(person_id=person_id, key=key).on_conflict_do_nothing()
        )
        found = session.execute(wanted).one()
    key_or_nothing: bytes | None = found.key
    return key_or_nothing
