"""The dashboards' only door to the lake: what is published, and questions with bound parameters."""

from contextlib import ExitStack
from typing import Any

import polars as pl
import streamlit as st

from lake import connection, publication
from operational.kit.settings import Settings

ROWS_MAX = 10_000
"""No page shows more; an unbounded answer would take the browser's memory."""


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    return Settings()


def standing() -> publication.Standing:
    """What is published now. Asked on every rerun; everything else is cached under its snapshot.

    Raises:
        NothingPublished: no refresh has passed its checks yet.
    """
    return publication.current(settings())


def ask(snapshot: int, sql: str, **parameters: Any) -> pl.DataFrame:
    """The answer at one published snapshot, at most `ROWS_MAX` rows, exact decimals kept.

    The cache knows an answer by snapshot, statement and parameters. Masks are part of the
    statement (`lake.rows`), so two readers share an answer only if they may see the same.
    """
    return _ask(snapshot, sql, tuple(sorted(parameters.items())))


def export(snapshot: int, sql: str, **parameters: Any) -> pl.DataFrame:
    """The whole answer, for a file. Not kept: nobody asks for the same one twice."""
    with _attachment(snapshot).lake.cursor() as cursor:
        return cursor.execute(sql, parameters).pl()


@st.cache_data(max_entries=500, show_spinner=False)
def _ask(snapshot: int, sql: str, parameters: tuple[tuple[str, Any], ...]) -> pl.DataFrame:
    attachment = _attachment(snapshot)
    with attachment.lake.cursor() as cursor:
        return cursor.execute(sql, dict(parameters)).pl().head(ROWS_MAX)


class _Attachment:
    """The lake attached at one snapshot, for as long as somebody holds it."""

    def __init__(self, snapshot: int) -> None:
        self._stack = ExitStack()
        self.lake = self._stack.enter_context(connection.read_at(settings(), snapshot))


# Attaching costs a tenth of a second, so one attachment serves every question about a snapshot.
# Two are kept: a reader may be between an old snapshot and the new one. One that falls out of the
# cache is not closed, for a question may be under way; it closes with its last holder.
@st.cache_resource(max_entries=2, show_spinner=False)
def _attachment(snapshot: int) -> _Attachment:
    return _Attachment(snapshot)
