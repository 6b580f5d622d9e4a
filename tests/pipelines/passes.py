"""Refresh passes in processes of their own, so that they can be killed anywhere."""

import hashlib
import re
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa

from lake import connection
from operational.kit.settings import Settings
from pipelines import landing, sources
from pipelines.contracts import Batch, sha256
from pipelines.dbt_models import project
from pipelines.platform import deals
from pipelines.reference.checks import EXPECTATIONS
from pipelines.refresh import refresh
from tests.forked import CONTEXT
from tests.pipelines.broker import NOW, Server

OVERLAP = timedelta(days=3650)
PASS_SECONDS_MAX = 300
SILENT = {
    "fct_break_items",
    "fct_breaks",
    "fct_client_money",
    "fct_dispute_ratios",
    "fct_disputes",
    "fct_matches",
}
"""Marts of what nobody outside has told a small broker yet: their own tests fill them."""


class PassFailed(Exception):
    """A pass that was left alone did not come to its end."""


def one_pass(
    settings: Settings, server: Server | None, models: Path = project.PROJECT, whole: bool = False
) -> None:
    """Look at the platform and at its rates, then refresh."""
    project.PROJECT = models
    if server is not None:
        with sources.opened(settings) as lake:
            deals.sync(lake, server, overlap=OVERLAP, now=NOW + timedelta(days=30))
            if server.rates:
                landing.land(lake, _rates(server), now=NOW, expectations=EXPECTATIONS)
    refresh(settings, whole=whole)


def _rates(server: Server) -> Batch:
    """What the server's trades are priced by, as one more sheet that is issued again and again."""
    days = list(server.rates)
    rows = {
        "rate_date": pa.array([day for day, _ in days], pa.date32()),
        "base_currency": pa.array(["EUR"] * len(days), pa.string()),
        "quote_currency": pa.array([currency for _, currency in days], pa.string()),
        "rate": pa.array(server.rates.values(), pa.decimal128(20, 10)),
    }
    content = sha256(repr(server.rates).encode())
    tables = {"reference__fx_rates": pa.table(rows)}
    return Batch("weekend_rates", content, tables, name="rates", is_reissued=True)


def start(*arguments: Any) -> Any:
    """One pass in a process of its own."""
    process = CONTEXT.Process(target=one_pass, args=arguments)
    process.start()
    return process


def run(*arguments: Any) -> None:
    process = start(*arguments)
    process.join(PASS_SECONDS_MAX)
    if process.exitcode != 0:
        process.kill()
        raise PassFailed(f"exit code {process.exitcode}")


def killed_when(condition: Callable[[], bool], *arguments: Any) -> bool:
    """Kill a pass as soon as `condition` holds; say whether it was killed before it was over."""
    process = start(*arguments)
    while process.is_alive() and not condition():
        process.join(0.001)
    was_alive = process.exitcode is None
    process.kill()
    process.join()
    return was_alive


def commits(session: psycopg.Connection[Any]) -> int:
    """How often lake and pointer were written."""
    row = session.execute(
        "select (select count(*) from lake.ducklake_snapshot) + "
        "(select count(*) from lake.publication)"
    ).fetchone()
    assert row is not None
    return int(row[0])


def forget(settings: Settings, session: psycopg.Connection[Any]) -> None:
    """Empty the lake: what is built next comes from the sources alone."""
    with connection.write(settings) as lake:
        for kind in ("view", "table"):
            names = lake.execute(
                f"select schema_name || '.' || {kind}_name from duckdb_{kind}s() "
                "where database_name = 'lake'"
            ).fetchall()
            for (name,) in names:
                lake.execute(f"drop {kind} lake.{name}")
    session.execute("delete from lake.publication")


def marts(settings: Settings) -> dict[str, str]:
    """A digest of every mart, without the numbers of the arrivals it was made from."""
    with connection.write(settings) as lake:
        tables = lake.execute(
            "select table_name from duckdb_tables() "
            "where database_name = 'lake' and schema_name = 'marts' order by 1"
        ).fetchall()
        return {table: _digest(lake, table) for (table,) in tables}


def _digest(lake: Any, table: str) -> str:
    rows = lake.execute(
        f"select columns(lambda c: c <> 'extract_id') from lake.marts.{table} order by all"
    ).fetchall()
    return f"{len(rows)} rows, {hashlib.sha256(repr(rows).encode()).hexdigest()[:16]}"


def with_bug(folder: Path, file: str, good: str, bad: str) -> Path:
    """A copy of the models with one planted bug."""
    copy = folder / "dbt"
    shutil.copytree(project.PROJECT, copy, ignore=shutil.ignore_patterns("target", "logs"))
    path = copy / file
    text, count = re.subn(re.escape(good), bad, path.read_text())
    assert count == 1
    path.write_text(text)
    return copy
