"""Follow a platform's deals: re-read an overlap, keep every version, notice what vanished.

Deals can be changed, cancelled in place and restored after the fact, and nothing announces it.
So each pass reads back over a window; a deal whose content differs becomes a new version, one
that is gone becomes a deleted version, and a window that shows nothing new writes nothing.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

import duckdb

from pipelines import border, landing
from pipelines.landing import Extract
from pipelines.platform.parse_deals import parse

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(hours=1)
"""How far a server's clock may run ahead of ours."""

SLICE, SLICE_MIN, SLICE_MAX = timedelta(days=1), timedelta(minutes=5), timedelta(days=30)
SLICE_DEALS = 20_000
"""What a slice is meant to hold at most: about 100 MB while it is typed and looked at."""

_COLUMNS = """
    platform varchar, server varchar, deal bigint, login bigint, position bigint,
    order_ticket bigint, external_id varchar, action smallint, entry smallint, reason smallint,
    symbol varchar, volume_e8 bigint, volume_closed_e8 bigint, contract_size decimal(20, 10),
    price decimal(20, 10), price_position decimal(20, 10), profit decimal(20, 8),
    swap decimal(20, 8), commission decimal(20, 8), fee decimal(20, 8), comment varchar,
    server_time timestamp, executed_at timestamptz, content_sha256 varchar,
    version integer, is_deleted boolean, observed_at timestamptz, extract_id bigint
"""
_TABLES = (
    f"create table if not exists lake.raw.platform__deals ({_COLUMNS})",
    f"create table if not exists lake.raw.platform__deal_versions ({_COLUMNS})",
)

# What differs from the newest version we hold, restored deals included; and what we hold in the
# window that the server no longer has. A deal moved in time leaves the window at one end and
# is not missing as long as the server showed it at all.
_CHANGED = """
create or replace temp table changed as
select fetched.*, coalesce(held.version, 0) + 1 as version, false as is_deleted
from fetched left join lake.raw.platform__deals as held using (platform, server, deal)
where held.deal is null or held.is_deleted or held.content_sha256 <> fetched.content_sha256
union all by name
select held.* exclude (version, is_deleted, observed_at, extract_id),
       held.version + 1 as version, true as is_deleted
from lake.raw.platform__deals as held anti join fetched using (platform, server, deal)
where held.platform = $platform and held.server = $server and not held.is_deleted
  and held.executed_at >= $since
"""

EXPECTATIONS = (
    border.Expectation("expect_column_values_to_be_unique", {"column": "deal"}),
    border.Expectation(
        "expect_column_values_to_be_between", {"column": "action", "min_value": 0, "max_value": 20}
    ),
    border.Expectation(
        "expect_column_values_to_be_in_set", {"column": "entry", "value_set": [0, 1, 2, 3, 255]}
    ),
    border.Expectation(
        "expect_column_values_to_be_between", {"column": "volume_e8", "min_value": 0}
    ),
    border.Expectation(
        "expect_column_values_to_be_between", {"column": "volume_closed_e8", "min_value": 0}
    ),
    border.Expectation(
        "expect_column_values_to_be_between",
        {"column": "login", "min_value": 0, "strict_min": True},
    ),
)


class DealSource(Protocol):
    """One server's deals. Its adapter lives with the platform; see operational/platforms."""

    platform: str
    server: str
    zone: str
    """The server clock's zone, as `operational.platforms.server_time` reads it."""

    def deals(self, since: datetime, until: datetime) -> Iterable[Mapping[str, str]]:
        """Every deal between two moments, both included, as the server sends it."""
        ...


def prepare(lake: duckdb.DuckDBPyConnection) -> None:
    """Make the tables, which models read even before the first deal."""
    for statement in _TABLES:
        lake.execute(statement)


def sync(
    lake: duckdb.DuckDBPyConnection, source: DealSource, *, overlap: timedelta, now: datetime
) -> Extract | None:
    """Land what changed on one server since last time, looking `overlap` further back.

    Returns:
        What was landed, or None if the server showed nothing new.

    Raises:
        BatchRefusedError: the server sent what no deal can be; nothing is landed.
    """
    since = _since(lake, source, overlap)
    _fetch(lake, source, since, now + AHEAD)
    lake.execute(_CHANGED, {"platform": source.platform, "server": source.server, "since": since})
    lake.execute("drop table fetched")
    with landing.transaction(lake):
        return _land(lake, source, now)


def _fetch(
    lake: duckdb.DuckDBPyConnection, source: DealSource, since: datetime, until: datetime
) -> None:
    """Put every deal between two moments into `fetched`, as it was seen last.

    A look back over weeks takes slice by slice, so that memory is bounded by one slice. A deal
    that is moved in time meanwhile may be missed; the next pass restores it.
    """
    of = {"platform": source.platform, "server": source.server, "zone": source.zone}
    lake.register("batch", parse([], **of))
    lake.execute("create or replace temp table fetched as from batch")
    lake.unregister("batch")
    length = SLICE
    while since < until:
        end = min(since + length, until)
        batch = parse(source.deals(since, end), **of)
        if batch.num_rows:
            border.validate("platform__deals", batch, EXPECTATIONS, names="deal")
            lake.register("batch", batch)
            # Both ends of a slice belong to it, so a deal between two is seen twice.
            lake.execute("delete from fetched where deal in (select deal from batch)")
            lake.execute("insert into fetched from batch")
            lake.unregister("batch")
        length, since = next_length(length, batch.num_rows), end


def next_length(length: timedelta, found: int) -> timedelta:
    """Slices grow while they hold little and shrink when they hold much."""
    if found > SLICE_DEALS:
        return max(length / 2, SLICE_MIN)
    return min(length * 2, SLICE_MAX) if found < SLICE_DEALS // 4 else length


def _since(lake: duckdb.DuckDBPyConnection, source: DealSource, overlap: timedelta) -> datetime:
    row = lake.execute(
        "select max(executed_at) from lake.raw.platform__deals where platform = ? and server = ?",
        [source.platform, source.server],
    ).fetchone()
    newest: datetime | None = row[0] if row else None
    return BEGINNING if newest is None else newest - overlap


def _land(lake: duckdb.DuckDBPyConnection, source: DealSource, now: datetime) -> Extract | None:
    counted = lake.execute("select count(*) from changed").fetchone()
    assert counted is not None
    if counted[0] == 0:
        return None
    extract = Extract(landing.next_extract_id(lake), now, {"platform__deals": counted[0]})
    lake.execute(
        "delete from lake.raw.platform__deals "
        "where (platform, server, deal) in (select (platform, server, deal) from changed)"
    )
    for table in ("platform__deal_versions", "platform__deals"):
        lake.execute(
            f"insert into lake.raw.{table} by name "  # noqa: S608 - one of two names
            "select *, ? as observed_at, ? as extract_id from changed",
            [now, extract.extract_id],
        )
    landing.record(lake, f"platform:{source.platform}:{source.server}", extract)
    return extract
