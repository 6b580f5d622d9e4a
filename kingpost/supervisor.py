"""Keeps the hub's processes alive, and ends them together."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
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
KILL_SECONDS = 5
"""The system takes this long at most to end a killed process, unless it hangs in the kernel."""
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
    children: dict[str, Child] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What a part finds in its environment, unless it has settings of its own."""
        return self._environment(self.settings)

    def _environment(self, settings: Settings) -> dict[str, str]:
        return {**settings.environment(), **self.extra}

    def start(self, parts: Iterable[Part]) -> None:
        for part in parts:
            self.children[part.name] = self._spawn(part)
        self._note()

    def turn(self) -> None:
        """Look after every child once."""
        for child in list(self.children.values()):
            if child.restart_at is not None:
                if time.monotonic() >= child.restart_at:
                    self.children[child.part.name] = self._spawn(child.part, child.crashes)
                    self._note()
            elif child.popen.poll() is not None:
                self._crashed(child)

    def await_ready(self, parts: Iterable[Part], ready: Callable[[Part], None]) -> None:
        """Wait until each part is of use, telling `ready` as it happens.

        Raises:
            PartFailed: a part crashed again and again.
        """
        waiting = list(parts)
        while waiting:
            self.turn()
            for part in list(waiting):
                if self.children[part.name].crashes >= len(PAUSES_SECONDS):
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
            return True
        try:
            return httpx.get(part.health, timeout=1).is_success
        except httpx.HTTPError:
            return False

    def restart_all(self) -> None:
        """Start every part anew, as after the database was."""
        parts = [child.part for child in self.children.values()]
        self.stop()
        self.start(parts)

    def stop(self) -> None:
        """End every child with all its own children: asked first, killed after a while."""
        groups = {child.process.pid for child in self.children.values()}
        for number, seconds in (
            (signal.SIGTERM, self.stop_seconds),
            (signal.SIGKILL, KILL_SECONDS),
        ):
            for group in groups:
                _signal(group, number)
            deadline = time.monotonic() + seconds
            while home.members(groups) and time.monotonic() < deadline:
                time.sleep(0.05)
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

    def _spawn(self, part: Part, crashes: int = 0) -> Child:
        log = self.log(part)
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
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
        return Child(part, popen, Process.of(popen.pid), time.monotonic(), crashes)

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
