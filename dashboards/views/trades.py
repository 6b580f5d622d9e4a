"""What do clients trade, how much, and what does not count?"""

import streamlit as st

from dashboards import widgets
from dashboards.charts import series
from dashboards.queries import trades
from dashboards.reader import Reader
from dashboards.warehouse import ask


def render(who: Reader) -> None:
    st.title("Trading")
    found = widgets.published(who)
    period = widgets.period(found)

    symbols = ask(found.snapshot, trades.BY_SYMBOL, **period.bounds)
    left_out = ask(found.snapshot, trades.LEFT_OUT, **period.bounds)
    if symbols.is_empty() and left_out.is_empty():
        st.info("No closed trades in this period.")
        return

    st.subheader("Lots closed a day")
    daily = ask(found.snapshot, trades.DAILY, **period.bounds)
    widgets.plot(series.daily(daily, period.since, period.until, day="day", value="lots"), "daily")
    left, right = st.columns(2)
    with left:
        st.subheader("Lots by symbol")
        widgets.plot(series.ranked(symbols, name="symbol", value="lots"), "symbols")
    with right:
        st.subheader("Result by symbol")
        widgets.table(symbols)
    st.subheader("Deals that do not count, and why")
    widgets.table(left_out, empty="Every closing deal of this period counts.")
    st.subheader("Newest trades")
    closed = "mart.closed_date between $since and $until"
    widgets.rows(who, found, "fct_trades", closed, "closed_at", **period.bounds)
