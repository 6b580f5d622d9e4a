"""Configuration files the hub writes for the programs it runs: Dagster and Streamlit."""

import json
import os
from pathlib import Path

from kingpost.parts import code_socket, dagster_home
from operational.kit import db, secret
from operational.kit.settings import Settings

DASHBOARDS_CLIENT = "dashboards"
"""What the dashboards are called at the API's OpenID Connect provider."""


class SocketFolderTaken(RuntimeError):
    """Another user of this machine owns the folder that a long home path needs."""


def environment(settings: Settings) -> dict[str, str]:
    """What every part finds in its environment beside the settings."""
    return {
        "DAGSTER_HOME": str(dagster_home(settings)),
        "DO_NOT_TRACK": "1",
        "PYTHONUNBUFFERED": "1",
        # The folders of `home` must never pass for our packages of the same name.
        "PYTHONSAFEPATH": "1",
    }


def write(settings: Settings) -> None:
    """Write everything anew: ports and paths may have changed since the last start."""
    _write(dagster_home(settings) / "dagster.yaml", _dagster(settings))
    _write(dagster_home(settings) / "workspace.yaml", _workspace(settings))
    _write(settings.root / "dashboards" / "secrets.toml", _dashboards(settings))
    # Outside the home folder if its path is long, where somebody else may have made it before.
    folder = code_socket(settings).parent
    folder.mkdir(exist_ok=True, mode=0o700)
    if folder != dagster_home(settings) and folder.stat().st_uid != os.geteuid():
        raise SocketFolderTaken(f"{folder} belongs to somebody else: use a shorter KINGPOST_HOME.")


def _dagster(settings: Settings) -> str:
    # Dagster speaks psycopg 2: it sends NOTIFY with parameters, which psycopg 3 does not.
    address = db.url(settings, db.DAGSTER).set(drivername="postgresql+psycopg2")
    address = address.update_query_dict({"options": "-csearch_path=dagster"})
    folder = dagster_home(settings)
    return json.dumps(
        {
            "storage": {
                "postgres": {"postgres_url": address.render_as_string(hide_password=False)}
            },
            "local_artifact_storage": {
                "module": "dagster._core.storage.root",
                "class": "LocalArtifactStorage",
                "config": {"base_dir": str(folder / "artifacts")},
            },
            "compute_logs": {
                "module": "dagster.core.storage.local_compute_log_manager",
                "class": "LocalComputeLogManager",
                "config": {"base_dir": str(folder / "logs")},
            },
            # One run writes the lake at a time; the others wait in line instead of failing.
            "concurrency": {"pools": {"default_limit": 1, "granularity": "run"}},
            # A run that its process did not survive is noticed, marked and started again. One
            # that failed by itself is not: its assets say what they try again, and how often.
            "run_monitoring": {"enabled": True},
            "run_retries": {
                "enabled": True,
                "max_retries": 3,
                "retry_on_asset_or_op_failure": False,
            },
            "telemetry": {"enabled": False},
        },
        indent=2,
    )


def _workspace(settings: Settings) -> str:
    server = {"socket": str(code_socket(settings)), "location_name": "pipelines"}
    return json.dumps({"load_from": [{"grpc_server": server}]}, indent=2)


def _dashboards(settings: Settings) -> str:
    """Streamlit's own sign-in, against the API as OpenID Connect provider."""
    known = settings.root / "secrets"
    values = {
        "redirect_uri": f"{settings.dashboards_url}/oauth2callback",
        "cookie_secret": secret.kept(known / "dashboards_cookie"),
        "client_id": DASHBOARDS_CLIENT,
        "client_secret": secret.kept(known / "dashboards_client"),
        "server_metadata_url": f"{settings.api_url}/.well-known/openid-configuration",
        "expose_tokens": ["access"],
    }
    return "[auth]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    path.write_text(content)
