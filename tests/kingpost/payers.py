"""Clients of a demo broker who pay in and fund their accounts, again and again."""

import threading
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

from operational.access import sessions
from operational.kit import db
from operational.kit.clock import utc_now
from operational.kit.settings import Settings
from tests.faults.stage import VISITOR

CLIENTS = 8
CARD = {"card": "4242 4242 4242 4242"}
PAUSE_SECONDS = 0.05
_VERIFIED = text("select user_id from clients.client where verified_at is not null limit :count")


@dataclass
class Payers:
    """They go on asking while the hub lies dead, and remember what they were told."""

    api_url: str
    tokens: list[str]
    paid: set[str] = field(default_factory=set)
    """References of deposits whose payment page took the card."""
    funded_count: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        engine = db.engine(settings, db.API)
        with db.transaction(engine) as session:
            users = session.scalars(_VERIFIED, {"count": CLIENTS}).all()
            tokens = [_enter(session, user_id) for user_id in users]
        engine.dispose()
        return cls(settings.api_url, tokens)

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._go, args=(each,)) for each in self.tokens]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _go(self, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=self.api_url, headers=headers, timeout=10) as door:
            while not self._stop.wait(PAUSE_SECONDS):
                try:
                    self._pay_in(door)
                    self._fund(door)
                except httpx.HTTPError:
                    continue

    def _pay_in(self, door: httpx.Client) -> None:
        form = {"amount": "10.00", "currency": "USD", "method": "card"}
        asked = _ask(door, "/api/me/deposits", form)
        page = None
        while asked and page is None and not self._stop.wait(PAUSE_SECONDS):
            shown = door.get(f"/api/me/deposits/{asked['reference']}").raise_for_status().json()
            page = shown["redirect_url"]
        if page and httpx.post(page, data=CARD).has_redirect_location:
            self.paid.add(asked["reference"])

    def _fund(self, door: httpx.Client) -> None:
        for account in door.get("/api/me/trading-accounts").raise_for_status().json():
            path = f"/api/me/trading-accounts/{account['id']}/transfers"
            if _ask(door, path, {"amount": "1.00", "currency": "USD"}):
                self.funded_count += 1


def _ask(door: httpx.Client, path: str, form: dict[str, str]) -> dict[str, Any]:
    """What was answered; nothing if it was refused, for a limit may be reached."""
    answer = door.post(path, json=form, headers={"Idempotency-Key": str(uuid4())})
    return answer.json() if answer.is_success else {}


def _enter(session: db.Session, user_id: UUID) -> str:
    return sessions.enter(session, user_id, visitor=VISITOR, user_agent="test", now=utc_now())
