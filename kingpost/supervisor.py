"""Keeps the hub's processes alive, and ends them together."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from kingpost import home
from kingpost.home import Process
from kingpost.parts import Part
from operational.kit.settings import Settings

PAUSES_SECONDS = (1, 2, 5, 10, 30)
"""Before the first, second ... restart of a part that keeps crashing."""
STEADY_SECONDS = 60
"""A part that lived this long starts again from the shortest pause."""
STOP_SECONDS = 12
"""A part that does not end by itself within this time is killed."""
SETTLE_SECONDS = 3
"""A part that cannot be asked is of use once it lived this long: by then it has loaded and connected."""
READY_SECONDS = 300
"""A part that is of no use by then will not be: loading everything takes a minute on a slow disk."""
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOG_BYTES_MAX = 20 * 1024 * 1024
TAIL_LINES = 12

Say = Callable[[str], None]


class PartFailed(RuntimeError):
    """A part does not come up. The message ends with the last lines of its log."""


@dataclass
class Child:
    """A part and the process that plays it now."""

    part: Part
    popen: subprocess.Popen[bytes]
    process: Process
    started_at: float
    crashes: int = 0
    restart_at: float | None = None


@dataclass
class Supervisor:
    """Starts parts, restarts what crashes, stops everything. Times are of the monotonic clock."""

    settings: Settings
    say: Say
    extra: dict[str, str] = field(default_factory=dict)
    """Environment beside the settings' own."""
    stop_seconds: float = STOP_SECONDS
    ready_seconds: float = READY_SECONDS
    settle_seconds: float = SETTLE_SECONDS
    log_bytes_max: int = LOG_BYTES_MAX
    children: dict[str, Child] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What a part finds in its environment, unless it has settings of its own."""
        return self._environment(self.settings)

    def _environment(self, settings: Settings) -> dict[str, str]:
        return {**settings.environment(), **self.extra}

    def start(self, parts: Iterable[Part]) -> None:
        for part in parts:
            self._spawn(part)

    def turn(self) -> None:
        """Look after every child once."""
        for child in list(self.children.values()):
            if child.restart_at is not None:
                if time.monotonic() >= child.restart_at:
                    self._spawn(child.part, child.crashes)
            elif child.popen.poll() is not None:
                self._crashed(child)
            self._rotate(self.log(child.part))

    def await_ready(self, parts: Iterable[Part], ready: Callable[[Part], None]) -> None:
        """Wait until each part is of use, telling `ready` as it happens.

        Raises:
            PartFailed: a part crashed again and again, or took too long.
        """
        waiting, deadline = list(parts), time.monotonic() + self.ready_seconds
        while waiting:
            self.turn()
            for part in list(waiting):
                is_late = time.monotonic() > deadline
                if is_late or self.children[part.name].crashes >= len(PAUSES_SECONDS):
                    raise PartFailed(f"{part.title} does not start:\n{self.tail(part)}")
                if self.is_ready(part):
                    waiting.remove(part)
                    ready(part)
            time.sleep(0.1)

    def is_ready(self, part: Part) -> bool:
        child = self.children[part.name]
        if child.popen.poll() is not None or child.restart_at is not None:
            return False
        if part.health is None:
            return time.monotonic() - child.started_at > self.settle_seconds
        try:
            return httpx.get(part.health, timeout=1).is_success
        except httpx.HTTPError:
            return False

    def stop(self) -> None:
        """End every child with all its own children: asked first, killed after a while."""
        groups = {child.process.pid for child in self.children.values()}
        for number, seconds in (
            (signal.SIGTERM, self.stop_seconds),
            (signal.SIGKILL, home.KILL_SECONDS),
        ):
            for group in groups:
                _signal(group, number)
            home.await_end(groups, seconds)
        for child in self.children.values():
            child.popen.wait()
        self.children.clear()
        self._note()

    def tail(self, part: Part) -> str:
        """The last lines of a part's log."""
        lines = self.log(part).read_text(errors="replace").splitlines()
        return "\n".join(lines[-TAIL_LINES:])

    def log(self, part: Part) -> Path:
        return self.settings.root / "logs" / f"{part.name}.log"

    def _spawn(self, part: Part, crashes: int = 0) -> None:
        log = self.log(part)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output, held_back():
            popen = subprocess.Popen(  # noqa: S603 - the command is ours
                part.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.settings.root,
                env=self._environment(part.settings or self.settings),
                # A group of its own: Ctrl-C in the terminal reaches only the supervisor.
                start_new_session=True,
            )
            process = Process.of(popen.pid)
            self.children[part.name] = Child(part, popen, process, time.monotonic(), crashes)
            self._note()

    def _rotate(self, log: Path) -> None:
        """Keep a log and the one before it, each of bounded size. Its writer appends to the same file."""
        if log.exists() and log.stat().st_size > self.log_bytes_max:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)

    def _crashed(self, child: Child) -> None:
        # What it left behind would hold its port.
        _signal(child.process.pid, signal.SIGKILL)
        if time.monotonic() - child.started_at > STEADY_SECONDS:
            child.crashes = 0
        pause = PAUSES_SECONDS[min(child.crashes, len(PAUSES_SECONDS) - 1)]
        child.crashes += 1
        child.restart_at = time.monotonic() + pause
        self.say(
            f"{child.part.title} stopped with code {child.popen.returncode}; "
            f"starting again in {pause} s (see {self.log(child.part)})"
        )

    def _note(self) -> None:
        home.note(self.settings, [child.process for child in self.children.values()])


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


@contextmanager
def held_back() -> Iterator[None]:
    """Let a signal that ends us wait: a child that was started but not noted would outlive us."""
    held: list[int] = []
    # Handlers, not a mask: a child would inherit the mask, and be deaf for good.
    before = {number: signal.signal(number, lambda got, _: held.append(got)) for number in ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for got in held:
            signal.raise_signal(got)
