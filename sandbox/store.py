"""A stand-in's memory: one SQLite file, one writer at a time, nothing lost when it is killed."""

import hashlib
import json
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Document = dict[str, Any]

_TABLES = """
create table if not exists meta (key text primary key, value text not null);
create table if not exists faults (
    id integer primary key, rule text not null, fired integer not null default 0
);
create table if not exists deliveries (
    id integer primary key, event_id text not null, type text not null, subject text not null,
    created integer not null, event text not null, state text not null default 'pending',
    attempts integer not null default 0, next_at real not null default 0,
    answer text not null default ''
);
create index if not exists deliveries_due on deliveries (state, next_at);
create table if not exists answers (
    key text primary key, fingerprint text not null, status integer not null, body text not null
);
create table if not exists documents (
    id text primary key, kind text not null, created integer not null,
    reference text not null default '', parent text not null default '', body text not null
);
create index if not exists documents_kind on documents (kind, created);
create index if not exists documents_reference on documents (reference);
create index if not exists documents_parent on documents (parent);
create table if not exists timers (subject text primary key, due text not null);
create table if not exists lines (
    id integer primary key, currency text not null, available_on text not null,
    net_minor integer not null, batch text not null default '', body text not null
);
create index if not exists lines_batch on lines (batch, available_on);
"""

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE36 = _BASE62[:36]


class Store:
    """Documents, money lines, deliveries and faults of one stand-in.

    SQLite in write-ahead mode: what was committed outlives `kill -9`.
    """

    def __init__(self, path: Path, tables: str = "") -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._depth = 0
        self.db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.db.execute("pragma journal_mode = wal")
        self.db.execute("pragma synchronous = normal")
        self.db.executescript(_TABLES + tables)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; an inner transaction joins the outer one."""
        with self._lock:
            if self._depth:
                yield self.db
                return
            self.db.execute("begin immediate")
            self._depth = 1
            try:
                yield self.db
            except BaseException:
                self.db.execute("rollback")
                raise
            else:
                self.db.execute("commit")
            finally:
                self._depth = 0

    def close(self) -> None:
        with self._lock:
            self.db.close()

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self.db.execute(sql, values).fetchall()

    def recall(self, key: str, default: str = "") -> str:
        found = self.rows("select value from meta where key = ?", key)
        return str(found[0]["value"]) if found else default

    def remember(self, key: str, value: str) -> None:
        with self.transaction() as db:
            db.execute("insert or replace into meta values (?, ?)", (key, value))

    def next_number(self, key: str, first: int = 1) -> int:
        """The next whole number of a sequence."""
        with self.transaction() as db:
            sql = (
                "insert into meta values (?, ?) on conflict (key)"
                " do update set value = cast(value as integer) + 1 returning value"
            )
            return int(db.execute(sql, (key, first)).fetchone()["value"])

    def new_id(self, prefix: str, length: int = 24, alphabet: str = _BASE62) -> str:
        """An identifier in the vendor's look, different in every file."""
        with self.transaction():
            salt = self.recall("salt")
            if not salt:
                salt = secrets.token_hex(8)
                self.remember("salt", salt)
            number = self.next_number("ids")
        value = int.from_bytes(hashlib.sha256(f"{salt}:{number}".encode()).digest())
        letters = []
        for _ in range(length):
            value, digit = divmod(value, len(alphabet))
            letters.append(alphabet[digit])
        return prefix + "".join(letters)

    def put(self, document: Document, *, kind: str, reference: str = "", parent: str = "") -> None:
        """Write a document, new or changed. Its reference and parent stay once given."""
        with self.transaction() as db:
            db.execute(
                "insert into documents values (?, ?, ?, ?, ?, ?)"
                " on conflict (id) do update set body = excluded.body",
                (
                    document["id"],
                    kind,
                    document.get("created", 0),
                    reference,
                    parent,
                    json.dumps(document),
                ),
            )

    def get(self, kind: str, identifier: str) -> Document | None:
        found = self.rows("select body from documents where id = ? and kind = ?", identifier, kind)
        return json.loads(found[0]["body"]) if found else None

    def listed(self, kind: str, where: str = "true", *values: object) -> list[Document]:
        """Documents of a kind, newest first."""
        sql = f"select body from documents where kind = ? and {where}"  # noqa: S608 - `where` is ours
        sql += " order by created desc, rowid desc"
        return [json.loads(row["body"]) for row in self.rows(sql, kind, *values)]
