"""Do the books balance, and what do the PSPs still owe us?"""

import polars as pl
import streamlit as st

from dashboards import tables, widgets
from dashboards.queries import books
from dashboards.reader import Reader
from dashboards.views import number
from dashboards.warehouse import ask


def render(who: Reader) -> None:
    st.title("Books")
    found = widgets.published(who)

    if ask(found.snapshot, books.TRIAL_BALANCE.sql).is_empty():
        st.info("Nothing was ever posted.")
        return

    balance = number.block(who, found, books.TRIAL_BALANCE)
    _verdict(balance)
    tables.table(balance)
    left, right = st.columns(2)
    with left:
        owed = number.block(who, found, books.OWED_BY_PSPS)
        st.caption("Taken in through them and not yet paid out.")
        tables.table(owed, empty="Nothing is owed.")
    with right:
        held = number.block(who, found, books.BY_BOOK)
        st.caption("Credits are positive: what we owe. Debits are negative: what we have.")
        tables.table(held)


def _verdict(balance: pl.DataFrame) -> None:
    wrong = balance.filter(pl.col("difference_minor") != 0)
    if wrong.is_empty():
        st.success(f"Every journal balances in all {balance.height} currencies.")
    else:
        st.error(f"Debits and credits differ in {', '.join(wrong['currency'])}.")
