"""Messages that stopped: see, replay."""

from typing import Literal
from uuid import UUID

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.door import Doors
from api.schemas.messages import CallbackOut, CommandOut, MessageOut
from operational.access.matrix import Permission
from operational.messaging import inbox, outbox, queries

router = Doors("/api/messages", tag="messages")


@router.get("/inbox", dependencies=[needs(Permission.MESSAGES_READ)])
def parked_callbacks(session: SessionDep) -> list[CallbackOut]:
    found = session.scalars(queries.parked_callbacks())
    return [CallbackOut.model_validate(message) for message in found]


@router.get("/outbox", dependencies=[needs(Permission.MESSAGES_READ)])
def parked_commands(session: SessionDep) -> list[CommandOut]:
    found = session.scalars(queries.parked_commands())
    return [CommandOut.model_validate(message) for message in found]


@router.post("/{box}/{message_id}/replay", dependencies=[needs(Permission.MESSAGES_REPLAY)])
def replay(
    box: Literal["inbox", "outbox"],
    message_id: UUID,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> MessageOut:
    """Put a parked message back to work."""
    verb = {"inbox": inbox.replay, "outbox": outbox.replay}[box]
    return MessageOut.model_validate(verb(session, message_id, actor=actor, now=now))
