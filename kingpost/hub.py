"""`kingpost up`: the whole hub in one command, and nothing left behind when it ends."""

import signal
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from rich.console import Console

from kingpost import configuration, first_day, home, parts, ports, table
from kingpost.first_day import Story
from kingpost.parts import Part
from kingpost.supervisor import ENDINGS, Supervisor
from operational.kit import postgres
from operational.kit.settings import Settings
from operational.migrations.upgrade import upgrade

TURN_SECONDS = 0.5


def up(
    settings: Settings,
    story: Story,
    console: Console,
    choose: ports.Choose,
    *,
    without: Collection[str] = (),
) -> None:
    """Run the hub until interrupted, without the parts of these names.

    Raises:
        HubRuns, PortTaken, PartFailed, NotStarted, NoStory, SocketFolderTaken.
    """
    for name in ENDINGS:
        signal.signal(name, signal.default_int_handler)
    with suppress(KeyboardInterrupt), home.alone(settings.root):
        if left := home.end_leftovers(settings.root):
            console.print(f"Kingpost was killed last time; ended {left} processes it left behind.")
        settings = ports.settle(settings, choose)
        pgdata = None if settings.database_url else home.pgdata(settings)
        with ExitStack() as stack:
            with step(console, "PostgreSQL"):
                settings = stack.enter_context(home.database(settings))
            with step(console, "schema"):
                upgrade(settings)
                first_day.prepare(settings)
                configuration.write(settings)
            chosen = [part for part in parts.parts(settings) if part.name not in without]
            _run(settings, chosen, story, console, pgdata)
    console.print("Kingpost has stopped.")


def _run(
    settings: Settings, chosen: list[Part], story: Story, console: Console, pgdata: Path | None
) -> None:
    supervisor = Supervisor(settings, console.print, configuration.environment(settings))
    try:
        if not first_day.is_over(settings, story):
            _start(supervisor, [part for part in chosen if part.is_vendor], console)
            _first_day(supervisor, story, console)
        for is_patient in (False, True):
            wave = [part for part in chosen if part.is_patient == is_patient]
            _start(
                supervisor, [part for part in wave if part.name not in supervisor.children], console
            )
        console.print(table.of(settings))
        console.print("Kingpost runs. Ctrl-C stops it.")
        _watch(supervisor, console, pgdata)
    finally:
        _deaf_to_signals()
        supervisor.stop()


def _first_day(supervisor: Supervisor, story: Story, console: Console) -> None:
    """The demo broker's story, and its numbers. A hub without numbers is still a hub."""
    settings, began = supervisor.settings, time.monotonic()
    if not first_day.is_told(settings, story):
        first_day.tell(settings, story, console)
        _done(console, "the demo broker", began)
    began = time.monotonic()
    with console.status("first numbers"):
        is_published = first_day.publish(settings, supervisor.environment)
    if is_published:
        _done(console, "first numbers", began)
    else:
        console.print("The first numbers are not published; the refresher will try again.")


def _start(supervisor: Supervisor, chosen: list[Part], console: Console) -> None:
    began = time.monotonic()
    supervisor.start(chosen)
    with console.status(", ".join(part.title for part in chosen)):
        supervisor.await_ready(chosen, lambda part: _done(console, part.title, began))


def _watch(supervisor: Supervisor, console: Console, pgdata: Path | None) -> None:
    while True:
        time.sleep(TURN_SECONDS)
        if pgdata and not postgres.is_running(pgdata):
            console.print("PostgreSQL stopped; starting it again")
            postgres.start(pgdata)
        supervisor.turn()


@contextmanager
def step(console: Console, title: str) -> Iterator[None]:
    """Show that something is under way, then how long it took."""
    began = time.monotonic()
    with console.status(title):
        yield
    _done(console, title, began)


def _done(console: Console, title: str, began: float) -> None:
    console.print(f"[green]✓[/] {title} [dim]{time.monotonic() - began:.1f} s[/]")


def _deaf_to_signals() -> None:
    """A second Ctrl-C must not leave half the hub running; stopping takes seconds at most."""
    for name in ENDINGS:
        signal.signal(name, signal.SIG_IGN)
