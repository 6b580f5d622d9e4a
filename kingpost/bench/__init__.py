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

from kingpost.bench.server import peak_memory
from operational.kit.settings import MEGABYTE

DEFAULT_N = 20_000


def names() -> list[str]:
    """Every benchmark there is."""
    return sorted(name for name in _modules() if hasattr(_module(name), "run"))


def run(name: str, n: int | None, progress: Callable[[str], None]) -> dict[str, Any]:
    """Measure; the ratio is ours over the limit, so higher is better. `memory_mb` is the most held."""
    module = _module(name)
    with peak_memory() as memory:
        found: dict[str, Any] = module.run(n or getattr(module, "N", DEFAULT_N), progress)
    ratio = round(found["ours"] / found["limit"], 3)
    return {"name": name, **found, "ratio": ratio, "memory_mb": memory.most_bytes // MEGABYTE}


def as_table(found: dict[str, Any]) -> Table:
    table = Table(show_header=False)
    for key, value in found.items():
        table.add_row(key, f"{value:,.3f}" if isinstance(value, float) else str(value))
    return table


def _modules() -> list[str]:
    return [module.name for module in iter_modules(__path__)]


def _module(name: str) -> ModuleType:
    return import_module(f"{__name__}.{name}")
