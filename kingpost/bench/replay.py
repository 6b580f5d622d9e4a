"""A year of withdrawal decisions tried by another version, against the bare rule engine.

Ours reads every decision, decides it anew, keeps what would be otherwise and asks what that means in
money; the limit is the engine alone, on the same facts already in memory.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any
from uuid import UUID

import zen
from sqlalchemy import Engine, text

from kingpost.bench.server import server
from operational.kit import db
from operational.kit.actor import Actor
from operational.payments.withdrawals import meaning
from operational.rules import engine as rule_engine
from operational.rules import queries, replays, service, tables

N = 100_000
START = datetime(2025, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
USUAL: dict[str, Any] = {
    "country": "DE", "kyc_days": 90, "route": "source", "currency": "USD", "amount": "250.00",
    "score_band": "unknown", "amount_usd": 250, "day_count": 1, "week_count": 1, "month_count": 2,
    "day_usd": 250, "week_usd": 250, "month_usd": 600, "paid_count": 4, "largest_usd": 900,
    "device": "known", "device_hours": 900, "ip_hours": 900, "password": "never",
    "password_hours": 0, "destination": "none", "new_destinations": 0, "holder_match_percent": 100,
    "shared_destination_count": 0, "chargeback_count": 0, "open_dispute_count": 0,
    "deposited_usd": 500, "moved_percent": 100, "traded": "yes", "negative_accounts": 0,
}  # fmt: skip

# Amounts from 20 to 2,519 dollars; one device in twenty is new.
_MIXED = text("""
create temp table mixed on commit drop as
select
  number,
  20 + (number * 7919) % 2500 as usd,
  case when number % 20 = 0 then 12 else 900 end as hours
from generate_series(1, :n) as number
""")
_KINDS = text("select distinct usd, hours from mixed")
_DECIDED = text(
    "create temp table decided (usd int, hours int, facts jsonb, outcome jsonb) on commit drop"
)
_DECIDE = text(
    "insert into decided values (:usd, :hours, cast(:facts as jsonb), cast(:outcome as jsonb))"
)
_FILL = text("""
insert into rules.decision (id, table_version_id, subject_kind, subject_id, facts, outcome, trace, decided_at)
select
  gen_random_uuid(), :version, 'withdrawal', number::text, facts, outcome, '{"steps": []}',
  cast(:start as timestamptz) + make_interval(secs => number * :step)
from mixed join decided using (usd, hours)
""")
_FACTS = text("select facts from rules.decision")


def run(n: int, progress: Callable[[str], None]) -> dict[str, Any]:
    """Try `n` decisions.

    Returns:
        `ours` and `limit` in decisions a second, the `seconds` of all, and how many would have been
        decided otherwise.
    """
    with server() as settings:
        progress(f"{n:,} decisions of a year")
        engine = db.engine(settings, db.WORKER, pool_size=2)
        version_id = _filled(engine, n)
        progress("trying them")
        seconds, different = _replayed(engine, version_id)
        progress("the bare engine")
        with engine.connect() as connection:
            facts = [dict(found) for found in connection.scalars(_FACTS)]
        bare = zen.ZenEngine().create_decision(
            rule_engine.canonical(tables.shipped(tables.WITHDRAWAL))
        )
        begun = perf_counter()
        for one in facts:
            bare.evaluate(one)
        limit = n / (perf_counter() - begun)
        engine.dispose()
    return {
        "n": n,
        "ours": round(n / seconds),
        "limit": round(limit),
        "seconds": round(seconds, 1),
        "different": different,
    }


def _filled(engine: Engine, n: int) -> UUID:
    """Decisions as the shipped table makes them."""
    with db.transaction(engine) as session:
        made = service.install_defaults(session, START)
        [version] = [one for one in made if one.name == tables.WITHDRAWAL]
        table = rule_engine.prepare(version.content)
        session.execute(_MIXED, {"n": n})
        session.execute(_DECIDED)
        session.execute(_DECIDE, [_row(table, *kind) for kind in session.execute(_KINDS).tuples()])
        step = YEAR.total_seconds() / (n + 1)
        session.execute(_FILL, {"version": version.id, "step": step, "start": START})
        return version.id


def _row(table: rule_engine.Prepared, usd: Any, hours: Any) -> dict[str, Any]:
    facts = USUAL | {"amount_usd": usd, "day_usd": usd, "device_hours": hours}
    outcome = table.outcome(facts)
    return {"usd": usd, "hours": hours, "facts": json.dumps(facts), "outcome": json.dumps(outcome)}


def _replayed(engine: Engine, version_id: UUID) -> tuple[float, int]:
    begun = perf_counter()
    actor = Actor("bench", "bench", frozenset({"finance"}))
    with db.transaction(engine) as session:
        asked = replays.ask(
            session, version_id, since=START, until=START + YEAR, actor=actor, now=START
        )
        replay_id = asked.id
    has_more = True
    while has_more:
        with db.transaction(engine) as session:
            has_more = replays.advance(session, START)
    with db.transaction(engine) as session:
        meaning.of(session, replay_id)
        different = queries.different_count(session, replay_id)
    return perf_counter() - begun, different
