"""`kingpost up`: the whole hub in one command, and nothing left behind when it ends."""

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from rich.console import Console

from kingpost import configuration, first_day, home, parts, ports, table
from kingpost.first_day import Story
from kingpost.parts import Part
from kingpost.supervisor import Supervisor
from operational.kit import postgres
from operational.kit.settings import Settings
from operational.migrations.upgrade import upgrade

TURN_SECONDS = 0.5


def up(settings: Settings, story: Story, console: Console, choose: ports.Choose) -> None:
    """Run the hub until interrupted.

    Raises:
        HubRuns, PortTaken, PartFailed.
    """
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.default_int_handler)
    with suppress(KeyboardInterrupt), home.alone(settings.root):
        if left := home.end_leftovers(settings.root):
            console.print(f"Kingpost was killed last time; ended {left} processes it left behind.")
        settings = ports.settle(settings, choose)
        with ExitStack() as stack:
            with step(console, "PostgreSQL"):
                settings = stack.enter_context(home.database(settings))
            _run(settings, story, console)
    console.print("Kingpost has stopped.")


def _run(settings: Settings, story: Story, console: Console) -> None:
    with step(console, "schema"):
        upgrade(settings)
        first_day.prepare(settings)
        configuration.write(settings)
    supervisor = Supervisor(settings, console.print, configuration.environment(settings))
    everything = parts.parts(settings)
    try:
        if not first_day.is_over(settings, story):
            _start(supervisor, [part for part in everything if part.is_vendor], console)
            _first_day(supervisor, story, console)
        for is_patient in (False, True):
            wave = [part for part in everything if part.is_patient == is_patient]
            _start(
                supervisor, [part for part in wave if part.name not in supervisor.children], console
            )
        console.print(table.of(settings))
        console.print("Kingpost runs. Ctrl-C stops it.")
        _watch(supervisor, console)
    finally:
        _deaf_to_signals()
        supervisor.stop()


def _first_day(supervisor: Supervisor, story: Story, console: Console) -> None:
    """The demo broker's story, and its numbers."""
    settings, began = supervisor.settings, time.monotonic()
    if not first_day.is_told(settings, story):
        first_day.tell(settings, story, console)
        _done(console, "the demo broker", began)
    with step(console, "first numbers"):
        first_day.publish(settings, supervisor.environment)


def _start(supervisor: Supervisor, chosen: list[Part], console: Console) -> None:
    began = time.monotonic()
    supervisor.start(chosen)
    with console.status(", ".join(part.title for part in chosen)):
        supervisor.await_ready(chosen, lambda part: _done(console, part.title, began))


def _watch(supervisor: Supervisor, console: Console) -> None:
    pgdata = home.pgdata(supervisor.settings)
    is_embedded = pgdata.exists()
    while True:
        time.sleep(TURN_SECONDS)
        if is_embedded and not postgres.is_running(pgdata):
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
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
