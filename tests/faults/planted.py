"""The planted bugs of M4, composed from the product's own pieces in the wrong order.

They live here and nowhere else: no switch of the product leads to them.
"""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Engine

from api import app, once
from api.hub import hub_of
from operational import worker
from operational.kit import db
from operational.kit.settings import Settings
from operational.messaging import idempotency, inbox
from operational.messaging.idempotency import Answer
from operational.messaging.inbox import Handler


def mark_then_apply(engine: Engine, handlers: Mapping[str, Handler], now: datetime) -> bool:
    """Bug A: the message is marked done in a transaction of its own, before its effect."""
    with db.transaction(engine) as session:
        message = inbox.take(session, handlers, now)
        if message is None:
            return False
        inbox.mark_done(message, now)
    with db.transaction(engine) as session:
        handlers[message.source](session, message, now=now)
    return True


def work_marking_first(settings: Settings) -> None:
    """A worker with bug A."""
    worker.run(settings, threading.Event(), process=mark_then_apply)


def answer_then_work(self: once.Once, key: str, work: Callable[[], Answer]) -> Answer:
    """Bug B: the key and its answer are committed in a transaction of their own."""
    with db.transaction(hub_of(self._request).engine) as session:
        return idempotency.answer_once(
            session,
            self._actor.id,
            key,
            request=f"{self._request.method} {self._request.url.path}",
            body=self._body,
            work=work,
            refuse=self._refuse,
        )


def serve_answering_first(settings: Settings) -> None:
    """An API with bug B, in this process only."""
    once.Once._do = answer_then_work
    app.serve(settings)
