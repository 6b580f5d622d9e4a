"""What commands share: the console, a refusal as a sentence, and a transaction with a database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

import typer
from rich.console import Console
from sqlalchemy.orm import Session

from kingpost import home
from operational.kit import db
from operational.kit.actor import Actor
from operational.kit.clock import utc_now
from operational.kit.errors import DomainError
from operational.kit.settings import Settings

console = Console()
COMMAND_LINE = Actor.system("command line")


@dataclass(frozen=True)
class Work:
    """What a command works with: one transaction, the settings, one time."""

    session: Session
    settings: Settings
    now: datetime


def stop(sentence: str, *, code: int = 1) -> NoReturn:
    """Say why not, and end the command."""
    console.print(sentence, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code)


@contextmanager
def work(role: str = db.WORKER) -> Iterator[Work]:
    """One transaction as `role`. A refusal is a sentence, not a traceback, and changes nothing."""
    with home.database(home.of_running_hub(Settings())) as settings:
        engine = db.engine(settings, role, pool_size=1)
        try:
            with db.transaction(engine) as session:
                yield Work(session, settings, utc_now())
        except DomainError as refusal:
            stop(str(refusal))
        finally:
            engine.dispose()
