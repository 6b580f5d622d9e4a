"""Signed callbacks through the real API process, against the same bytes inserted by bare psycopg.

Both sides use as many connections, open and warm before the clock runs, and both have everything on
the disk before they say so. Then the worker process drains what was stored into the ledger.
"""

import hashlib
import hmac
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import httpx
import psycopg
from sqlalchemy import text

from kingpost import ports
from kingpost.bench import load
from kingpost.bench.server import server
from operational.access.passwords import hash_password
from operational.clients import service as clients
from operational.clients.forms import LeadForm
from operational.kit import db, ids, secret
from operational.kit.actor import Actor
from operational.kit.clock import utc_now
from operational.kit.settings import Settings
from operational.rules import service as rules

N = 4_000
CONNECTIONS = 16
ROUNDS = 4
WARM_UP = 20 * CONNECTIONS
"""Of both sides, not counted: by then either has loaded and prepared what it needs."""
PAYERS = 50
SECRET = "whsec_bench"  # noqa: S105 - of a server that lives for a minute
UP_SECONDS_MAX = 60
DRAIN_SECONDS_MAX = 600

_PAYMENTS = text("""
insert into payments.payment (id, reference, client_id, direction, method, country, psp,
  fallback_psps, routing_decision_id, psp_payment_id, amount_minor, currency, status, requested_at)
select uuidv7(), reference, clients[1 + number % cardinality(clients)], 'deposit', 'card', 'DE',
  'stripe', '[]', uuidv7(), 'pi_' || reference, 10000, 'EUR', 'pending', :now
from unnest(cast(:references as text[])) with ordinality as given (reference, number),
     (select cast(:clients as uuid[]) as clients) as payers
""")
_STORE = """
insert into messaging.inbox (id, source, external_id, headers, body, next_at)
values (%s, 'limit', %s, %s, %s, now())
"""
_SET_ASIDE = text("update messaging.inbox set status = 'done' where source = 'limit'")
_DRAINED = text("select count(*) from messaging.inbox where source = 'stripe' and status = 'done'")
_POSTED = text("select count(*) from ledger.journal where kind = 'deposit'")


@dataclass(frozen=True)
class Bodies:
    """Callback bodies, each used once, with the address they go to."""

    settings: Settings
    left: list[bytes]

    def take(self, count: int) -> list[bytes]:
        taken = self.left[:count]
        del self.left[:count]
        return taken

    def signed(self, count: int) -> list[bytes]:
        """Whole requests, signed now: a signature is good for five minutes."""
        return [self._sign(body) for body in self.take(count)]

    def _sign(self, body: bytes) -> bytes:
        at = int(utc_now().timestamp())
        mark = hmac.new(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "Stripe-Signature": f"t={at},v1={mark}"}
        return load.request("/callbacks/stripe", self.settings.host, headers, body)


def run(n: int, progress: Callable[[str], None]) -> dict[str, Any]:
    """Store `n` callbacks as fast as it goes, half as many at half that rate, and drain them all.

    Returns:
        `ours` and `limit`: callbacks stored a second; `p99_ms` at half of ours; `drained` into the
        ledger a second.
    """
    with server() as base, _api(base) as settings:
        progress("preparing")
        total = WARM_UP + n + n // 2
        bodies = Bodies(settings, [_body(reference) for reference in _payments(settings, total)])
        ours, limit = [], []
        with _bare(settings) as connections:
            for turn, count in enumerate([WARM_UP, *[n // ROUNDS] * ROUNDS]):
                progress(f"round {turn} of {ROUNDS}")
                requests = bodies.signed(count)
                ours.append(
                    load.drive(settings.host, settings.api_port, requests, CONNECTIONS).rate
                )
                limit.append(_insert(connections, [_body_of(one) for one in requests]))
        del ours[0], limit[0]
        rate = median(ours)
        progress("half that load")
        requests = bodies.signed(n // 2)
        half = load.drive(settings.host, settings.api_port, requests, CONNECTIONS, rate / 2)
        progress("draining to the ledger")
        drained = _drain(settings, WARM_UP + n // ROUNDS * ROUNDS + n // 2)
    return {
        "n": n,
        "ours": round(rate),
        "limit": round(median(limit)),
        "p50_ms": round(half.percentile(0.5) * 1000, 1),
        "p99_ms": round(half.percentile(0.99) * 1000, 1),
        "drained": round(drained),
    }


@contextmanager
def _api(settings: Settings) -> Iterator[Settings]:
    """The API as a process of its own, as in the hub."""
    keys = {"api_keys": ["sk_test_bench"], "webhook_secrets": [SECRET]}
    secret.write(settings.root / "secrets" / "stripe.json", json.dumps(keys))
    settings = ports.settle(settings, lambda *_: True)
    with _process(settings, "api.app"):
        patience = time.monotonic() + UP_SECONDS_MAX
        while not _is_up(settings):
            if time.monotonic() > patience:
                raise TimeoutError("the API does not come up")
            time.sleep(0.1)
        yield settings


@contextmanager
def _process(settings: Settings, module: str) -> Iterator[None]:
    command = [sys.executable, "-m", module]
    environment = settings.environment()
    with subprocess.Popen(  # noqa: S603 - ours
        command, env=environment, stdout=subprocess.DEVNULL, cwd=settings.root
    ) as process:
        try:
            yield
        finally:
            process.terminate()


def _is_up(settings: Settings) -> bool:
    try:
        return httpx.get(f"{settings.api_url}/health", timeout=1).is_success
    except httpx.HTTPError:
        return False


def _payments(settings: Settings, count: int) -> list[str]:
    """Payments that wait for their callback; their references."""
    references = [ids.reference("D") for _ in range(count)]
    stranger = Actor(id="anonymous", name="anonymous", roles=frozenset(), ip="203.0.113.7")
    password = hash_password("never used, nobody signs in")
    engine, now = db.engine(settings, db.WORKER, pool_size=1), utc_now()
    with db.transaction(engine) as session:
        rules.install_defaults(session, now)
        payers = [
            clients.register_lead(
                session, _lead(number), actor=stranger, now=now, password_hash=password
            )
            for number in range(PAYERS)
        ]
        given = {"references": references, "clients": [payer.id for payer in payers], "now": now}
        session.execute(_PAYMENTS, given)
    engine.dispose()
    return references


def _lead(number: int) -> LeadForm:
    return LeadForm(
        email=f"payer{number}@example.com",
        password="never used, nobody signs in",  # noqa: S106 - likewise
        first_name="Lena",
        last_name="Weber",
        country="DE",
    )


def _body(reference: str) -> bytes:
    """An event as long as Stripe's own (about 2.5 kB)."""
    intent = {
        "id": f"pi_{reference}",
        "object": "payment_intent",
        "amount": 10000,
        "amount_received": 10000,
        "currency": "eur",
        "status": "succeeded",
        "metadata": {"reference": reference},
        "description": "d" * 1800,
    }
    event = {
        "id": f"evt_{ids.uuid7().hex}",
        "object": "event",
        "api_version": "2024-06-20",
        "created": int(utc_now().timestamp()),
        "livemode": False,
        "type": "payment_intent.succeeded",
        "data": {"object": intent},
    }
    return json.dumps(event, indent=2).encode()


def _body_of(request: bytes) -> bytes:
    return request.partition(b"\r\n\r\n")[2]


@contextmanager
def _bare(settings: Settings) -> Iterator[list[psycopg.Connection[Any]]]:
    address = db.url(settings, db.API).set(drivername="postgresql")
    target = address.render_as_string(hide_password=False)
    with ExitStack() as stack:
        yield [
            stack.enter_context(psycopg.connect(target, autocommit=True))
            for _ in range(CONNECTIONS)
        ]


def _insert(connections: Sequence[psycopg.Connection[Any]], bodies: Sequence[bytes]) -> float:
    """The limit: the same bytes into the same table, one commit each."""

    def insert(connection: psycopg.Connection[Any], part: Sequence[bytes]) -> None:
        for body in part:
            connection.execute(_STORE, (ids.uuid7(), ids.uuid7().hex, "{}", body))

    parts = [bodies[number :: len(connections)] for number in range(len(connections))]
    with ThreadPoolExecutor(len(connections)) as pool:
        began = time.perf_counter()
        list(pool.map(insert, connections, parts))
        return len(bodies) / (time.perf_counter() - began)


def _drain(settings: Settings, count: int) -> float:
    """Callbacks applied a second by one worker process, until every deposit is in the ledger."""
    engine = db.engine(settings, db.WORKER, pool_size=1)

    def done(query: Any) -> int:
        with db.transaction(engine) as session:
            return int(session.scalar(query) or 0)

    with db.transaction(engine) as session:
        session.execute(_SET_ASIDE)
    with _process(settings, "operational.worker"):
        patience = time.monotonic() + DRAIN_SECONDS_MAX
        first, began = 0, 0.0
        while (now_done := done(_DRAINED)) < count:
            if now_done and not first:
                first, began = now_done, time.perf_counter()
            if time.monotonic() > patience:
                raise TimeoutError(f"{count - now_done} callbacks are not applied")
            time.sleep(0.1)
        rate = (count - first) / (time.perf_counter() - began)
    posted = done(_POSTED)
    engine.dispose()
    assert posted == count, f"{count} callbacks, {posted} deposits in the ledger"
    return rate
