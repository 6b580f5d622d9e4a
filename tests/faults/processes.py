"""Real processes to be killed. A child runs the product's code, and dies by SIGKILL."""

import random
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Self

import httpx

from tests.faults import roles
from tests.forked import CONTEXT


def start(role: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Start one process that plays a role; a function of an importable module."""
    process = CONTEXT.Process(target=role, args=arguments, daemon=True)
    process.start()
    return process


def kill(process: BaseProcess) -> None:
    """SIGKILL: no handler runs, no socket is closed by us, no transaction is ended by us."""
    process.kill()
    process.join()
    process.close()


@dataclass
class Crew:
    """Processes that are killed at random and replaced at once."""

    dice: random.Random
    start_one: list[Callable[[], BaseProcess]]
    running: list[BaseProcess] = field(default_factory=list)
    kill_count: int = 0

    def __enter__(self) -> Self:
        self.running = [start_one() for start_one in self.start_one]
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.running:
            kill(process)

    def kill_one(self) -> None:
        """Kill one of them, somewhere in the middle of whatever it does, and start it again."""
        number = self.dice.randrange(len(self.running))
        kill(self.running[number])
        self.running[number] = self.start_one[number]()
        self.kill_count += 1


def wait_until(
    is_so: Callable[[], bool], what: str, *, seconds: float = 60, pause: float = 0.05
) -> None:
    """Look until it is so.

    Raises:
        AssertionError: it was not so in time.
    """
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not in {seconds} s: {what}"
        time.sleep(pause)


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(url: str) -> bool:
    """Whether somebody answers there at all."""
    try:
        httpx.get(url, timeout=2)
    except httpx.HTTPError:
        return False
    return True


def listens(url: str) -> bool:
    """Whether somebody holds the port, without a request that waits to be answered."""
    address = httpx.URL(url)
    try:
        socket.create_connection((address.host, address.port or 0), timeout=2).close()
    except OSError:
        return False
    return True


@contextmanager
def vendor(name: str, home: Path, webhook_url: str | None = None) -> Iterator[str]:
    """A stand-in vendor in a process of its own; its address."""
    port = free_port()
    process = start(roles.vendor, name, port, home, webhook_url)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: answers(f"{address}/sandbox/health"), f"{name} answers")
        yield address
    finally:
        kill(process)
