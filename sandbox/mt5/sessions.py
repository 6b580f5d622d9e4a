"""The handshake, and the rule that a session belongs to one connection and dies with it."""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass

from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox.mt5.retcodes import BAD_PASSWORD, FORBIDDEN, INVALID_ACCOUNT, Failed


@dataclass(slots=True)
class Session:
    """What one connection has proved so far."""

    challenge: bytes = b""
    is_open: bool = False

    def check(self) -> None:
        """Let an authenticated connection pass.

        Raises:
            Failed: this connection has not authenticated.
        """
        if not self.is_open:
            raise Failed(FORBIDDEN)


class Mt5Protocol(H11Protocol):
    """A connection with a session of its own; a port that is used again inherits nothing."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self.app_state = self.app_state | {"session": Session()}


def answer_to(password: str, challenge: bytes) -> str:
    """``MD5(MD5(MD5(utf16le(password)) + "WebAPI") + challenge)``, in hex."""
    inner = hashlib.md5(password.encode("utf-16-le")).digest()
    hashed = hashlib.md5(inner + b"WebAPI").digest()
    return hashlib.md5(hashed + challenge).hexdigest()


@dataclass(frozen=True, slots=True)
class Manager:
    """Who may use the Web API."""

    login: str
    password: str

    def challenge(self, session: Session, login: str) -> str:
        """Begin the handshake.

        Raises:
            Failed: an unknown manager.
        """
        if login != self.login:
            raise Failed(INVALID_ACCOUNT)
        session.challenge = secrets.token_bytes(16)
        return session.challenge.hex()

    def prove(self, session: Session, answer: str, client_challenge: str) -> str:
        """Take the answer and prove ourselves in return.

        Raises:
            Failed: no challenge was given on this connection, or the answer is wrong.
        """
        if not session.challenge:
            raise Failed(FORBIDDEN)
        if not secrets.compare_digest(answer_to(self.password, session.challenge), answer):
            raise Failed(BAD_PASSWORD)
        session.is_open = True
        return answer_to(self.password, bytes.fromhex(client_challenge))
