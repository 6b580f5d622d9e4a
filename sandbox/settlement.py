"""Closing days: money lines become batches, one per day and currency, two days after the event."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from sqlite3 import Row

from sandbox.store import Document
from sandbox.world import World

LAG_DAYS = 2


@dataclass(frozen=True, slots=True)
class Batch:
    """What was settled together; the lines keep the order in which they were made."""

    day: date
    currency: str
    line_ids: tuple[int, ...]
    net_minor: int


def add_line(world: World, currency: str, net_minor: int, line: Document) -> None:
    """Book a movement; it becomes available two days after today, at midnight UTC."""
    available_on = world.now().date() + timedelta(days=LAG_DAYS)
    with world.store.transaction() as db:
        db.execute(
            "insert into lines (currency, available_on, net_minor, body) values (?, ?, ?, ?)",
            (currency, available_on.isoformat(), net_minor, json.dumps(line)),
        )


def close_days(world: World, until: date) -> list[Batch]:
    """The batches that fall due up to a day, oldest first.

    A batch never changes: what comes for a day that has one already gets one of its own. What
    would settle to nothing or less waits for the next day.
    """
    rows = world.store.rows(
        "select id, currency, available_on, net_minor from lines"
        " where batch = '' and available_on <= ? order by available_on, currency, id",
        until.isoformat(),
    )
    batches: list[Batch] = []
    waiting: dict[str, list[Row]] = {}
    for (day, currency), due in groupby(rows, key=itemgetter("available_on", "currency")):
        lines = waiting.pop(currency, []) + list(due)
        net_minor = sum(line["net_minor"] for line in lines)
        if net_minor > 0:
            ids = tuple(line["id"] for line in lines)
            batches.append(Batch(date.fromisoformat(day), currency, ids, net_minor))
        else:
            waiting[currency] = lines
    return batches


def assign(world: World, batch: Batch, name: str) -> None:
    """Say which batch the lines went into."""
    with world.store.transaction() as db:
        db.executemany(
            "update lines set batch = ? where id = ?",
            [(name, identifier) for identifier in batch.line_ids],
        )


def lines_of(world: World, name: str) -> list[Document]:
    rows = world.store.rows("select body from lines where batch = ? order by id", name)
    return [json.loads(row["body"]) for row in rows]
