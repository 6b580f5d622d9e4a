"""Storing verified messages, many at once: a busy door commits once for all who wait."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from operational.kit import ids

# One statement for all, its columns as binary arrays: a third of the cost of one row after another.
_STORE = """
insert into messaging.inbox (id, source, external_id, headers, body, next_at)
select *, %b from unnest(%b::uuid[], %b::text[], %b::text[], %b::text[]::jsonb[], %b::bytea[])
on conflict (source, external_id) do nothing
"""


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message whose signature holds."""

    source: str
    external_id: str
    headers: Mapping[str, str]
    body: bytes


def store(connection: Connection, arrived: Sequence[Arrived], *, now: datetime) -> int:
    """Store the new ones of these, all or none; a repeated one changes nothing, also in one call.

    On a connection that commits by itself this is one round trip and one commit.

    Returns:
        How many were new.
    """
    stored = connection.exec_driver_sql(
        _STORE,
        (
            now,
            [ids.uuid7() for _ in arrived],
            [message.source for message in arrived],
            [message.external_id for message in arrived],
            [json.dumps(dict(message.headers)) for message in arrived],
            [message.body for message in arrived],
        ),
    )
    return stored.rowcount
