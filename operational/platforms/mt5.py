"""MetaTrader 5's Web API over HTTP: one connection, one session on it, every number a string.

Facts: domain dossier 1.1 to 1.5. A session belongs to one keep-alive connection; when that one is
lost, the next call answers 403 and the handshake is repeated.
"""

import hashlib
import hmac
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Self

import httpx

from operational.kit.money import Money
from operational.kit.vendors import trust
from operational.platforms.server_time import NEW_YORK_CLOSE, to_server_ms

PAGE_MAX = 100
"""The most deals one page holds."""
COMMENT_CHARACTERS_MAX = 31
TIMEOUT_SECONDS = 10.0
PAGE_TRIES = 3

BALANCE = 2
"""The deal action of a deposit to, or a withdrawal from, an account."""

OK = frozenset({0, 1})
_NETWORK, _TIMEOUT, _TOO_FREQUENT = 7, 9, 12
_UNKNOWN = frozenset({_NETWORK, _TIMEOUT})
_DUPLICATE_LOGIN = 3004

Fields = dict[str, str]
Sent = Mapping[str, str | int]


class Mt5Unavailable(Exception):
    """No answer, or one nobody can read: it may have happened. Look it up before any retry."""


class Mt5Refused(Exception):
    """The server understood and did nothing. `code` is MetaTrader's return code."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class Mt5Incomplete(Mt5Unavailable):
    """The pages of one answer do not add up: deals came or went while they were read."""


@dataclass(frozen=True, slots=True)
class Manager:
    """Whom the hub is on a server."""

    server: str
    login: str
    password: str
    zone: str = NEW_YORK_CLOSE
    """What the server's clock keeps."""


class Mt5:
    """A client for one server. Safe to share: calls wait for each other, as the session demands."""

    def __init__(
        self, url: str, manager: Manager, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.server, self.zone = manager.server, manager.zone
        self._manager = manager
        self._lock = threading.Lock()
        self._client = httpx.Client(
            base_url=url,
            verify=trust(),
            timeout=TIMEOUT_SECONDS,
            transport=transport,
            limits=httpx.Limits(
                max_connections=1, max_keepalive_connections=1, keepalive_expiry=None
            ),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def add_user(self, fields: Sent) -> int:
        """Open an account; return its login. `group` and `leverage` are needed.

        Raises:
            Mt5Refused, Mt5Unavailable.
        """
        return int(self._call("/api/user/add", fields, is_command=True)["Login"])

    def user(self, login: int) -> Fields:
        found: Fields = self._call("/api/user/get", {"login": login})
        return found

    def users(self, *, group: str = "*") -> list[Fields]:
        """Every account of the groups that match the mask."""
        found: list[Fields] = self._call("/api/user/get_batch", {"group": group})
        return found

    def set_rights(self, login: int, rights: int) -> None:
        """Write the whole mask; read it again to be sure."""
        self._call("/api/user/update", {"login": login, "rights": rights}, is_command=True)

    def change_password(self, login: int, password: str) -> None:
        """Set the master password. Doing it twice is doing it once."""
        fields: Sent = {"login": login, "type": "main", "password": password}
        self._call("/api/user/change_password", fields, is_command=True)

    def balance(self, login: int, amount: Money, comment: str) -> int:
        """Move money to an account, or from it if negative; return the deal's ticket.

        There is no idempotency key: `comment` is the only trace to find it by.

        Raises:
            Mt5Refused: nothing moved.
            Mt5Unavailable: nobody knows.
        """
        assert 0 < len(comment) <= COMMENT_CHARACTERS_MAX, "a longer comment is cut silently"
        fields: Sent = {
            "login": login,
            "type": BALANCE,
            "balance": f"{amount.major:f}",
            "comment": comment,
            "check_margin": 1,
        }
        return int(self._call("/api/trade/balance", fields, is_command=True)["Ticket"])

    def find_balance_deal(
        self, login: int, comment: str, since: datetime, until: datetime
    ) -> Fields | None:
        """The balance deal with our reference in its comment, looked for in a window.

        Raises:
            Mt5Unavailable, Mt5Refused.
        """
        for deal in self.deals(login, since, until):
            if deal["Action"] == str(BALANCE) and deal["Comment"] == comment:
                return deal
        return None

    def deals(self, login: int, since: datetime, until: datetime) -> list[Fields]:
        """All deals of one login in a window, both ends included, checked against the total.

        Raises:
            Mt5Incomplete: the count kept changing while the pages were read.
        """
        window: Sent = {"login": login, **self._window(since, until)}
        for _ in range(PAGE_TRIES):
            total = self._total(window)
            deals = {deal["Deal"]: deal for page in self._pages(window, total) for deal in page}
            if len(deals) == total == self._total(window):
                return list(deals.values())
        raise Mt5Incomplete(f"deals of {login} do not add up")

    def deals_of_group(self, group: str, since: datetime, until: datetime) -> list[Fields]:
        """All deals of the groups that match the mask, in a window, in one answer.

        Raises:
            Mt5Unavailable, Mt5Refused.
        """
        fields: Sent = {"group": group, **self._window(since, until)}
        found = self._call("/api/deal/get_batch", fields)
        if not isinstance(found, list) or not all(isinstance(deal, dict) for deal in found):
            raise Mt5Unavailable("/api/deal/get_batch: no list of deals")
        return found

    def _window(self, since: datetime, until: datetime) -> dict[str, int]:
        """Seconds of the server's clock, rounded outwards."""
        outwards = until + timedelta(milliseconds=999)
        return {
            "from": to_server_ms(since, self.zone) // 1000,
            "to": to_server_ms(outwards, self.zone) // 1000,
        }

    def _total(self, window: Sent) -> int:
        return int(self._call("/api/deal/get_total", window)["Total"])

    def _pages(self, window: Sent, total: int) -> Iterator[list[Fields]]:
        for offset in range(0, total, PAGE_MAX):
            yield self._call("/api/deal/get_page", {**window, "offset": offset, "total": PAGE_MAX})

    def _call(self, path: str, fields: Sent, *, is_command: bool = False) -> Any:
        """One call, with the handshake before it if the connection has no session.

        A 403 is certain: nothing was done, so even a command may be sent again.
        """
        with self._lock:
            code, answer = self._send(path, fields, is_command=is_command)
            if code == httpx.codes.FORBIDDEN:
                self._authenticate()
                code, answer = self._send(path, fields, is_command=is_command)
        return _checked(path, code, answer).get("answer")

    def _send(self, path: str, fields: Sent, *, is_command: bool) -> tuple[int, dict[str, Any]]:
        try:
            if is_command:
                answer = self._client.post(path, json={name: str(fields[name]) for name in fields})
            else:
                answer = self._client.get(path, params=fields)
            body = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Mt5Unavailable(f"{path}: {type(error).__name__}") from error
        return answer.status_code, body if isinstance(body, dict) else {}

    def _authenticate(self) -> None:
        """Prove that we know the password, and have the server prove it too."""
        hello: Sent = {"version": 4330, "agent": "Kingpost", "login": self._manager.login}
        code, started = self._send(
            "/api/auth/start", {**hello, "type": "manager"}, is_command=False
        )
        challenge = bytes.fromhex(_checked("/api/auth/start", code, started)["srv_rand"])
        ours = secrets.token_bytes(16)
        key = password_hash(self._manager.password)
        proof = {"srv_rand_answer": answer_to(key, challenge).hex(), "cli_rand": ours.hex()}
        code, answered = self._send("/api/auth/answer", proof, is_command=False)
        theirs = _checked("/api/auth/answer", code, answered).get("cli_rand_answer", "")
        if not hmac.compare_digest(str(theirs).lower(), answer_to(key, ours).hex()):
            raise Mt5Unavailable("the server does not know our password: it is another one")


def password_hash(password: str) -> bytes:
    inner = hashlib.md5(password.encode("utf-16-le"), usedforsecurity=False).digest()
    return hashlib.md5(inner + b"WebAPI", usedforsecurity=False).digest()


def answer_to(key: bytes, challenge: bytes) -> bytes:
    return hashlib.md5(key + challenge, usedforsecurity=False).digest()


def _checked(path: str, status: int, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer, if its return code says that it was done.

    Raises:
        Mt5Refused, Mt5Unavailable.
    """
    text = str(answer.get("retcode", ""))
    code = -1
    with suppress(ValueError):
        code = int(text.partition(" ")[0])
    if code < 0 or code in _UNKNOWN or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise Mt5Unavailable(f"{path}: HTTP {status} {text}")
    if code == _TOO_FREQUENT:
        raise Mt5Unavailable(f"{path}: {text}")
    if code not in OK:
        raise Mt5Refused(code, f"{path}: {text}")
    return answer


def minor(text: str, currency: str) -> int:
    """Money as MetaTrader writes it, in minor units."""
    return Money.rounded(Decimal(text), currency).minor
