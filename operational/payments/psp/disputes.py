"""What a provider's message says of a dispute, in our words."""

from datetime import datetime
from typing import Any

from operational.payments.disputes.states import Stage


def dispute(
    stage: Stage,
    *,
    reason: str | None = None,
    network_reason: str | None = None,
    due_at: datetime | None = None,
) -> dict[str, Any]:
    """The `details` of an event about a dispute. Its id is the event's `operation_id`.

    Args:
        stage: where the message puts it.
        reason: the provider's word for why.
        network_reason: the card scheme's code.
        due_at: until when the bank must hear from us.
    """
    said = {
        "stage": stage.value,
        "reason_code": reason,
        "network_reason": network_reason,
        "due_at": due_at and due_at.isoformat(),
    }
    return {"dispute": {name: value for name, value in said.items() if value}}
