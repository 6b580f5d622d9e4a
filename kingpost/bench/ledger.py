"""The ledger's door against TPC-B: the same server, the same client, the same durability.

`pgbench`'s own TPC-B-like transaction (three updates, an insert and a select) is the limit. Ours is
`ledger.post()`: a journal and two legs, one of them a client wallet whose balance is kept; once spread
over many wallets, once all on one.
"""

from collections.abc import Callable
from statistics import median
from typing import Any

from sqlalchemy import text

from kingpost.bench.server import pgbench, rate, script, server
from operational.kit import db
from operational.kit.settings import Settings

N = 24_000
WALLETS = 10_000
ROUNDS = 3
"""In turns, so that a checkpoint or a busy neighbour hits all of them."""
SCALE = 20
"""Branches of TPC-B: more than clients, so that it waits for no row."""

_OPEN = text("""
select ledger.open_account('wallet-' || uuidv7(), 'liability', 'EUR', uuidv7(), true, 0)
from generate_series(1, :wallets)
""")
_CLEARING = text("select ledger.open_account('psp:bench:EUR', 'asset', 'EUR', null, false, null)")
_POST = """
select ledger.post(
  'deposit:' || uuidv7(), 'deposit', now(), 'bench',
  array[:wallet, :clearing]::bigint[], array[:minor, - :minor::bigint]::bigint[], array['EUR', 'EUR'],
  '{"payment": "D-7K3MQ0TR", "psp": "bench"}');
"""


def run(n: int, progress: Callable[[str], None]) -> dict[str, Any]:
    """Post `n` deposits each way, and as many TPC-B transactions.

    Returns:
        `ours`: spread postings a second, `hot`: on one wallet, `limit`: TPC-B; the ratios of both.
    """
    with server() as settings:
        progress("preparing")
        ways = _ways(settings)
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(ROUNDS):
            for name, way in ways.items():
                progress(f"{name}, round {turn + 1} of {ROUNDS}")
                rates[name].append(way(n // ROUNDS))
    tpcb, spread, hot = (median(rates[name]) for name in ("tpc-b", "spread", "hot"))
    return {
        "n": n,
        "ours": round(spread),
        "limit": round(tpcb),
        "hot": round(hot),
        "hot_ratio": round(hot / tpcb, 3),
    }


def _ways(settings: Settings) -> dict[str, Callable[[int], float]]:
    pgbench(settings, "-i", "-q", "-s", str(SCALE), database="postgres", user="postgres")
    engine = db.engine(settings, db.WORKER, pool_size=1)
    with db.transaction(engine) as session:
        wallets = [row[0] for row in session.execute(_OPEN, {"wallets": WALLETS})]
        clearing = str(session.scalar(_CLEARING))
    engine.dispose()
    first, last = min(wallets), max(wallets)
    one = {"clearing": clearing, "minor": "random(100, 100000)"}
    folder = settings.root
    spread = script(folder, "spread", _POST, one | {"wallet": f"random({first}, {last})"})
    hot = script(folder, "hot", _POST, one | {"wallet": str(first)})
    return {
        "tpc-b": lambda n: rate(
            settings, n, "-b", "tpcb-like", database="postgres", user="postgres"
        ),
        "spread": lambda n: rate(settings, n, *spread, user=db.WORKER),
        "hot": lambda n: rate(settings, n, *hot, user=db.WORKER),
    }
