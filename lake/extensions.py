"""DuckDB's two extensions, taken from wheels so that no start needs the internet."""

import os
import platform
import shutil
from pathlib import Path

import duckdb
import duckdb_extension_ducklake
import duckdb_extension_postgres_scanner

_WHEELS = {
    "ducklake": duckdb_extension_ducklake,
    "postgres_scanner": duckdb_extension_postgres_scanner,
}
_SYSTEMS = {"Linux": "linux", "Darwin": "osx"}
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}

NAMES = tuple(_WHEELS)


def install(folder: Path) -> None:
    """Copy the extensions to where DuckDB looks; `INSTALL` fetches what no wheel carries."""
    for name, wheel in _WHEELS.items():
        target = _target(folder, name)
        source = _source(Path(wheel.__file__ or "").parent, target.name)
        if source is not None and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            # Another process may load the file this instant, so it must appear whole.
            draft = target.with_name(f"{target.name}.{os.getpid()}")
            shutil.copyfile(source, draft)
            draft.replace(target)


def _target(folder: Path, name: str) -> Path:
    machine = f"{_SYSTEMS[platform.system()]}_{_MACHINES[platform.machine().lower()]}"
    return folder / f"v{duckdb.__version__}" / machine / f"{name}.duckdb_extension"


def _source(wheel: Path, file_name: str) -> Path | None:
    return next((wheel / "extensions" / f"v{duckdb.__version__}").glob(file_name), None)
