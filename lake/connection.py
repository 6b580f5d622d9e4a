"""The only place that opens DuckDB: attach the lake to write, or pinned to one snapshot to read.

The lake is DuckLake: its catalog lies in schema `lake` of our PostgreSQL, its rows are Parquet
files. Readers never wait for the writer; every commit is a snapshot that can be read again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from lake import extensions
from operational.kit import db
from operational.kit.settings import Settings

NAME = "lake"
"""What the lake is called in every SQL statement: `lake.marts.fct_payments`."""

# A bulk load keeps its catalog transaction waiting while Parquet is written; the server's
# 60-second limit on idle transactions is meant for requests.
UNHURRIED = "options='-c idle_in_transaction_session_timeout=0'"

CATALOG = f"ducklake:postgres:{UNHURRIED}"
CATALOG_OPTIONS: dict[str, str | int | bool] = {
    "metadata_schema": "lake",
    # The folder may move with `home`; the catalog keeps paths relative to it.
    "override_data_path": True,
}


@contextmanager
def write(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The lake, writable. Whoever writes holds `lake.lock.writer`."""
    with _connection(settings) as connection:
        _attach_lake(connection, settings, db.LAKE, write_options(settings))
        yield connection


@contextmanager
def read_at(settings: Settings, snapshot: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """The lake as it was at `snapshot`, read-only, whatever is written meanwhile."""
    with _connection(settings) as connection:
        options = {
            **_options(db.READER),
            "read_only": True,
            "snapshot_version": snapshot,
        }
        _attach_lake(connection, settings, db.READER, options)
        yield connection


def write_options(settings: Settings) -> dict[str, str | int | bool]:
    """The options the writer attaches the lake with, ours or dbt's."""
    return {**_options(db.LAKE), "data_path": settings.lake_path}


def _options(role: str) -> dict[str, str | int | bool]:
    return {**CATALOG_OPTIONS, "meta_secret": role}


def attach_operations(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Attach the operational database as `operations`, read-only, as the role without secrets.

    DuckDB reads it in one repeatable-read transaction, shared by all its parallel connections,
    for as long as the DuckDB transaction lasts: one moment in time over all tables.
    """
    _keep_secret(connection, settings, db.EXTRACT)
    connection.execute(
        f"attach {_quoted(UNHURRIED)} as operations (type postgres, read_only, secret {db.EXTRACT})"
    )


def configuration(settings: Settings) -> dict[str, str]:
    """DuckDB's settings, the same for our own connections and for dbt's.

    Memory is bounded and spills to disk; times are UTC; rows need no insertion order, which
    lets a bulk load stream instead of buffer.
    """
    return {
        "extension_directory": str(extension_folder(settings)),
        "memory_limit": settings.duckdb_memory,
        "preserve_insertion_order": "false",
        "temp_directory": str(settings.root / "duckdb_scratch"),
        "threads": str(settings.duckdb_threads),
        "TimeZone": "UTC",
    }


def extension_folder(settings: Settings) -> Path:
    return settings.root / "duckdb_extensions"


@contextmanager
def _connection(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    extensions.install(extension_folder(settings))
    with duckdb.connect() as connection:
        for option, value in configuration(settings).items():
            connection.execute(f"set {option} = {_quoted(value)}")
        for name in extensions.NAMES:
            _load(connection, name)
        yield connection


def _load(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    try:
        connection.load_extension(name)
    except duckdb.IOException:
        connection.install_extension(name)
        connection.load_extension(name)


def _attach_lake(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    role: str,
    options: dict[str, str | int | bool],
) -> None:
    _keep_secret(connection, settings, role)
    listed = ", ".join(
        f"{option} {_quoted(value) if isinstance(value, str) else value}"
        for option, value in options.items()
    )
    connection.execute(f"attach {_quoted(CATALOG)} as {NAME} ({listed})")
    connection.execute(f"use {NAME}")


def _keep_secret(connection: duckdb.DuckDBPyConnection, settings: Settings, role: str) -> None:
    """Give the connection a role's password out of band, so that no error message quotes it."""
    parts = ", ".join(f"{key} {_quoted(value)}" for key, value in secret(settings, role).items())
    connection.execute(f"create or replace temporary secret {role} (type postgres, {parts})")


def secret(settings: Settings, role: str) -> dict[str, str]:
    """Where PostgreSQL is and how `role` signs in, as fields of a DuckDB secret."""
    address = db.url(settings, role)
    found = {
        "host": address.host or address.query.get("host"),
        "port": address.port,
        "user": address.username,
        "password": address.password,
        "database": address.database,
    }
    return {key: str(value) for key, value in found.items() if value}


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
