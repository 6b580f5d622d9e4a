"""What the processes of the fault tests do until they are killed."""

import importlib
import sys
import threading
from pathlib import Path

import uvicorn
from sqlalchemy.orm import configure_mappers

from api.app import create_app
from operational import worker
from operational.kit.settings import Settings
from operational.kit.vendors import trust

# Once, before any process is forked.
trust()
configure_mappers()


def serve(settings: Settings) -> None:
    """The API, as `uvicorn` runs it."""
    uvicorn.run(create_app(settings), port=settings.api_port, log_level="error")


def work(settings: Settings) -> None:
    """The worker, as `python -m operational.worker` runs it."""
    worker.run(settings, threading.Event())


def vendor(name: str, port: int, home: Path, webhook_url: str | None = None) -> None:
    """One of the stand-ins, as `python -m sandbox.<name>` runs it."""
    sys.argv = [f"sandbox.{name}", "--port", str(port), "--home", str(home)]
    sys.argv += ["--webhook-url", webhook_url] if webhook_url else []
    importlib.import_module(f"sandbox.{name}.__main__").main()
