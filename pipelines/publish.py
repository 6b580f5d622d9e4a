"""Build, check, then move the pointer: what people read is a snapshot that passed everything."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import MappingProxyType

import duckdb

from lake import connection, publication
from lake.publication import Candidate, CheckResult
from operational.kit.money import EXPONENTS
from operational.kit.settings import Settings
from pipelines import landing
from pipelines.dbt_models import project
from pipelines.dbt_models.project import BuildFailed, NodeResult

# Views and seeds are the project itself: they change with it, not with the rows. Tests are named,
# for dbt leaves out a test that touches anything left out.
_NEW_ROWS = (
    *("--select", "config.materialized:incremental", "config.materialized:table", "test_type:data"),
    *("--exclude", "resource_type:seed"),
)
# Definitions change in a whole build only, and one at a time: see dbt/macros/materializations.sql.
_ANEW = ("--full-refresh", "--threads", "1")


@dataclass(frozen=True)
class Built:
    """What one build made and what its tests said."""

    nodes: tuple[NodeResult, ...]
    checks: tuple[CheckResult, ...]


def build(settings: Settings, *, whole: bool) -> Built:
    """Bring every model up to date and test it.

    Args:
        settings: whose lake.
        whole: build anew, as after a change of the models; else from the rows that are new.
    """
    if whole:
        _forget_what_passed(settings)
    scope = _ANEW if whole else _NEW_ROWS
    try:
        nodes = project.run(settings, "build", "--exclude-resource-type", "unit_test", *scope)
    except BuildFailed as error:
        return Built((), (CheckResult("the models can be built", passed=False, detail=str(error)),))
    return Built(tuple(nodes), checked(nodes))


def is_complete(settings: Settings, lake: duckdb.DuckDBPyConnection) -> bool:
    """Whether everything is there that a pass can bring up to date without defining anything.

    Raises:
        BuildFailed: the project does not parse.
    """
    held = lake.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'lake' "
        "union all select schema_name, view_name from duckdb_views() where database_name = 'lake'"
    ).fetchall()
    return project.relations(settings) <= set(held)


def checked(nodes: Sequence[NodeResult]) -> tuple[CheckResult, ...]:
    """What holds a publication back if it failed: every model, seed and test."""
    return tuple(_check(node) for node in nodes if node.is_checked)


def publish(
    settings: Settings,
    checks: Sequence[CheckResult],
    *,
    as_of: datetime,
    unavailable: Mapping[str, str] = MappingProxyType({}),
) -> bool:
    """Move the pointer to the lake as it is now, or record why it stays.

    Args:
        settings: whose lake. The caller holds the writer's lock since before the build.
        checks: of border, models and tests; all block.
        as_of: the moment of the operational database that was built from.
        unavailable: the sources that did not answer, with the reason.

    Returns:
        Whether it moved.
    """
    with connection.write(settings) as lake:
        row = lake.execute("select max(extract_id) from lake.raw.extracts").fetchone()
        extract_id = int(row[0]) if row and row[0] is not None else 0
        if all(check.passed for check in checks):
            # Tests look at rows above this number, so it moves only when all have passed.
            with landing.transaction(lake):
                lake.execute("delete from lake.raw.published")
                lake.execute("insert into lake.raw.published values (?)", [extract_id])
        newest = lake.execute("select id from lake.current_snapshot()").fetchone()
    assert newest is not None
    candidate = Candidate(int(newest[0]), as_of, extract_id, project_sha256(), dict(unavailable))
    return publication.decide(settings, candidate, checks)


@cache
def project_sha256() -> str:
    """The models and currencies this process knows; a change of them calls for a whole build."""
    digest = hashlib.sha256()
    for path in sorted(project.PROJECT.rglob("*")):
        if path.suffix in {".sql", ".csv", ".yml"} and path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    # Rows that a model once left out for want of a currency are not new when it is held at last.
    digest.update(repr(sorted(EXPONENTS.items())).encode())
    return digest.hexdigest()


def _forget_what_passed(settings: Settings) -> None:
    """Make every test look at every row again."""
    with connection.write(settings) as lake:
        lake.execute("delete from lake.raw.published")


def _check(node: NodeResult) -> CheckResult:
    name = node.name if node.kind == "test" else f"{node.name} is built"
    return CheckResult(name, node.passed, "" if node.passed else node.message)
