"""The publish pointer: which snapshot of the lake people may read, and what was refused since."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime

import duckdb
import psycopg
from psycopg.rows import TupleRow

from lake import connection
from operational.kit import db
from operational.kit.settings import Settings

# Rows are only ever added: the newest published one is the pointer.
_TABLE = """
create table if not exists lake.publication (
    id bigint generated always as identity primary key,
    snapshot bigint not null,
    as_of timestamptz not null,
    decided_at timestamptz not null default clock_timestamp(),
    is_published boolean not null,
    extract_id bigint not null,
    project_sha256 text not null,
    unavailable jsonb not null,
    checks jsonb not null
)
"""


_SELECT = """
select snapshot, as_of, extract_id, project_sha256, unavailable, decided_at, is_published, checks
from lake.publication
"""


class NothingPublished(LookupError):
    """No refresh has passed its checks yet."""


@dataclass(frozen=True)
class CheckResult:
    """What one blocking check said of one snapshot."""

    name: str
    passed: bool
    detail: str = ""


@dataclass(frozen=True)
class Candidate:
    """A snapshot that was built and checked."""

    snapshot: int
    as_of: datetime
    """The moment of the operational database that the snapshot shows."""
    extract_id: int
    """The newest arrival in it."""
    project_sha256: str
    """Of the models it was built by."""
    unavailable: dict[str, str] = field(default_factory=dict)
    """Sources that did not answer, with the reason: *as of* does not hold for what they tell."""


@dataclass(frozen=True, kw_only=True)
class Publication(Candidate):
    """One decision about one snapshot: it became what people read, or it was held back."""

    decided_at: datetime
    is_published: bool
    checks: tuple[CheckResult, ...]

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        return tuple(check for check in self.checks if not check.passed)


@dataclass(frozen=True)
class Standing:
    """What stands, and the newest refusal since, if any: pages say both."""

    published: Publication
    refused: Publication | None


@contextmanager
def read(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published lake, pinned: a query never sees a half-built state.

    Raises:
        NothingPublished: no refresh has passed its checks yet.
    """
    with connection.read_at(settings, current(settings).published.snapshot) as lake:
        yield lake


def current(settings: Settings) -> Standing:
    """The published snapshot, and whether a newer one was held back.

    Raises:
        NothingPublished: no refresh has passed its checks yet.
    """
    with _session(settings, db.READER) as session:
        if not _is_there(session):
            raise NothingPublished("nothing is published yet")
        published = _newest(session, is_published=True)
        refused = _newest(session, is_published=False)
    if published is None:
        raise NothingPublished("nothing is published yet")
    is_newer = refused is not None and refused.decided_at > published.decided_at
    return Standing(published, refused if is_newer else None)


def history(settings: Settings, most: int) -> list[Publication]:
    """The newest decisions, published or held back, newest first."""
    with _session(settings, db.READER) as session:
        if not _is_there(session):
            return []
        rows = session.execute(f"{_SELECT} order by id desc limit %s", (most,)).fetchall()
    return [_publication(row) for row in rows]


def decide(settings: Settings, candidate: Candidate, checks: Sequence[CheckResult]) -> bool:
    """Move the pointer to the candidate if every check passed; record the refusal otherwise."""
    passed = all(check.passed for check in checks)
    with _session(settings, db.LAKE) as session:
        session.execute(_TABLE)
        session.execute(
            "insert into lake.publication "
            "(snapshot, as_of, extract_id, project_sha256, unavailable, is_published, checks) "
            "values (%s, %s, %s, %s, %s, %s, %s)",
            (
                candidate.snapshot,
                candidate.as_of,
                candidate.extract_id,
                candidate.project_sha256,
                json.dumps(candidate.unavailable),
                passed,
                json.dumps([asdict(check) for check in checks]),
            ),
        )
    return passed


def forget(settings: Settings, *, before: datetime) -> None:
    """Drop decisions older than `before`, except the one that stands."""
    with _session(settings, db.LAKE) as session:
        session.execute(_TABLE)
        session.execute(
            "delete from lake.publication where decided_at < %s and id <> coalesce("
            "(select max(id) from lake.publication where is_published), 0)",
            (before,),
        )


def _is_there(session: psycopg.Connection[TupleRow]) -> bool:
    found = session.execute("select to_regclass('lake.publication') is not null").fetchone()
    return found == (True,)


def _newest(session: psycopg.Connection[TupleRow], *, is_published: bool) -> Publication | None:
    row = session.execute(
        f"{_SELECT} where is_published = %s order by id desc limit 1", (is_published,)
    ).fetchone()
    return None if row is None else _publication(row)


def _publication(row: TupleRow) -> Publication:
    *candidate, decided_at, is_published, checks = row
    return Publication(
        *candidate,
        decided_at=decided_at,
        is_published=is_published,
        checks=tuple(CheckResult(**check) for check in checks),
    )


def _session(settings: Settings, role: str) -> psycopg.Connection[TupleRow]:
    address = db.url(settings, role).set(drivername="postgresql")
    return psycopg.connect(address.render_as_string(hide_password=False))
