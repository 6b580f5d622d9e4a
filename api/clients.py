"""Clients as staff find and see them."""

from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from api.schemas.clients import ClientOut
from operational.access import masks
from operational.clients import queries
from operational.kit.actor import Actor
from operational.platforms import queries as platforms


def found(session: Session, text: str) -> Select[Any]:
    """Clients a colleague means by this text, a trading login among what they may type."""
    login = text.strip()
    is_login = login.isascii() and login.isdecimal() and len(login) <= platforms.LOGIN_DIGITS_MAX
    also = session.scalars(platforms.clients_with_login(int(login))).all() if is_login else ()
    return queries.matching(text, also)


def as_seen(client: object, actor: Actor) -> ClientOut:
    """A client with what this reader may not see masked."""
    whole = ClientOut.model_validate(client)
    return ClientOut(**masks.masked(whole.model_dump(), actor.roles))
