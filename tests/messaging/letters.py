"""Messages for the tests to receive."""

from datetime import datetime

from sqlalchemy.orm import Session

from operational.messaging import arrivals
from operational.messaging.arrivals import Arrived


def receive(
    session: Session, source: str, external_id: str, body: bytes = b"{}", *, now: datetime
) -> bool:
    """Store one message, as a door does. True if it is new."""
    arrived = [Arrived(source, external_id, {}, body)]
    return arrivals.store(session.connection(), arrived, now=now) == 1
