"""The door to payment service providers: one Protocol, an adapter per provider, no provider's words outside."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from operational.kit.money import Money
from operational.payments.states import News


class PspUnavailable(Exception):
    """The provider did not do it, or nobody knows. Look it up, then try again."""


class PspRefused(Exception):
    """The provider understood and said no. Trying again changes nothing."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a provider must know to take a payment."""

    reference: str
    """Ours: the provider's merchant reference, and its idempotency key."""
    amount: Money
    method: str
    return_url: str
    """Where the browser goes afterwards. It proves nothing."""
    country: str


@dataclass(frozen=True, slots=True)
class Created:
    """The provider has the payment; the client pays at `redirect_url`."""

    psp_payment_id: str | None
    """Its id of the payment, where it has one before the client has paid."""
    session_id: str
    """Its id of the payment page."""
    redirect_url: str


@dataclass(frozen=True, slots=True)
class SignedEvent:
    """One event whose signature holds: the provider's id of it, and the bytes to keep."""

    external_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class PspEvent:
    """What an event says of one payment, in our words."""

    external_id: str
    news: News
    operation_id: str
    """The provider's id of what moved: the payment, one refund, or one dispute."""
    psp_payment_id: str
    reference: str | None
    amount: Money
    occurred_at: datetime | None
    """When it says it happened; None if it does not say."""
    is_live: bool = False
    merchant: str | None = None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PspPayment:
    """A payment as the provider has it now: how to pay it, and what happened to it so far."""

    created: Created
    events: tuple[PspEvent, ...]


class Psp(Protocol):
    """One provider. Adapters know its wire format; whether it is a sandbox they cannot tell."""

    name: str
    merchant: str | None
    is_live: bool
    ack: bytes
    """The body of the answer that acknowledges a callback."""

    def close(self) -> None:
        """Let go of connections."""

    def create_payment(self, order: Order) -> Created:
        """Open a payment page.

        Raises:
            PspRefused, PspUnavailable.
        """

    def find_payment(
        self, reference: str, session_id: str | None, session_result: str | None
    ) -> PspPayment | None:
        """Look a payment up by our reference, or by its page and what the browser brought back.

        Raises:
            PspRefused, PspUnavailable.
        """

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> list[SignedEvent]:
        """Check the signature over the raw bytes; parse no more than the ids.

        Raises:
            CallbackRefused, CallbackMalformed.
        """

    def parse(self, body: bytes) -> PspEvent | None:
        """Read a stored event; None if it is about nothing of ours.

        Raises:
            CallbackMalformed.
        """
