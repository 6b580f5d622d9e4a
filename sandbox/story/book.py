"""The story's bookmark: every act is told once, and what came of it is remembered.

An act's row commits with its effect (the same table that keeps clients' idempotency keys), so a
story that was killed goes on where it stopped. Vendors are asked with the act's key, too.
"""

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from operational.kit import db

PRINCIPAL = "story"
_TOLD = text("select key, answer from messaging.idempotency where principal = :principal")
_TELL = text(
    "insert into messaging.idempotency (principal, key, request, body_sha256, status, answer)"
    " values (:principal, :key, 'act', '', 200, :answer)"
)

Outcome = dict[str, Any]


class Book:
    """The acts of one hub's stories."""

    def __init__(self, engine: Engine, chapter: str) -> None:
        """Open the book; keys of a chapter are its own."""
        self._engine = engine
        self._chapter = chapter
        with engine.connect() as connection:
            rows = connection.execute(_TOLD, {"principal": PRINCIPAL})
            self._told: dict[str, Outcome] = {row.key: json.loads(row.answer) for row in rows}
        self.is_resumed = bool(self._told)

    def key(self, act: str) -> str:
        """An act's own name; one that begins with `house` is common to all chapters."""
        return act if act.startswith("house") else f"{self._chapter}:{act}"

    def told(self, act: str) -> Outcome | None:
        """What came of an act, if it was told."""
        return self._told.get(self.key(act))

    def once(self, act: str, work: Callable[[Session], Outcome]) -> Outcome:
        """Do `work` in a transaction of its own, unless it was done; return what came of it."""
        key = self.key(act)
        if key not in self._told:
            with db.transaction(self._engine) as session:
                outcome = work(session)
                # Last: if somebody else tells the same story, one of the two is rolled back here.
                row = {"principal": PRINCIPAL, "key": key, "answer": json.dumps(outcome).encode()}
                session.execute(_TELL, row)
            self._told[key] = outcome
        return self._told[key]
