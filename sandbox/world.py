"""One stand-in put together: its memory, clock, faults, secrets and way of speaking."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sandbox.clock import Clock
from sandbox.deliveries import Deliveries
from sandbox.faults import FaultTable
from sandbox.store import Document, Store
from sandbox.timers import Timers
from sandbox.vendor import Vendor

Secrets = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class World:
    """What every verb of a stand-in works on."""

    store: Store
    clock: Clock
    faults: FaultTable
    deliveries: Deliveries
    timers: Timers
    vendor: Vendor
    secrets: Secrets

    def now(self) -> datetime:
        return self.clock.now()

    def emit(self, event: Document, *, event_id: str, kind: str, subject: str) -> None:
        """Queue a callback about a subject; it leaves after the transaction."""
        self.deliveries.add(
            event, event_id=event_id, kind=kind, subject=subject, created=self.clock.epoch()
        )


def read_secrets(path: Path, fresh: Callable[[], Secrets]) -> Secrets:
    """The keys of a stand-in, made at first start and kept beside its database."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(json.dumps(fresh(), indent=2) + "\n")
    secrets: Secrets = json.loads(path.read_text())
    return secrets


def build_world(
    home: Path,
    *,
    make_vendor: Callable[[Secrets], Vendor],
    fresh_secrets: Callable[[], Secrets],
    name: str,
    webhook_url: str | None,
    tables: str = "",
) -> World:
    """Open or make the stand-in's files ``<name>.sqlite`` and ``<name>.json`` in its folder."""
    secrets = read_secrets(home / f"{name}.json", fresh_secrets)
    store = Store(home / f"{name}.sqlite", tables)
    vendor = make_vendor(secrets)
    faults = FaultTable(store)
    deliveries = Deliveries(store, vendor, faults, webhook_url)
    clock = Clock(store)
    return World(store, clock, faults, deliveries, Timers(store, clock), vendor, secrets)
