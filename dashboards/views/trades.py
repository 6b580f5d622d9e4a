"""What do clients trade, how much, and what does not count?"""

import streamlit as st

from dashboards import tables, widgets
from dashboards.charts import series
from dashboards.queries import trades
from dashboards.reader import Reader
from dashboards.views import number
from dashboards.warehouse import ask


def render(who: Reader) -> None:
    st.title("Trading")
    found = widgets.published(who)
    period = widgets.period(found)

    if not ask(found.snapshot, trades.CLOSED.count_sql, **period.bounds)["row_count"][0]:
        st.info("No closed trades in this period.")
        return

    daily = number.block(who, found, trades.DAILY, period)
    widgets.plot(series.daily(daily, period.since, period.until, day="day", value="lots"), "daily")
    symbols = number.block(who, found, trades.BY_SYMBOL, period)
    left, right = st.columns(2)
    with left:
        st.caption("Lots")
        widgets.plot(series.ranked(symbols, name="symbol", value="lots"), "symbols")
    with right:
        st.caption("Result of the book, USD")
        widgets.plot(
            series.signed(symbols, name="symbol", value="book_result_usd", unit="usd"), "results"
        )
    tables.table(symbols)
    left_out = number.block(who, found, trades.LEFT_OUT, period)
    tables.table(left_out, empty="Every closing deal of this period counts.")
    st.subheader("Newest trades")
    tables.rows(who, found, trades.CLOSED, **period.bounds)
