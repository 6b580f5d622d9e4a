"""What the code itself must be like. When one of these fails, change the code, not the number."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("api", "dashboards", "kingpost", "lake", "operational", "pipelines", "sandbox")

SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
TESTS = sorted((ROOT / "tests").rglob("*.py"))
SQL_MODELS = sorted((ROOT / "dbt" / "models").rglob("*.sql"))

BANNED_NAMES = {"common", "data", "helpers", "info", "manager", "misc", "util", "utils"}

OWNED: dict[str, tuple[str, ...]] = {
    r"datetime\.now\(": ("operational/kit/clock.py",),
    r"\bos\.(getenv|environ)\b": ("operational/kit/settings.py",),
    r"\.commit\(": (),
    # The bench measures DuckDB by itself, beside the lake.
    r"\bduckdb\.connect\(": ("lake/connection.py", "kingpost/bench/"),
    # The API's last handler, the worker's loop, and what reads strangers' files.
    r"except Exception\b": (
        "api/errors.py",
        "operational/messaging/attempt.py",
        "pipelines/inbox.py",
    ),
    r"\bTODO\b|\bFIXME\b": (),
}
"""What may stand in these places only."""

BROUGHT_ALONG = {"anyio", "pandas", "starlette"}
"""Parts of FastAPI and Streamlit that their users import by name."""

ENTRANCES = {
    "api.app": "uvicorn",
    "dashboards.app": "streamlit run",
    "kingpost.cli": "the command",
    "operational.worker": "python -m",
    "operational.migrations.env": "alembic",
    "pipelines.definitions": "dagster",
    "pipelines.refresher": "python -m",
}
"""Modules started by name from outside, so that nothing of ours imports them."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lines(path: Path) -> int:
    return path.read_text().count("\n")


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Every function of a file and its length."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno
            yield f"{name(path)}:{node.lineno} {node.name}", node.end_lineno - node.lineno + 1


@pytest.mark.parametrize(
    ("paths", "limit"),
    [
        pytest.param(SOURCES, 400, id="modules"),
        pytest.param(TESTS, 600, id="tests"),
        pytest.param(SQL_MODELS, 120, id="sql models"),
        pytest.param(sorted((ROOT / "dashboards" / "views").rglob("*.py")), 120, id="pages"),
    ],
)
def test_no_file_is_longer_than_its_ceiling(paths: list[Path], limit: int) -> None:
    assert {name(path): lines(path) for path in paths if lines(path) > limit} == {}


def test_no_function_is_longer_than_sixty_lines() -> None:
    long = {
        where: length
        for path in SOURCES + TESTS
        for where, length in functions(path)
        if length > 60
    }

    assert long == {}


def test_every_module_opens_with_a_line_that_says_what_it_holds() -> None:
    silent = [
        name(path)
        for path in SOURCES + TESTS
        if not (ast.get_docstring(ast.parse(path.read_text())) or "").strip()
    ]

    assert silent == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [
        name(path)
        for path in SOURCES
        if set(path.relative_to(ROOT).with_suffix("").parts) & BANNED_NAMES
    ] == []


@pytest.mark.parametrize("pattern", OWNED)
def test_what_has_an_owner_stands_nowhere_else(pattern: str) -> None:
    strays = [
        f"{name(path)}:{number}"
        for path in SOURCES
        if not name(path).startswith(OWNED[pattern] or ("nowhere",))
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if re.search(pattern, line)
    ]

    assert strays == []


def test_the_warehouse_is_sql_only() -> None:
    # A single dbt/__init__.py would hide the installed dbt from every import.
    assert list((ROOT / "dbt").rglob("*.py")) == []


def test_every_mart_says_its_grain_beside_it() -> None:
    marts = [path for path in SQL_MODELS if "marts" in path.parts]
    silent = [
        name(mart)
        for mart in marts
        if not mart.with_suffix(".yml").exists()
        or "One row per" not in mart.with_suffix(".yml").read_text()
    ]

    assert silent == []


def test_every_module_is_imported_or_is_an_entrance() -> None:
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    dead = [
        module
        for module in sorted(graph.modules)
        if not graph.find_modules_that_directly_import(module)
        and not graph.find_children(module)
        and module not in ENTRANCES
        and not _is_found_by_name(module)
    ]

    assert dead == []


def _is_found_by_name(module: str) -> bool:
    """Revisions are found by Alembic, benchmarks by the command, `__main__` by Python."""
    return module.startswith(
        ("operational.migrations.versions", "kingpost.bench.")
    ) or module.endswith(".__main__")


def test_every_package_and_every_domain_has_its_import_contracts() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    protected = {
        module
        for contract in linter["contracts"]
        for module in contract.get("protected_modules", ())
    }
    models = {
        name(path.with_suffix("")).replace("/", ".")
        for path in ROOT.glob("operational/**/models.py")
    }

    assert set(linter["root_packages"]) == set(PACKAGES)
    assert models == protected


def test_everything_imported_is_a_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {_plain(re.match(r"[\w.-]+", line)[0]) for line in project["dependencies"]}
    providers = packages_distributions()
    imported = {
        top: name(path)
        for path in SOURCES
        for top in _imported(path)
        if top not in sys.stdlib_module_names and top not in PACKAGES
    }

    undeclared = {
        top: where
        for top, where in imported.items()
        if not {_plain(one) for one in providers.get(top, ())} & (declared | BROUGHT_ALONG)
    }
    assert undeclared == {}


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def _plain(distribution: str) -> str:
    return distribution.lower().replace("_", "-")


def test_every_make_target_says_what_it_is_for_and_is_written_down() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    explained = set(re.findall(r"^([a-z]+):.*## \S", makefile, re.MULTILINE))
    documents = "".join(
        path.read_text() for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))
    )

    assert targets == explained
    assert {target for target in targets if f"make {target}" not in documents} == set()
