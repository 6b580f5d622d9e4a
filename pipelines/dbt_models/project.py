"""Runs the dbt project over the lake of one home, in this process, and says what came out."""

import json
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from lake import connection, extensions
from operational.kit import db, secret
from operational.kit.settings import Settings

PROJECT = Path(__file__).parents[2] / "dbt"


@dataclass(frozen=True)
class NodeResult:
    """What became of one model, seed or test."""

    node_id: str
    """dbt's own, such as `model.kingpost.fct_trades`."""
    status: str
    message: str
    seconds: float

    @property
    def kind(self) -> str:
        return self.node_id.partition(".")[0]

    @property
    def name(self) -> str:
        return self.node_id.split(".")[2]

    @property
    def is_checked(self) -> bool:
        """Whether a failure of it holds the publication back; an exposure only documents."""
        return self.kind in {"model", "seed", "test"}

    @property
    def passed(self) -> bool:
        return self.status in {"success", "pass", "warn"}


@dataclass(frozen=True)
class Compiled:
    """One model's own SQL, without what dbt puts around it."""

    schema: str
    name: str
    is_view: bool
    sql: str


class BuildFailed(RuntimeError):
    """dbt could not even start: the project does not parse, or the lake cannot be reached."""


def run(settings: Settings, command: str, *arguments: str) -> list[NodeResult]:
    """Run one dbt command, such as ``run("build", "--select", "staging")``.

    dbt runs in this process, so a second command finds DuckDB and the parsed project warm; killing
    the process kills it.

    Raises:
        BuildFailed: nothing was run at all. A model or test that failed is a result instead.
    """
    outcome = _invoke(
        settings, _parsed(settings), command, "--cache-selected-only", "--no-write-json", *arguments
    )
    return [_result(each) for each in outcome.results]


def manifest(settings: Settings) -> Path:
    """The project as dbt parses it, written as JSON."""
    _parsed(settings)
    return folder(settings) / "target" / "manifest.json"


def relations(settings: Settings) -> set[tuple[str, str]]:
    """Schema and name of every table and view that a whole build makes."""
    return {
        (node.schema, node.name)
        for node in _parsed(settings).nodes.values()
        if node.resource_type in {"model", "seed"}
    }


def whole(settings: Settings) -> list[Compiled]:
    """Every model's SQL as a whole build has it, without building anything."""
    run(settings, "compile", "--full-refresh", "--select", "resource_type:model")
    return compiled(settings)


def compiled(settings: Settings) -> list[Compiled]:
    """Every model in the order of its needs, as this process ran it last."""
    nodes = _parsed(settings).nodes
    models = {key: node for key, node in nodes.items() if node.resource_type == "model"}
    needs = {key: set(node.depends_on.nodes) for key, node in models.items()}
    return [
        Compiled(
            models[key].schema,
            models[key].name,
            models[key].config.materialized == "view",
            models[key].compiled_code,
        )
        for key in TopologicalSorter(needs).static_order()
        if key in models
    ]


@cache
def _parsed(settings: Settings) -> Any:
    """The project, parsed once per process: parsing costs as much as bringing marts up to date."""
    return _invoke(settings, None, "parse")


def _invoke(settings: Settings, project: Any, command: str, *arguments: str) -> Any:
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 - three seconds that most processes save

    where = _prepare(settings)
    outcome = dbtRunner(project).invoke(
        [
            "--quiet",
            "--no-use-colors",
            "--no-send-anonymous-usage-stats",
            # What failed is in the results; a log file would stay open after every pass.
            *("--log-level-file", "none"),
            command,
            *("--project-dir", str(PROJECT)),
            *("--profiles-dir", str(where)),
            *("--target-path", str(where / "target")),
            *arguments,
        ]
    )
    if outcome.exception is not None:
        raise BuildFailed(str(outcome.exception)) from outcome.exception
    return outcome.result


def folder(settings: Settings) -> Path:
    """Where dbt keeps profile, parsed project and compiled SQL of this home."""
    return settings.root / "dbt"


def release() -> None:
    """Close dbt's DuckDB, which it otherwise keeps open for the next command."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager  # noqa: PLC0415

    environment = DuckDBConnectionManager._ENV  # noqa: SLF001 - it has no door of its own
    if environment is not None:
        environment.close()
        DuckDBConnectionManager.close_all_connections()


def _prepare(settings: Settings) -> Path:
    extensions.install(connection.extension_folder(settings))
    where = folder(settings)
    where.mkdir(parents=True, exist_ok=True)
    profile = where / "profiles.yml"
    written = json.dumps(_profile(settings), indent=2)
    if not profile.exists() or profile.read_text() != written:
        profile.unlink(missing_ok=True)
        secret.write(profile, written)
    return where


def _profile(settings: Settings) -> dict[str, Any]:
    """The profile as JSON, which is YAML too. It holds a password: only its owner reads it."""
    options = dict(connection.configuration(settings))
    output = {
        "type": "duckdb",
        "path": ":memory:",
        "database": connection.NAME,
        "schema": "main",
        # Large models share one bounded memory; small ones and tests wait more than they work.
        "threads": 3,
        # Said once, at the start: a folder that is in use cannot be named again, and dbt repeats
        # its settings before each model. Only an extension knows the time zone.
        "settings": {"TimeZone": options.pop("TimeZone")},
        "config_options": options,
        "extensions": list(extensions.NAMES),
        "secrets": [{"type": "postgres", "name": db.LAKE, **connection.secret(settings, db.LAKE)}],
        "attach": [
            {
                "path": connection.CATALOG,
                "alias": connection.NAME,
                "options": connection.write_options(settings),
            }
        ],
    }
    return {"kingpost": {"target": "lake", "outputs": {"lake": output}}}


def _result(found: Any) -> NodeResult:
    return NodeResult(
        node_id=found.node.unique_id,
        status=str(found.status),
        message=str(found.message or ""),
        seconds=float(found.execution_time),
    )
