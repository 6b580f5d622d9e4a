"""Settings: one frozen object, read once from KINGPOST_* variables and passed down."""

import json
import os
from functools import cached_property
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

MEGABYTE = 1024 * 1024
PREFIX = "KINGPOST_"


class Settings(BaseSettings):
    """Where the hub keeps its state and how its parts find each other.

    Every field may be set by an environment variable, such as ``KINGPOST_HOME``.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    home: Path = Path(".kingpost")
    """All run-time state: database, lake, documents, keys, logs."""
    database_url: str | None = None
    """Any PostgreSQL >= 15, as a role that may create roles. Empty: the embedded server."""

    reader_url: str | None = None
    """The database as the role that only reads the lake, for a process that may do no more."""

    host: str = "127.0.0.1"
    api_port: int = 8000
    dashboards_port: int = 8501
    dagster_port: int = 3000
    mt5_port: int = 8103
    psp_ports: dict[str, int] = {}
    """Where stand-ins of payment providers listen, if not at the ports the providers' folders name.

    ``KINGPOST_PSP_PORTS__STRIPE=8201`` moves one.
    """

    country_header: str | None = None
    """Header in which the edge names the visitor's country, such as ``CF-IPCountry``.

    Only where an edge sets it on every request; anybody else could write what they like.
    """

    lake_data_path: str | None = None
    """Folder or s3:// prefix of the lake's Parquet files. Empty: inside `home`."""
    duckdb_memory: str = "2GB"
    duckdb_threads: int = 2

    def __hash__(self) -> int:
        """By content: a mapping among the fields has no hash of its own."""
        return hash(self.model_dump_json())

    @cached_property
    def root(self) -> Path:
        """`home` made absolute, so that a child process in another folder finds the same."""
        return self.home.expanduser().resolve()

    def environment(self) -> dict[str, str]:
        """The environment of a child process that shall find these very settings and no other."""
        given = self.model_dump(exclude_none=True) | {"home": self.root}
        others = {name: os.environ[name] for name in os.environ if not name.startswith(PREFIX)}
        given["psp_ports"] = json.dumps(self.psp_ports)
        return others | {f"{PREFIX}{key.upper()}": str(given[key]) for key in given}

    @property
    def api_url(self) -> str:
        return f"http://{self.host}:{self.api_port}"

    @property
    def dashboards_url(self) -> str:
        return f"http://{self.host}:{self.dashboards_port}"

    @property
    def mt5_url(self) -> str:
        return f"http://{self.host}:{self.mt5_port}"

    @property
    def lake_path(self) -> str:
        return self.lake_data_path or str(self.root / "lake")
