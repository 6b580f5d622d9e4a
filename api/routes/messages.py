"""Messages that stopped: see, replay, close."""

from typing import Literal
from uuid import UUID

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.door import Doors
from api.schemas.lists import After, Limit
from api.schemas.messages import AssignForm, CallbackOut, CloseForm, CommandOut, MessageOut
from api.schemas.money import PaymentOut
from api.web.listing import part
from operational.access.matrix import Permission
from operational.clients import queries as clients
from operational.messaging import inbox, outbox, queries
from operational.payments.transfers import service as transfers

router = Doors("/api/messages", tag="messages")


@router.get("/inbox", dependencies=[needs(Permission.MESSAGES_READ)])
def parked_callbacks(
    session: SessionDep, after: After = None, limit: Limit = 100
) -> list[CallbackOut]:
    """The oldest first."""
    wanted = queries.parked_callbacks()
    found = part(session, wanted, by="id", is_rising=True, after=after, rows_max=limit)
    return [CallbackOut.model_validate(message) for message in found]


@router.get("/outbox", dependencies=[needs(Permission.MESSAGES_READ)])
def parked_commands(
    session: SessionDep, after: After = None, limit: Limit = 100
) -> list[CommandOut]:
    """The oldest first."""
    wanted = queries.parked_commands()
    found = part(session, wanted, by="seq", is_rising=True, after=after, rows_max=limit)
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


@router.post("/inbox/{message_id}/assign", dependencies=[needs(Permission.TRANSFERS_ASSIGN)])
def assign(
    message_id: UUID, form: AssignForm, *, session: SessionDep, actor: ActorDep, now: NowDep
) -> PaymentOut:
    """Give a parked transfer to the client whose it is."""
    client = clients.named(session, form.client)
    paid = transfers.assign(
        session, message_id, client.id, reason=form.reason, actor=actor, now=now
    )
    return PaymentOut.model_validate(paid)


@router.post("/{box}/{message_id}/close", dependencies=[needs(Permission.MESSAGES_CLOSE)])
def close(
    box: Literal["inbox", "outbox"],
    message_id: UUID,
    form: CloseForm,
    *,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> MessageOut:
    """Lay a parked message aside for good."""
    verb = {"inbox": inbox.close, "outbox": outbox.close}[box]
    closed = verb(session, message_id, reason=form.reason, actor=actor, now=now)
    return MessageOut.model_validate(closed)
