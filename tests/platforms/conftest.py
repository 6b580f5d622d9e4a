"""A MetaTrader stand-in in a process of its own, shared by the platform tests."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from operational.platforms.mt5 import Manager, Mt5
from operational.platforms.service import SERVER
from tests.faults import processes


@dataclass(frozen=True)
class Stand:
    """Where the stand-in is, and how it is made to misbehave."""

    url: str
    manager: Manager

    def client(self) -> Mt5:
        return Mt5(self.url, self.manager)

    def fault(self, match: str, kind: str, **more: Any) -> None:
        rule = {"match": match, "fault": kind} | more
        httpx.post(f"{self.url}/sandbox/faults", json=rule).raise_for_status()

    def calm(self) -> None:
        httpx.delete(f"{self.url}/sandbox/faults").raise_for_status()


@pytest.fixture(scope="session")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    home: Path = tmp_path_factory.mktemp("mt5")
    with processes.vendor("mt5", home) as url:
        held = json.loads((home / "mt5.json").read_text())
        manager = Manager(SERVER, held["manager_login"][0], held["manager_password"][0])
        yield Stand(url, manager)


@pytest.fixture
def mt5(stand: Stand) -> Iterator[Mt5]:
    with stand.client() as client:
        yield client
    stand.calm()
