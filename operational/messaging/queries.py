"""Named reads of what waits for a person."""

from datetime import datetime

from sqlalchemy import Select, select

from operational.messaging.models import InboxMessage, OutboxMessage, RefusedCallback
from operational.messaging.states import InboxStatus, OutboxStatus


def parked_callbacks(limit: int = 200) -> Select[InboxMessage]:
    """Callbacks that could not be applied, oldest first."""
    return (
        select(InboxMessage)
        .where(InboxMessage.status == InboxStatus.PARKED)
        .order_by(InboxMessage.id)
        .limit(limit)
    )


def parked_commands(limit: int = 200) -> Select[OutboxMessage]:
    """Commands that were given up or refused, oldest first."""
    return (
        select(OutboxMessage)
        .where(OutboxMessage.status == OutboxStatus.PARKED)
        .order_by(OutboxMessage.seq)
        .limit(limit)
    )


def refused_callbacks(since: datetime) -> Select[RefusedCallback]:
    """How many callbacks were not believed, by day, source and why; newest first."""
    return (
        select(RefusedCallback)
        .where(RefusedCallback.day >= since)
        .order_by(RefusedCallback.day.desc(), RefusedCallback.source, RefusedCallback.reason)
    )
