"""The export: all that an outsider needs besides the public key, as two files of JSON lines."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from operational.audit import queries
from operational.audit.checkpoint import CHECKPOINTS_NAME
from operational.audit.leaf import FIELDS, canonical, plain
from operational.audit.rows import EVENTS_NAME

_PAGE_ROWS = 10_000

_COLUMNS = ", ".join(f"event.{name}" for name in (*FIELDS, "leaf"))

_SEALED = text(f"""
select sealed.seq, {_COLUMNS}
from audit.sealed join audit.event on event.id = sealed.event_id
where sealed.seq between :first and :last
order by sealed.seq
""")  # noqa: S608 - column names of our own

# An honest log has none: they were slipped in past the application, or their seal was taken away.
_UNSEALED = text(f"""
select null as seq, {_COLUMNS}
from audit.event
where (row_xid, id) <= (select event_xid, event_id from audit.sealed where seq = :last)
  and not exists (select from audit.sealed where event_id = event.id)
order by id
""")  # noqa: S608 - likewise


def export(session: Session, folder: Path) -> int:
    """Write the log up to its newest checkpoint; return the number of events.

    Args:
        session: any role that may read the audit tables.
        folder: made if missing; an earlier export in it is replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    newest = queries.newest_checkpoint(session)
    last = newest.last_seq if newest else 0

    with (folder / CHECKPOINTS_NAME).open("w", encoding="utf-8", newline="\n") as lines:
        for row in session.scalars(queries.checkpoints_after(0)):
            if row.last_seq <= last:
                lines.write(queries.to_checkpoint(row).to_line() + "\n")

    rows = 0
    with (folder / EVENTS_NAME).open("w", encoding="utf-8", newline="\n") as lines:
        for event in _events(session, last):
            lines.write(canonical(event) + "\n")
            rows += 1
    return rows


def _events(session: Session, last: int) -> Iterator[dict[str, Any]]:
    """Sealed events in their order, page by page, then those behind the sealer without a seal."""
    for first in range(1, last + 1, _PAGE_ROWS):
        page = {"first": first, "last": min(last, first + _PAGE_ROWS - 1)}
        yield from _read(session, _SEALED, page)
    # This one reads the whole log, however long.
    session.execute(text("set local statement_timeout = 0"))
    yield from _read(session, _UNSEALED, {"last": last})


def _read(session: Session, query: TextClause, bounds: dict[str, int]) -> Iterator[dict[str, Any]]:
    for row in session.execute(query, bounds).mappings():
        event = dict(row)
        leaf = event.pop("leaf")
        yield {**plain(event), "leaf": leaf.hex()}
