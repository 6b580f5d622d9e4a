"""The database's edges: roles, engines, and the one transaction a request, job or command runs in."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    URL,
    DateTime,
    Engine,
    FetchedValue,
    MetaData,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, ORMExecuteState, Session, mapped_column
from sqlalchemy.types import UserDefinedType

from operational.kit import ids, postgres, secret
from operational.kit.settings import Settings

DATABASE = "kingpost"

OWNER = "kingpost_owner"
"""Owns every table and function; nobody logs in as it."""
API = "kingpost_api"
WORKER = "kingpost_worker"
SEALER = "kingpost_sealer"
EXTRACT = "kingpost_extract"
LAKE = "kingpost_lake"
"""Owns the lake's schema, and writes it."""
READER = "kingpost_reader"
"""Reads the lake's schema and nothing else."""
DAGSTER = "kingpost_dagster"
LOGINS = (API, WORKER, SEALER, EXTRACT, LAKE, READER, DAGSTER)

RETRYABLE = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: PostgreSQL's manual says to run the transaction again."""
TRIES_MAX = 5


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


class Base(DeclarativeBase):
    """Every table of the domain. Constraint names follow one convention, so that errors can be mapped."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as a plain class attribute
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[str]: JSONB,
        list[dict[str, Any]]: JSONB,
    }


class Ingested:
    """A table the lake reads: `row_xid` is the transaction that last wrote the row.

    The lake reads rows below the oldest running transaction, so a row committed late is never
    skipped. A trigger refreshes it on update (migrations/sql/row_xid.sql).
    """

    row_xid: Mapped[int] = mapped_column(
        Xid8,
        server_default=text("pg_current_xact_id()"),
        server_onupdate=FetchedValue(),
        index=True,
    )


class Row(Ingested):
    """The usual row: an id sortable by time, when it was made, and who wrote it last."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=ids.uuid7)
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))


def admin_url(settings: Settings) -> URL:
    """The URL of a role that may create roles; starts the embedded server if none is configured."""
    if settings.database_url:
        return make_url(settings.database_url).set(drivername="postgresql+psycopg")
    superuser = make_url(postgres.start(settings.root / "postgres"))
    return superuser.set(drivername="postgresql+psycopg", database=DATABASE)


def url(settings: Settings, role: str) -> URL:
    """The URL one of our login roles connects with."""
    if role == READER and settings.reader_url:
        return make_url(settings.reader_url)
    return admin_url(settings).set(username=role, password=passwords(settings)[role])


def passwords(settings: Settings) -> dict[str, str]:
    """A random password per login role, made once and kept in `home`, readable by its owner only."""
    path = settings.root / "secrets" / "database.json"
    if not path.exists():
        secret.write(path, json.dumps({role: secrets.token_urlsafe(24) for role in LOGINS}))
    found: dict[str, str] = json.loads(path.read_text())
    return found


def engine(settings: Settings, role: str, *, pool_size: int = 10, is_pinged: bool = True) -> Engine:
    """A pool of connections as `role`. A statement that waits for a lock gives up after 5 s.

    A transaction nobody goes on with ends after 30 s, for the lake and the sealer wait for the oldest
    one. A connection is pinged before use, so that a restarted server is noticed; a short run does without.
    """
    return engine_at(url(settings, role), pool_size=pool_size, is_pinged=is_pinged)


def engine_at(address: URL, *, pool_size: int = 10, is_pinged: bool = True) -> Engine:
    options = (
        "-c lock_timeout=5s -c statement_timeout=30s"
        " -c idle_in_transaction_session_timeout=30s -c timezone=UTC"
    )
    return create_engine(
        address,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=is_pinged,
        # What clients send us is no matter for a log or a message on a screen.
        hide_parameters=True,
        connect_args={"options": options},
    )


@event.listens_for(Session, "do_orm_execute")
def _read_anew_under_lock(state: ORMExecuteState) -> None:
    """What is locked is read as it is now: an object read before the wait would keep its old values."""
    if getattr(state.statement, "_for_update_arg", None) is not None:
        state.update_execution_options(populate_existing=True)


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """One unit of work: leaving commits it, raising rolls it back."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


def is_retryable(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) in RETRYABLE
