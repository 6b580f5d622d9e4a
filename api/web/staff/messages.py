"""Messages that stopped: see, replay."""

from datetime import timedelta
from typing import Literal
from uuid import UUID

from fastapi import Request, Response

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.web.door import Pages
from api.web.shell import page, see_other
from operational.access.matrix import Permission
from operational.messaging import inbox, outbox, queries

router = Pages("/staff/messages")

REFUSED_SINCE = timedelta(days=14)
BODY_SHOWN_MAX = 4000


@router.get("", dependencies=[needs(Permission.MESSAGES_READ)])
def parked(request: Request, session: SessionDep, now: NowDep) -> Response:
    callbacks = session.scalars(queries.parked_callbacks()).all()
    return page(
        request,
        "staff/messages.html",
        callbacks=[
            (message, message.body[:BODY_SHOWN_MAX].decode("utf-8", "replace"))
            for message in callbacks
        ],
        commands=session.scalars(queries.parked_commands()).all(),
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
