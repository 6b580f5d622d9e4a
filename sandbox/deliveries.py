"""Callbacks on their way: queued with the effect, sent by a small loop, retried with back-off."""

import asyncio
import json
import sqlite3
from collections import defaultdict

import httpx

from operational.kit.clock import utc_now
from sandbox.faults import Fault, FaultKind, FaultTable
from sandbox.store import Document, Store
from sandbox.vendor import Parcel, Vendor

# The vendors retry for days; here a day is about a minute.
_BACKOFF_SECONDS = (1, 2, 4, 8, 15, 30, 60, 60, 60, 60)
_POLL_SECONDS = 0.2
_TIMEOUT_SECONDS = 10
_REORDER_SECONDS = 2
_LANES = 8
_BATCH = 500

_DELAYED = "delayed"
_HELD_BACK = "held back"
_KEPT_WAITING = frozenset({_DELAYED, _HELD_BACK})


class Deliveries:
    """The queue of one stand-in. Events of one subject leave in order, subjects side by side."""

    def __init__(
        self, store: Store, vendor: Vendor, faults: FaultTable, webhook_url: str | None
    ) -> None:
        self.webhook_url = webhook_url
        self._store = store
        self._vendor = vendor
        self._faults = faults
        self._sending = asyncio.Lock()
        self._client: httpx.AsyncClient | None = None

    def add(self, event: Document, *, event_id: str, kind: str, subject: str, created: int) -> None:
        with self._store.transaction() as db:
            db.execute(
                "insert into deliveries (event_id, type, subject, created, event)"
                " values (?, ?, ?, ?, ?)",
                (event_id, kind, subject, created, json.dumps(event)),
            )

    def last_id(self) -> int:
        return int(self._store.rows("select coalesce(max(id), 0) as id from deliveries")[0]["id"])

    def hand_over(self, after_id: int) -> list[Document]:
        """Give the caller what was queued since, signed as of each event's own time, and keep none.

        The bulk loader feeds these to the hub itself.
        """
        return self._hand_over("id > ?", after_id, None)

    def hand_over_waiting(self, at: int) -> list[Document]:
        """Likewise everything that was not sent yet, signed at this epoch second."""
        return self._hand_over("state = ?", "pending", at)

    def _hand_over(self, which: str, value: object, at: int | None) -> list[Document]:
        with self._store.transaction() as db:
            found = db.execute(f"select * from deliveries where {which} order by id", (value,))  # noqa: S608 - ours
            parcels = [
                (row, self._vendor.parcel(json.loads(row["event"]), at or row["created"]))
                for row in found.fetchall()
            ]
            db.executemany(
                "update deliveries set state = 'handed over' where id = ?",
                [(row["id"],) for row, _ in parcels],
            )
        return [
            {
                "type": row["type"],
                "subject": row["subject"],
                "created": row["created"],
                "headers": parcel.headers,
                "body": parcel.body.decode(),
            }
            for row, parcel in parcels
        ]

    def drop(self, after_id: int) -> None:
        with self._store.transaction() as db:
            db.execute("update deliveries set state = 'dropped' where id > ?", (after_id,))

    def resend(self, identifier: int) -> None:
        with self._store.transaction() as db:
            sql = "update deliveries set state = 'pending', next_at = 0 where id = ?"
            db.execute(sql, (identifier,))

    def listed(self, state: str | None, limit: int = 100) -> list[Document]:
        sql = (
            "select id, event_id, type, subject, created, state, attempts, answer from deliveries"
            " where ? is null or state = ? order by id desc limit ?"
        )
        return [dict(row) for row in self._store.rows(sql, state, state, limit)]

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def run(self) -> None:
        """Send what is due, for as long as the server lives."""
        while True:
            await self.flush()
            await asyncio.sleep(_POLL_SECONDS)

    async def flush(self) -> None:
        """Try everything that is due once, and return when all of it was tried."""
        if self.webhook_url is None:
            return
        async with self._sending:
            while due := await asyncio.to_thread(self._due):
                by_subject: dict[str, list[sqlite3.Row]] = defaultdict(list)
                for row in due:
                    by_subject[row["subject"]].append(row)
                lanes = asyncio.Semaphore(_LANES)
                held: list[sqlite3.Row] = []
                await asyncio.gather(
                    *(
                        self._send_lane(lanes, rows, held, due[-1]["id"])
                        for rows in by_subject.values()
                    )
                )
                for row in held:
                    await self._send(row, None)

    def _due(self) -> list[sqlite3.Row]:
        return self._store.rows(
            "select * from deliveries where state = 'pending' and next_at <= ? order by id limit ?",
            utc_now().timestamp(),
            _BATCH,
        )

    async def _send_lane(
        self,
        lanes: asyncio.Semaphore,
        rows: list[sqlite3.Row],
        held: list[sqlite3.Row],
        last_id: int,
    ) -> None:
        async with lanes:
            for row in rows:
                fault = await asyncio.to_thread(self._strike, row)
                if fault and fault.fault is FaultKind.REORDER:
                    await self._hold(row, fault, held if row["id"] < last_id else None)
                else:
                    await self._send(row, fault)

    def _strike(self, row: sqlite3.Row) -> Fault | None:
        # What was kept waiting once is not kept waiting again.
        if row["answer"] in _KEPT_WAITING:
            return None
        return self._faults.take(f"webhook {row['type']}", row["event"])

    async def _hold(self, row: sqlite3.Row, fault: Fault, held: list[sqlite3.Row] | None) -> None:
        """Let the others go first: those of this round, or those of a while if none is behind it."""
        if fault.delay_ms is None and held is not None:
            held.append(row)
        else:
            wait = _REORDER_SECONDS if fault.delay_ms is None else fault.delay_ms / 1000
            await self._later(row, wait, _HELD_BACK)

    async def _send(self, row: sqlite3.Row, fault: Fault | None) -> None:
        match fault.fault if fault else None:
            case FaultKind.REFUSE:
                await self._mark(row, "dropped", "never sent")
                return
            case FaultKind.DELAY:
                assert fault is not None
                await self._later(row, (fault.delay_ms or 1000) / 1000, _DELAYED)
                return
            case FaultKind.TIMEOUT_BEFORE:
                await self._retry(row, "timed out before it left")
                return
        acknowledged, answer = await self._post(self._parcel(row, fault))
        kind = fault.fault if fault else None
        if kind is FaultKind.DUPLICATE:
            acknowledged, answer = await self._post(self._parcel(row, None))
        # A vendor that missed the answer, or sent what was not the event, comes again.
        if kind in _COMES_AGAIN or not acknowledged:
            await self._retry(row, answer)
        else:
            await self._mark(row, "delivered", answer)

    def _parcel(self, row: sqlite3.Row, fault: Fault | None) -> Parcel:
        at = int(utc_now().timestamp())
        event = json.loads(row["event"])
        match fault.fault if fault else None:
            case FaultKind.GARBAGE:
                return self._vendor.rubbish(at)
            case FaultKind.BAD_SIGNATURE:
                return self._vendor.parcel(event, at, forged=True)
            case FaultKind.WRONG_AMOUNT | FaultKind.WRONG_CURRENCY:
                assert fault is not None
                return self._vendor.parcel(self._vendor.altered_event(fault, event), at)
            case _:
                return self._vendor.parcel(event, at)

    async def _post(self, parcel: Parcel) -> tuple[bool, str]:
        assert self.webhook_url is not None
        self._client = self._client or httpx.AsyncClient(timeout=_TIMEOUT_SECONDS)
        try:
            answer = await self._client.post(
                self.webhook_url, content=parcel.body, headers=parcel.headers
            )
        except httpx.HTTPError as error:
            return False, type(error).__name__
        return answer.is_success, f"{answer.status_code} {answer.text[:80]}"

    async def _mark(self, row: sqlite3.Row, state: str, answer: str) -> None:
        sql = "update deliveries set state = ?, attempts = attempts + 1, answer = ? where id = ?"
        await asyncio.to_thread(self._write, sql, (state, answer, row["id"]))

    async def _later(self, row: sqlite3.Row, seconds: float, answer: str) -> None:
        sql = "update deliveries set next_at = ?, answer = ? where id = ?"
        await asyncio.to_thread(
            self._write, sql, (utc_now().timestamp() + seconds, answer, row["id"])
        )

    async def _retry(self, row: sqlite3.Row, answer: str) -> None:
        if row["attempts"] >= len(_BACKOFF_SECONDS):
            await self._mark(row, "failed", answer)
            return
        await self._mark(row, "pending", answer)
        await self._later(row, _BACKOFF_SECONDS[row["attempts"]], answer)

    def _write(self, sql: str, values: tuple[object, ...]) -> None:
        with self._store.transaction() as db:
            db.execute(sql, values)


_COMES_AGAIN = frozenset(
    {
        FaultKind.TIMEOUT_AFTER,
        FaultKind.ERROR_AFTER,
        FaultKind.GARBAGE,
        FaultKind.BAD_SIGNATURE,
        FaultKind.WRONG_AMOUNT,
        FaultKind.WRONG_CURRENCY,
    }
)
