"""What a hub needs before its first request, and the demo broker told at the first start."""

import subprocess
import sys
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.progress import Progress

from kingpost import home
from lake import publication
from operational.kit import db
from operational.kit.clock import utc_now
from operational.kit.settings import Settings
from operational.rules import service as rules


class NoStory(RuntimeError):
    """The demo broker's story cannot be told; the message says why."""


@dataclass(frozen=True)
class Story:
    """How long the demo broker's story is; no clients means none."""

    clients: int = 300
    days: int = 60
    seed: int = 1

    def __str__(self) -> str:
        return f"{self.clients} clients over {self.days} days"


def chosen(settings: Settings, **given: int | None) -> Story:
    """The story asked for; if nothing is, the one these books were begun with."""
    if any(number is not None for number in given.values()):
        return Story(**{name: number for name, number in given.items() if number is not None})
    return Story(**_begun(settings).get("story", {}))


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
    return _begun(settings) == {"story": asdict(story), "is_told": True}


def tell(settings: Settings, story: Story, console: Console) -> None:
    """Tell the story, or go on where it was interrupted. No worker may run meanwhile.

    Raises:
        NoStory: a stand-in does not answer.
    """
    # Only a first start needs the story and all it imports.
    from sandbox.story import telling, vendors  # noqa: PLC0415

    _note(settings, story, is_told=False)
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("the demo broker", total=story.days)

        def progress(day: int, _days: int, line: str) -> None:
            bar.update(task, completed=day, description=line)

        try:
            telling.run(settings, story.clients, story.days, story.seed, progress)
        except vendors.VendorMissing as missing:
            raise NoStory(str(missing)) from missing
    _note(settings, story, is_told=True)


def is_published(settings: Settings) -> bool:
    try:
        publication.current(settings)
    except publication.NothingPublished:
        return False
    return True


def publish(settings: Settings, environment: dict[str, str]) -> bool:
    """Refresh the lake once, in a process whose memory goes when it is done; it says why not."""
    command = [sys.executable, "-m", "kingpost.cli", "refresh"]
    done = subprocess.run(command, check=False, env=environment, cwd=settings.root)  # noqa: S603 - ours
    return done.returncode == 0


def _begun(settings: Settings) -> dict[str, Any]:
    """The story told last, or the one that is under way."""
    return home.read_note(settings.root / "story.json")


def _note(settings: Settings, story: Story, *, is_told: bool) -> None:
    home.write_note(settings.root / "story.json", {"story": asdict(story), "is_told": is_told})
