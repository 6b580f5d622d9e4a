"""The fault table: which call or callback goes wrong, how, and how often."""

import threading
from collections.abc import Callable
from enum import StrEnum
from fnmatch import fnmatchcase

from pydantic import BaseModel, Field

from sandbox.store import Store


class FaultKind(StrEnum):
    REFUSE = "refuse"
    """The vendor says no and does nothing. A callback is never sent."""
    DELAY = "delay"
    """Everything works, `delay_ms` later."""
    TIMEOUT_BEFORE = "timeout_before"
    """No answer, and nothing was done."""
    TIMEOUT_AFTER = "timeout_after"
    """No answer, but it was done."""
    ERROR_AFTER = "error_after"
    """It was done, and the answer says 500."""
    DUPLICATE = "duplicate"
    """The call is carried out twice; the callback comes twice."""
    REORDER = "reorder"
    """It waits until the next one has passed, `delay_ms` at most."""
    GARBAGE = "garbage"
    """It was done, and the answer cannot be read. A callback is signed rubbish."""
    BAD_SIGNATURE = "bad_signature"
    """A callback signed with a key nobody knows."""
    WRONG_AMOUNT = "wrong_amount"
    """One minor unit less than was asked or told."""
    WRONG_CURRENCY = "wrong_currency"
    """Another currency than was asked or told."""


class Fault(BaseModel):
    """One rule of the table."""

    id: int = 0
    match: str
    """A glob over ``"POST /v1/payouts"`` for calls, ``"webhook payout.paid"`` for callbacks."""
    fault: FaultKind
    contains: str = ""
    """Only where the query, the body or the event has this text, such as a reference."""
    count: int | None = Field(default=1, ge=1)
    """How often it strikes; null: for ever."""
    skip: int = Field(default=0, ge=0)
    """How many matches pass unharmed first."""
    delay_ms: int | None = Field(default=None, ge=0, le=120_000)
    detail: str = ""
    """What a refusal says: a decline code at Stripe and Adyen, a retcode at MetaTrader."""
    fired: int = 0


class FaultTable:
    """Rules in the order they were made; the first that matches strikes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._rules = self._load()

    def _load(self) -> list[Fault]:
        rows = self._store.rows("select id, rule, fired from faults order by id")
        return [
            Fault.model_validate_json(row["rule"]).model_copy(
                update={"id": row["id"], "fired": row["fired"]}
            )
            for row in rows
        ]

    def all(self) -> list[Fault]:
        return list(self._rules)

    def add(self, rule: Fault) -> Fault:
        with self._lock, self._store.transaction() as db:
            text = rule.model_dump_json(exclude={"id", "fired"})
            db.execute("insert into faults (rule) values (?)", (text,))
            self._rules = self._load()
        return self._rules[-1]

    def remove(self, identifier: int | None = None) -> None:
        """Delete one rule, or all."""
        with self._lock, self._store.transaction() as db:
            db.execute("delete from faults where ?1 is null or id = ?1", (identifier,))
            self._rules = self._load()

    def take(
        self, what: str, text: str, can_strike: Callable[[Fault], bool] = lambda _: True
    ) -> Fault | None:
        """The fault that strikes this call or callback now, if any; it counts as used."""
        if not self._rules:
            return None
        with self._lock:
            for rule in self._rules:
                if not fnmatchcase(what, rule.match) or rule.contains not in text:
                    continue
                if not can_strike(rule):
                    continue
                if rule.count is not None and rule.fired >= rule.skip + rule.count:
                    continue
                rule.fired += 1
                with self._store.transaction() as db:
                    db.execute("update faults set fired = ? where id = ?", (rule.fired, rule.id))
                if rule.fired > rule.skip:
                    return rule
        return None
