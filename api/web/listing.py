"""Long lists in parts: what is on this page, of how many, and the link that goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import Session

T = TypeVar("T")

PART_ROWS = 100
COUNTED_MAX = 10_000
"""Nobody reads further; counting millions of records would take longer than the page itself."""


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """One part of a list."""

    rows: Sequence[T]
    total: str
    """How many there are in all, as people read it."""
    further: str | None
    """Where the rest is, if there is more."""


def listed(
    request: Request,
    session: Session,
    found: Select[T],
    *,
    by: str,
    is_rising: bool = False,
    name: str = "after",
) -> Listed[T]:
    """The part of `found` that the page's address asks for.

    Args:
        request: its query says after which row to begin.
        session: the transaction.
        found: one entity with an `id`, without order or limit.
        by: the attribute it is sorted by, falling unless `is_rising`.
        is_rising: the smallest first.
        name: of the query's field; a page with two lists needs two.
    """
    after = _id(found, request.query_params.get(name, ""))
    rows = part(session, found, by=by, is_rising=is_rising, after=after, rows_max=PART_ROWS + 1)
    counted = select(func.count()).select_from(found.limit(COUNTED_MAX + 1).subquery())
    total = session.scalar(counted) or 0
    further = None
    if len(rows) > PART_ROWS:
        last: Any = rows[PART_ROWS - 1]
        query = {**request.query_params, name: str(last.id)}
        further = f"{request.url.path}?{urlencode(query)}"
    is_counted = total <= COUNTED_MAX
    words = f"{total:,}" if is_counted else f"more than {COUNTED_MAX:,}"
    return Listed(rows[:PART_ROWS], words, further)


def part(
    session: Session,
    found: Select[T],
    *,
    by: str,
    after: UUID | int | None,
    rows_max: int,
    is_rising: bool = False,
) -> Sequence[T]:
    """The rows that follow the row of this id, or the first ones. By key: no row is missed or seen twice."""
    entity = found.column_descriptions[0]["entity"]
    names = list(dict.fromkeys((by, "id")))
    keys = [getattr(entity, name) for name in names]
    last = session.get(entity, after) if after else None
    if last is not None:
        place = tuple_(*(getattr(last, name) for name in names))
        here = tuple_(*keys)
        found = found.where(here > place if is_rising else here < place)
    order = keys if is_rising else [key.desc() for key in keys]
    return session.scalars(found.order_by(*order).limit(rows_max)).all()


def _id(found: Select[T], text: str) -> UUID | int | None:
    """An id of these rows: a UUID, in the ledger a number. What is none begins at the beginning."""
    kind: type[UUID | int] = found.column_descriptions[0]["entity"].id.type.python_type
    try:
        return kind(text)
    except ValueError:
        return None
