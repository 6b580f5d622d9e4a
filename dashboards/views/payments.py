"""Which deposits came in, which failed, and through which PSP?"""

import streamlit as st

from dashboards import tables, widgets
from dashboards.charts import series
from dashboards.queries import payments
from dashboards.reader import Reader
from dashboards.views import number
from dashboards.warehouse import ask


def render(who: Reader) -> None:
    st.title("Payments")
    found = widgets.published(who)
    period = widgets.period(found)

    if ask(found.snapshot, payments.BY_PSP.sql, **period.bounds).is_empty():
        st.info("No payments in this period.")
        return

    without_rate = ask(found.snapshot, payments.WITHOUT_RATE, **period.bounds)["payments"][0]
    if without_rate:
        st.warning(f"{without_rate:,} credited payments have no rate and are in no sum in dollars.")
    daily = number.block(who, found, payments.DAILY, period)
    figure = series.stacked(
        daily, period.since, period.until, day="day", value="amount_usd", by="psp", unit="usd"
    )
    widgets.plot(figure, "daily")
    tables.table(number.block(who, found, payments.BY_PSP, period))
    left, right = st.columns(2)
    with left:
        tables.table(number.block(who, found, payments.BY_CURRENCY, period))
    with right:
        failures = number.block(who, found, payments.FAILURES, period)
        tables.table(failures, empty="No payment failed in this period.")
    st.subheader("Newest payments")
    tables.rows(who, found, payments.ASKED, **period.bounds)
