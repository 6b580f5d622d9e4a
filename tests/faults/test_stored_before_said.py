"""W2: the API is killed between the check of a signature and the answer, and nothing it said is lost."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx
import pytest
from sqlalchemy import text

from operational.kit import db, secret
from operational.kit.clock import utc_now
from operational.kit.ids import uuid7
from tests.faults import processes, roles
from tests.payments.deposits import SECRETS, stripe_headers

APIS, DEATHS = 2, 100
"""Processes that are killed, and how often each."""


@dataclass
class Provider:
    """Sends callbacks to one API, one after the other, and keeps what it was told."""

    url: str
    told: list[str] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)

    def send(self, external_id: str) -> None:
        body = json.dumps({"id": external_id}).encode()
        try:
            answer = httpx.post(
                f"{self.url}/callbacks/stripe",
                content=body,
                headers=stripe_headers(body, utc_now()),
                timeout=60,
                verify=False,
            )
        except httpx.TransportError:
            self.untold.append(external_id)
        else:
            assert answer.status_code == 200
            self.told.append(external_id)

    def send_through_all_deaths(self) -> None:
        while len(self.untold) < DEATHS:
            self.send(f"evt_{uuid7().hex}")


@pytest.fixture
def providers(database) -> Iterator[list[Provider]]:
    keys = {"api_keys": ["sk_test_1"], "webhook_secrets": list(SECRETS)}
    secret.write(database.settings.root / "secrets" / "stripe.json", json.dumps(keys))
    mortal = []
    for _ in range(APIS):
        settings = database.settings.model_copy(update={"api_port": processes.free_port()})
        role = processes.start(roles.serve_dying, settings, DEATHS, roles.die_storing)
        mortal.append((role, Provider(settings.api_url)))
    for _, provider in mortal:
        processes.wait_until(lambda: processes.listens(provider.url), "the API listens")  # noqa: B023 - called at once
    yield [provider for _, provider in mortal]
    for role, _ in mortal:
        processes.kill(role)


def stored(database) -> dict[str, int]:
    """How many times each callback is in the inbox."""
    counted = text("select external_id, count(*) from messaging.inbox group by 1")
    with db.transaction(database.engine()) as session:
        return dict(tuple(row) for row in session.execute(counted))


def test_of_callbacks_acknowledged_around_200_kills_each_is_in_the_inbox(database, providers):
    with ThreadPoolExecutor(APIS) as crowd:
        list(crowd.map(Provider.send_through_all_deaths, providers))
    told = {one for provider in providers for one in provider.told}
    untold = {one for provider in providers for one in provider.untold}

    assert len(untold) == APIS * DEATHS
    assert told <= stored(database).keys()

    # The provider sends again what it was not told of; some of it had been stored.
    assert 0 < len(untold & stored(database).keys()) < len(untold)
    for provider in providers:
        for external_id in list(provider.untold):
            provider.send(external_id)
    assert stored(database) == dict.fromkeys(told | untold, 1)
