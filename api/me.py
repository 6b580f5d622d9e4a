"""The client who is asking. Routes about a client's own affairs take no client id from outside."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from api.deps import ActorDep, SessionDep
from api.schemas.clients import ClientOut
from operational.clients import queries
from operational.clients.errors import ClientNotFound


def _me(session: SessionDep, actor: ActorDep) -> ClientOut:
    """The client this user is.

    Raises:
        ClientNotFound: staff or a partner.
    """
    client = session.scalar(queries.by_user(UUID(actor.id)))
    if client is None:
        raise ClientNotFound("You are not a client.")
    return ClientOut.model_validate(client)


MeDep = Annotated[ClientOut, Depends(_me, scope="function")]
