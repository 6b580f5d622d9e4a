"""What the audit log costs: the same postings with and without their record, while the sealer runs."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

from sqlalchemy import Engine, text

from kingpost.bench.server import server
from operational.audit import queries, sealer, service
from operational.audit.tags import Tag
from operational.kit import clock, db, ids
from operational.kit.actor import Actor
from operational.kit.money import Money
from operational.kit.settings import Settings
from operational.ledger import service as ledger

N = 80_000
"""About a minute each way on two cores."""
CLIENTS = 16
ROUNDS = 4
"""Each way in turns, so that a busy neighbour or a checkpoint of the server hits both."""
SEALED_WITHIN_SECONDS = 60

BENCH = Actor.system("bench")

_LAGS = text("""
select percentile_cont(array[0.5, 0.99]) within group (order by extract(epoch from signed_at - at))
from audit.sealed
join audit.event on event.id = event_id
join audit.checkpoint on seq between first_seq and last_seq
where seq > :warm_up
""")


def run(n: int, progress: Callable[[str], None]) -> dict[str, Any]:
    """Post `n` deposits with a record each and `n` without, and compare the rates.

    Returns:
        `ours` and `limit`: postings a second with and without; `seal_lag_p50_seconds` and
        `seal_lag_p99_seconds` from a record to its signature.
    """
    seconds = {True: 0.0, False: 0.0}
    with server() as settings:
        engine = db.engine(settings, db.WORKER, pool_size=CLIENTS)
        with _sealer(settings):
            _post(engine, CLIENTS, audited=True)
            _wait_for_seal(engine)
            for turn in range(2 * ROUNDS):
                audited = turn % 2 == 1
                progress(f"posting {'with' if audited else 'without'} a record")
                seconds[audited] += _post(engine, n // ROUNDS, audited=audited)
            progress("waiting for the last seal")
            _wait_for_seal(engine)
            p50, p99 = _seal_lags(engine)
        engine.dispose()
    rows = n // ROUNDS * ROUNDS
    return {
        "n": rows,
        "ours": round(rows / seconds[True]),
        "limit": round(rows / seconds[False]),
        "seal_lag_p50_seconds": round(p50, 2),
        "seal_lag_p99_seconds": round(p99, 2),
    }


def _post(engine: Engine, n: int, *, audited: bool) -> float:
    """Seconds that `n` deposits take, spread over `CLIENTS` threads, each with a wallet of its own."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        parts = [pool.submit(_deposit, engine, n // CLIENTS, audited) for _ in range(CLIENTS)]
        for part in parts:
            part.result()
    return time.perf_counter() - begun


def _deposit(engine: Engine, n: int, audited: bool) -> None:
    amount = Money(10_00, "EUR")
    with db.transaction(engine) as session:
        wallet = ledger.client_wallet(session, ids.uuid7(), "EUR")
        clearing = ledger.control_account(session, "psp:bench", "asset", "EUR")
    legs = [ledger.Leg(wallet, amount), ledger.Leg(clearing, -amount)]
    for _ in range(n):
        key = f"bench:{ids.uuid7()}"
        now = clock.utc_now()
        with db.transaction(engine) as session:
            ledger.post(session, key, kind="deposit", legs=legs, effective_at=now, actor=BENCH)
            if audited:
                after = {"status": "succeeded", "amount": amount}
                service.record(
                    session, Tag.DEPOSIT_SUCCEED, subject=key, actor=BENCH, now=now, after=after
                )


def _seal_lags(engine: Engine) -> tuple[float, float]:
    """Median and 99th percentile of record to signature, the warm-up left out."""
    with db.transaction(engine) as session:
        lags: list[Any] = session.execute(_LAGS, {"warm_up": CLIENTS}).scalar_one()
    return float(lags[0]), float(lags[1])


def _wait_for_seal(engine: Engine) -> None:
    patience = time.monotonic() + SEALED_WITHIN_SECONDS
    while True:
        with db.transaction(engine) as session:
            if queries.backlog(session).rows == 0:
                return
        if time.monotonic() > patience:
            raise TimeoutError("the sealer does not keep up")
        time.sleep(0.2)


@contextmanager
def _sealer(settings: Settings) -> Iterator[None]:
    """A sealer in a process of its own, as in the hub."""
    processes = get_context("spawn")
    stop = processes.Event()
    process = processes.Process(target=sealer.run, args=(settings, stop))
    process.start()
    try:
        yield
    finally:
        stop.set()
        process.join()
