"""Disputes at a provider: what its messages say of them, and how it takes our answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

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


@dataclass(frozen=True, slots=True)
class Defence:
    """Our answer to a bank that questions a deposit."""

    reference: str
    """Ours, of the dispute: the provider's idempotency key."""
    psp_dispute_id: str
    document: bytes
    """The evidence pack, a PDF."""
    summary: Mapping[str, str]
    """The same in the few words of `pack.SUMMARY`, for providers that ask for fields."""


@runtime_checkable
class TakesAnswers(Protocol):
    """A provider that takes our answer over its API; others have pages for it."""

    def defend(self, defence: Defence) -> None:
        """Hand in the evidence and submit it.

        Raises:
            PspRefused, PspUnavailable.
        """

    def accept_dispute(self, reference: str, psp_dispute_id: str) -> None:
        """Let the money go.

        Raises:
            PspRefused, PspUnavailable.
        """

    def is_answered(self, psp_dispute_id: str) -> bool:
        """Whether it has our answer; False also where it cannot be asked.

        Raises:
            PspRefused, PspUnavailable.
        """
