"""Do the books balance, and what do the PSPs still owe us?"""

import polars as pl
import streamlit as st

from dashboards import widgets
from dashboards.queries import books
from dashboards.reader import Reader
from dashboards.warehouse import ask


def render(who: Reader) -> None:
    st.title("Books")
    found = widgets.published(who)

    balance = ask(found.snapshot, books.TRIAL_BALANCE)
    if balance.is_empty():
        st.info("Nothing was ever posted.")
        return

    _verdict(balance)
    st.subheader("Trial balance")
    widgets.table(balance)
    left, right = st.columns(2)
    with left:
        st.subheader("Owed to us by PSPs")
        st.caption("Taken in through them and not yet paid out.")
        widgets.table(ask(found.snapshot, books.OWED_BY_PSPS), empty="Nothing is owed.")
    with right:
        st.subheader("By book")
        st.caption("Credits are positive: what we owe. Debits are negative: what we have.")
        widgets.table(ask(found.snapshot, books.BY_BOOK))


def _verdict(balance: pl.DataFrame) -> None:
    wrong = balance.filter(pl.col("difference_minor") != 0)
    if wrong.is_empty():
        st.success(f"Every journal balances in all {balance.height} currencies.")
    else:
        st.error(f"Debits and credits differ in {', '.join(wrong['currency'])}.")
