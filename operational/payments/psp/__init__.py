"""The door to payment service providers: one Protocol, an adapter per provider, no provider's words outside."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

import httpx

from operational.kit.money import Money
from operational.payments.states import News, PayoutNews


class PspUnavailable(Exception):
    """The provider did not do it, or nobody knows. Look it up, then try again."""


class PspRefused(Exception):
    """The provider understood and said no. Trying again changes nothing."""

    def __init__(self, message: str, answer: str = "") -> None:
        super().__init__(message)
        self.answer = answer
        """All it said, for an adapter that knows how to read it."""


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
    news: News | PayoutNews
    operation_id: str
    """The provider's id of what moved: the payment, one refund, one dispute, or one payout."""
    psp_payment_id: str
    """Its id of the payment, or of the payout where the news is of one."""
    reference: str | None
    """Ours: of the payment or payout; of a refund its own, which names the payout it is."""
    amount: Money
    occurred_at: datetime | None
    """When it says it happened; None if it does not say."""
    is_live: bool = False
    merchant: str | None = None
    asked: Money | None = None
    """What it says was asked for, where another amount may have arrived."""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PspPayment:
    """A payment as the provider has it now: how to pay it, and what happened to it so far."""

    created: Created
    events: tuple[PspEvent, ...]


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    """What a provider must know to give money to a client."""

    reference: str
    """Ours: the provider's merchant reference, and its idempotency key."""
    amount: Money
    method: str
    """Of the deposit given back, or of the destination: card, bank_transfer, crypto, paypal."""
    country: str
    """Of the client."""
    holder_name: str
    """Whose account or card it is."""
    source_payment_id: str | None
    """The provider's id of the deposit given back. None: a transfer to `destination`."""
    destination: Mapping[str, str]
    """By method: ``iban`` and ``bic``, ``address`` and ``network``, ``email``."""


@dataclass(frozen=True, slots=True)
class PayoutSent:
    """The provider has the payout. Whether it arrives is told later."""

    psp_payout_id: str | None
    """Its id of the refund or transfer, where it has one by now."""


@dataclass(frozen=True, slots=True)
class PspPayout:
    """A payout as the provider has it now, and what happened to it so far."""

    sent: PayoutSent
    events: tuple[PspEvent, ...]


class Psp(Protocol):
    """One provider. Adapters know its wire format; whether it is a sandbox they cannot tell."""

    name: str
    pays_to: frozenset[str]
    """Methods it can transfer money to; none: it only refunds."""
    merchant: str | None
    is_live: bool
    ack: bytes
    """The body of the answer that acknowledges a callback."""
    signature_headers: tuple[str, ...]
    """Headers of a callback that are part of its proof, in lower case; kept with it."""

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

    def send_payout(self, order: PayoutOrder) -> PayoutSent:
        """Give a deposit back, or transfer to a destination, at most once per reference.

        Raises:
            PspRefused, PspUnavailable.
        """

    def find_payout(
        self, reference: str, psp_payout_id: str | None, source_payment_id: str | None
    ) -> PspPayout | None:
        """Look a payout up by our reference, or by its id or its deposit's where they are known.

        None: it was never taken; or the provider has no such question, and answers the same
        `send_payout` again with what it did the first time.

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


@dataclass(frozen=True, slots=True)
class Account:
    """One bank account of ours: where clients pay to, and payouts come from."""

    currency: str
    iban: str
    bic: str
    holder: str


@runtime_checkable
class TakesTransfers(Protocol):
    """A provider that shows no page: the client is told an account, and what to quote."""

    def account(self, currency: str) -> Account:
        """Where money in that currency goes to.

        Raises:
            PspRefused: we have no account in it.
        """


@runtime_checkable
class CapturesLater(Protocol):
    """A provider where the client only agrees to pay, and we take the money then."""

    def capture_payment(self, reference: str, session_id: str) -> PspPayment:
        """Take what the client agreed to, at most once; the payment as it is then.

        Raises:
            PspRefused, PspUnavailable.
        """


@dataclass(frozen=True, slots=True)
class Provider:
    """What the hub must know of a provider to offer it: the `PROVIDER` of the provider's folder."""

    name: str
    """As callbacks' addresses, routing tables, the books and key files say it."""
    title: str
    """As people say it."""
    stand_in_port: int
    """Where the stand-in in ``sandbox/<name>`` listens, unless settings say otherwise."""
    connect: Callable[[str, Mapping[str, Any], httpx.BaseTransport | None], Psp]
    """Makes an adapter for an address, from the keys in ``<home>/secrets/<name>.json``."""
    life: timedelta = timedelta(hours=24)
    """How long a client may take to pay; then nobody waits any more, though late money counts."""
    asks_back: bool = False
    """Whether checking a callback may take a call to the provider: others must not wait for it."""
    refunds: bool = False
    """Whether it gives a deposit back to where it came from, in parts if need be."""
