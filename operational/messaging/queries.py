"""Named reads of what waits for a person."""

from datetime import datetime

from sqlalchemy import Select, select

from operational.messaging.models import InboxMessage, OutboxMessage, RefusedCallback
from operational.messaging.states import InboxStatus, OutboxStatus


def parked_callbacks() -> Select[InboxMessage]:
    """Callbacks that could not be applied; in no order."""
    return select(InboxMessage).where(InboxMessage.status == InboxStatus.PARKED)


def parked_commands() -> Select[OutboxMessage]:
    """Commands that were given up or refused; in no order."""
    return select(OutboxMessage).where(OutboxMessage.status == OutboxStatus.PARKED)


def refused_callbacks(since: datetime) -> Select[RefusedCallback]:
    """How many callbacks were not believed, by day, source and why; newest first."""
    return (
        select(RefusedCallback)
        .where(RefusedCallback.day >= since)
        .order_by(RefusedCallback.day.desc(), RefusedCallback.source, RefusedCallback.reason)
    )
