"""What a hub needs before its first request, and the demo broker told at the first start."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from lake import publication
from operational.kit import db
from operational.kit.clock import utc_now
from operational.kit.settings import Settings
from operational.rules import service as rules


@dataclass(frozen=True)
class Story:
    """How long the demo broker's story is; no clients means none."""

    clients: int = 300
    days: int = 60
    seed: int = 1

    def marker(self, settings: Settings) -> Path:
        """The file that says it was told to its end."""
        return settings.root / f"story-{self.seed}-{self.clients}-{self.days}.told"


def prepare(settings: Settings) -> None:
    """Publish the shipped decision tables that have no version yet."""
    engine = db.engine(settings, db.WORKER, pool_size=1)
    with db.transaction(engine) as session:
        rules.install_defaults(session, utc_now())
    engine.dispose()


def is_over(settings: Settings, story: Story) -> bool:
    """Is the story told, and are there numbers to look at? Without a story nobody waits for them."""
    return story.clients == 0 or (is_told(settings, story) and is_published(settings))


def is_told(settings: Settings, story: Story) -> bool:
    return story.marker(settings).exists()


def tell(settings: Settings, story: Story, console: Console) -> None:
    """Tell the story, or go on where it was interrupted. No worker may run meanwhile.

    Raises:
        VendorMissing: a stand-in does not answer.
    """
    # Only a first start needs the story and all it imports.
    from sandbox.story import telling  # noqa: PLC0415

    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("the demo broker", total=story.days)

        def progress(day: int, _days: int, line: str) -> None:
            bar.update(task, completed=day, description=line)

        telling.run(settings, story.clients, story.days, story.seed, progress)
    story.marker(settings).touch()


def is_published(settings: Settings) -> bool:
    try:
        publication.current(settings)
    except publication.NothingPublished:
        return False
    return True


def publish(settings: Settings, environment: dict[str, str]) -> None:
    """Refresh the lake once, in a process whose memory goes when it is done.

    Raises:
        subprocess.CalledProcessError: it failed and said why.
    """
    command = [sys.executable, "-m", "kingpost.cli", "refresh"]
    subprocess.run(command, check=True, env=environment, cwd=settings.root)  # noqa: S603 - ours
