"""Loading sanctions and PEP lists, to screen names against."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit import ids
from operational.kit.actor import Actor
from operational.kyc.models import ScreeningEntry, ScreeningList
from operational.kyc.screening import Entry

_BATCH = 2000


def load_list(
    session: Session,
    name: str,
    version: str,
    entries: Iterable[Entry],
    *,
    actor: Actor,
    now: datetime,
) -> ScreeningList:
    """Put one version of a list in force. Names it lacks stay stored, but no longer count.

    Loading the same version again changes nothing but fields of its entries.

    Args:
        session: the transaction.
        name: the list, such as `ofac_sdn`.
        version: its publisher's date, or a hash of the file.
        entries: every name and alias on it; their own `list_name` must be `name`.
        actor: who loads it.
        now: when.
    """
    found = session.scalar(
        select(ScreeningList).where(ScreeningList.name == name).with_for_update()
    )
    before = {"version": found.version, "entries": found.entries_count} if found else None
    if found is None:
        found = ScreeningList(name=name, version=version, entries_count=0, loaded_at=now)
        session.add(found)
        session.flush()

    rows = _unique(entries, name, version)
    while batch := list(islice(rows, _BATCH)):
        _upsert(session, batch)
    found.version = version
    found.loaded_at = now
    found.entries_count = (
        session.scalar(
            select(func.count()).where(
                ScreeningEntry.list_name == name, ScreeningEntry.list_version == version
            )
        )
        or 0
    )

    audit.record(
        session,
        Tag.SCREENING_LOAD,
        subject=name,
        actor=actor,
        now=now,
        before=before,
        after={"version": version, "entries": found.entries_count},
    )
    return found


def _unique(entries: Iterable[Entry], name: str, version: str) -> Iterator[dict[str, Any]]:
    """One row per person and name: lists repeat an alias now and then."""
    seen = set()
    for entry in entries:
        assert entry.list_name == name, f"{entry.list_name} is not {name}"
        key = (entry.external_id, entry.name)
        if key not in seen and entry.name.strip():
            seen.add(key)
            yield {
                "id": ids.uuid7(),
                "list_name": name,
                "list_version": version,
                "external_id": entry.external_id,
                "name": entry.name,
                "birth_year": entry.birth_year,
                "countries": list(entry.countries),
                "programme": entry.programme,
            }


def _upsert(session: Session, rows: list[dict[str, Any]]) -> None:
    statement = insert(ScreeningEntry)
    statement = statement.on_conflict_do_update(
        index_elements=["list_name", "external_id", "name"],
        set_={
            column: statement.excluded[column]
            for column in ("list_version", "birth_year", "countries", "programme")
        },
    )
    session.execute(statement, rows)
