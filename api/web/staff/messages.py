"""Messages that stopped: see, replay, close."""

from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Form, Request, Response

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.schemas.messages import AssignForm, CloseForm
from api.web.door import Pages
from api.web.listing import listed
from api.web.shell import page, see_other
from operational.access.matrix import Permission
from operational.clients import queries as clients
from operational.messaging import inbox, outbox, queries
from operational.payments.transfers import service as transfers

router = Pages("/staff/messages")

REFUSED_SINCE = timedelta(days=14)
BODY_SHOWN_MAX = 4000


@router.get("", dependencies=[needs(Permission.MESSAGES_READ)])
def parked(request: Request, session: SessionDep, now: NowDep) -> Response:
    callbacks = listed(request, session, queries.parked_callbacks(), by="id", is_rising=True)
    commands = listed(
        request,
        session,
        queries.parked_commands(),
        by="seq",
        is_rising=True,
        name="after_command",
    )
    return page(
        request,
        "staff/messages.html",
        callbacks=callbacks,
        bodies={
            message.id: message.body[:BODY_SHOWN_MAX].decode("utf-8", "replace")
            for message in callbacks.rows
        },
        lines={message.id: transfers.told(message) for message in callbacks.rows},
        commands=commands,
        samples=[
            (one, one.body.decode("utf-8", "replace"))
            for one in session.scalars(queries.refused_samples())
        ],
        refused=session.scalars(queries.refused_callbacks(now - REFUSED_SINCE)).all(),
    )


@router.post("/{box}/{message_id}/replay", dependencies=[needs(Permission.MESSAGES_REPLAY)])
def replay(
    box: Literal["inbox", "outbox"],
    message_id: UUID,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    verb = {"inbox": inbox.replay, "outbox": outbox.replay}[box]
    verb(session, message_id, actor=actor, now=now)
    return see_other("/staff/messages", "message_replayed")


@router.post("/inbox/{message_id}/assign", dependencies=[needs(Permission.TRANSFERS_ASSIGN)])
def assign(
    message_id: UUID,
    form: Annotated[AssignForm, Form()],
    *,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    client = clients.named(session, form.client)
    transfers.assign(session, message_id, client.id, reason=form.reason, actor=actor, now=now)
    return see_other("/staff/messages", "transfer_assigned")


@router.post("/{box}/{message_id}/close", dependencies=[needs(Permission.MESSAGES_CLOSE)])
def close(
    box: Literal["inbox", "outbox"],
    message_id: UUID,
    form: Annotated[CloseForm, Form()],
    *,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    verb = {"inbox": inbox.close, "outbox": outbox.close}[box]
    verb(session, message_id, reason=form.reason, actor=actor, now=now)
    return see_other("/staff/messages", "message_closed")
