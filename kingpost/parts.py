"""The parts of a running hub: what is started, in which order, and how one sees that it is well."""

import os
import sys
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from operational.kit import db
from operational.kit.settings import Settings
from operational.payments.psp.connect import PROVIDERS, stand_in_url

SOCKET_BYTES_MAX = 100
"""The address of a Unix socket holds 107 bytes on Linux and 103 on macOS."""


@dataclass(frozen=True)
class Part:
    """One process of the hub."""

    name: str
    title: str
    command: tuple[str, ...]
    health: str | None = None
    """Answers 2xx once the part is of use. None: it is of use as soon as it runs."""
    settings: Settings | None = None
    """What it finds in its environment, if it may not have all that the hub has."""
    is_vendor: bool = False
    """A stand-in: the demo broker's story needs it, and nobody else beside it."""
    is_patient: bool = False
    """Starts when the pages are up: it takes seconds of both cores, and nobody waits for it."""


def parts(settings: Settings) -> list[Part]:
    """Everything `kingpost up` runs beside PostgreSQL."""
    return [*_vendors(settings), *_doors(settings), *_dagster(settings), _dashboards(settings)]


def _vendors(settings: Settings) -> list[Part]:
    home = str(settings.root / "sandbox")
    return [
        Part(
            name,
            title,
            _module(
                f"sandbox.{name}", "--host", settings.host, "--port", url.rpartition(":")[2],
                "--home", home, *callback,
            ),
            f"{url}/sandbox/health",
            is_vendor=True,
        )
        for name, title, url, callback in (
            *(
                (psp, f"{one.title} stand-in", stand_in_url(settings, psp), _callback(settings, psp))
                for psp, one in PROVIDERS.items()
            ),
            ("mt5", "MT5 stand-in", settings.mt5_url, ()),
        )
    ]  # fmt: skip


def _callback(settings: Settings, psp: str) -> tuple[str, ...]:
    return ("--webhook-url", f"{settings.api_url}/callbacks/{psp}")


def _doors(settings: Settings) -> list[Part]:
    return [
        Part("api", "API", _module("api.app"), f"{settings.api_url}/health"),
        Part("worker", "worker", _module("operational.worker")),
        Part("sealer", "sealer", _module("operational.audit.sealer")),
    ]


def _dagster(settings: Settings) -> list[Part]:
    workspace = ("--workspace", str(dagster_home(settings) / "workspace.yaml"))
    return [
        Part(
            "code",
            "Dagster code server",
            _module("dagster", "api", "grpc", "--socket", str(code_socket(settings)),
                    "--module-name", "pipelines.definitions"),
            is_patient=True,
        ),
        Part(
            "dagster",
            "Dagster",
            _module("dagster_webserver", "--host", settings.host, "--port", str(settings.dagster_port),
                    *workspace),
            f"http://{settings.host}:{settings.dagster_port}/server_info",
        ),
        Part("daemon", "Dagster daemon", _module("dagster._daemon", "run", *workspace),
             is_patient=True),
        Part("refresher", "refresher", _module("pipelines.refresher"), is_patient=True),
    ]  # fmt: skip


def _dashboards(settings: Settings) -> Part:
    spec = find_spec("dashboards.app")
    assert spec
    assert spec.origin
    options = {
        "server.address": settings.host,
        "server.port": settings.dashboards_port,
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "viewer",
        # A sentence that documents a constant is no output.
        "runner.magicEnabled": "false",
        "secrets.files": str(settings.root / "dashboards" / "secrets.toml"),
    }
    reader = db.url(settings, db.READER).render_as_string(hide_password=False)
    flags = [f"--{name}={value}" for name, value in options.items()]
    return Part(
        "dashboards",
        "dashboards",
        _module("streamlit", "run", *flags, spec.origin),
        f"{settings.dashboards_url}/_stcore/health",
        # Pages that many look at hold one key, and it only reads.
        settings=settings.model_copy(update={"database_url": None, "reader_url": reader}),
    )


def dagster_home(settings: Settings) -> Path:
    return settings.root / "dagster"


def code_socket(settings: Settings) -> Path:
    """In the home folder; where its path is too long for a socket, in a folder of its own."""
    inside = dagster_home(settings) / "code.sock"
    if len(os.fsencode(inside)) <= SOCKET_BYTES_MAX:
        return inside
    mark = sha256(os.fsencode(settings.root)).hexdigest()[:16]
    return Path(tempfile.gettempdir(), f"kingpost-{mark}", "code.sock")


def _module(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name, *arguments)
