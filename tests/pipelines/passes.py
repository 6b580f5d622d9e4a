"""Refresh passes in processes of their own, so that they can be killed anywhere."""

import hashlib
import re
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg

from lake import connection
from operational.kit.settings import Settings
from pipelines import sources
from pipelines.dbt_models import project
from pipelines.platform import deals
from pipelines.refresh import refresh
from tests.forked import CONTEXT
from tests.pipelines.broker import NOW, Server

OVERLAP = timedelta(days=3650)
PASS_SECONDS_MAX = 120


def one_pass(
    settings: Settings, server: Server, models: Path = project.PROJECT, whole: bool = False
) -> None:
    """Look at the platform, then refresh."""
    project.PROJECT = models
    with sources.opened(settings) as lake:
        deals.sync(lake, server, overlap=OVERLAP, now=NOW + timedelta(days=30))
    refresh(settings, whole=whole)


def start(*arguments: Any) -> Any:
    """One pass in a process of its own."""
    process = CONTEXT.Process(target=one_pass, args=arguments)
    process.start()
    return process


def run(*arguments: Any) -> None:
    process = start(*arguments)
    process.join(PASS_SECONDS_MAX)
    assert process.exitcode == 0


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
