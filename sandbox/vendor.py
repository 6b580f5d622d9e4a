"""What a vendor must know of itself so that calls and callbacks can go wrong its way."""

from dataclasses import dataclass, field
from typing import Protocol

from sandbox.faults import Fault
from sandbox.store import Document


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to a caller."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Parcel:
    """A callback as it travels: exact bytes and headers."""

    body: bytes
    headers: dict[str, str]


class Vendor(Protocol):
    """The vendor's own way of refusing, lying and signing."""

    name: str

    def refusal(self, fault: Fault) -> Answer:
        """How it says no."""

    def altered_call(self, fault: Fault, query: bytes, body: bytes) -> tuple[bytes, bytes]:
        """The call as it would look with another amount or currency: query and body."""

    def altered_event(self, fault: Fault, event: Document) -> Document:
        """Likewise the event."""

    def parcel(self, event: Document, at: int, *, forged: bool = False) -> Parcel:
        """The event, serialised and signed at an epoch second; forged: with an unknown key."""

    def rubbish(self, at: int) -> Parcel:
        """A body nobody can read, with a signature that holds."""
