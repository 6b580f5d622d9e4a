"""Named reads of what waits for a person."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, func, or_, select

from operational.messaging.models import InboxMessage, OutboxMessage, RefusedCallback, RefusedSample
from operational.messaging.states import InboxStatus, OutboxStatus


def parked_callbacks() -> Select[InboxMessage]:
    """Callbacks that could not be applied; in no order."""
    return select(InboxMessage).where(InboxMessage.status == InboxStatus.PARKED)


def parked_commands() -> Select[OutboxMessage]:
    """Commands that were given up or refused; in no order."""
    return select(OutboxMessage).where(OutboxMessage.status == OutboxStatus.PARKED)


def commands_of(aggregate: str) -> Select[OutboxMessage]:
    """Every command to the outside about one thing, in the order they leave."""
    return (
        select(OutboxMessage)
        .where(OutboxMessage.aggregate == aggregate)
        .order_by(OutboxMessage.seq)
    )


def parked_naming(names: Collection[str]) -> Select[InboxMessage]:
    """Parked callbacks in whose text one of these names stands. Few are parked, so all are read."""
    stands_in = [
        func.position(func.convert_to(name, "UTF8").op("in")(InboxMessage.body)) > 0
        for name in names
    ]
    return parked_callbacks().where(or_(*stands_in)).order_by(InboxMessage.id)


def refused_callbacks(since: datetime) -> Select[RefusedCallback]:
    """How many callbacks were not believed, by day, source and why; newest first."""
    return (
        select(RefusedCallback)
        .where(RefusedCallback.day >= since)
        .order_by(RefusedCallback.day.desc(), RefusedCallback.source, RefusedCallback.reason)
    )


def refused_samples(limit: int = 20) -> Select[RefusedSample]:
    """The newest of those that were not believed, as they came."""
    return select(RefusedSample).order_by(RefusedSample.received_at.desc()).limit(limit)
