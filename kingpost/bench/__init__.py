"""Benchmarks: each measures us beside the limit, in a database and a folder of its own.

A module here is a benchmark if it has `run(n, progress)`, which returns at least `name`, `n`, and
`ours` and `limit` as rates; `N`, if it has one, is how much it does by default.
"""

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from rich.table import Table

DEFAULT_N = 20_000


def names() -> list[str]:
    """Every benchmark there is."""
    return sorted(name for name in _modules() if hasattr(_module(name), "run"))


def run(name: str, n: int | None, progress: Callable[[str], None]) -> dict[str, Any]:
    """Measure; the ratio is ours over the limit, so higher is better."""
    module = _module(name)
    found: dict[str, Any] = module.run(n or getattr(module, "N", DEFAULT_N), progress)
    return {"name": name, **found, "ratio": round(found["ours"] / found["limit"], 3)}


def as_table(found: dict[str, Any]) -> Table:
    table = Table(show_header=False)
    for key, value in found.items():
        table.add_row(key, f"{value:,.3f}" if isinstance(value, float) else str(value))
    return table


def _modules() -> list[str]:
    return [module.name for module in iter_modules(__path__)]


def _module(name: str) -> ModuleType:
    return import_module(f"{__name__}.{name}")
