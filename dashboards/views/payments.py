"""Which deposits came in, which failed, and through which PSP?"""

import streamlit as st

from dashboards import widgets
from dashboards.charts import series
from dashboards.queries import payments
from dashboards.reader import Reader
from dashboards.warehouse import ask


def render(who: Reader) -> None:
    st.title("Payments")
    found = widgets.published(who)
    period = widgets.period(found)

    psps = ask(found.snapshot, payments.BY_PSP, **period.bounds)
    if psps.is_empty():
        st.info("No payments in this period.")
        return

    without_rate = ask(found.snapshot, payments.WITHOUT_RATE, **period.bounds)["payments"][0]
    if without_rate:
        st.warning(f"{without_rate:,} credited payments have no rate and are in no sum in dollars.")
    st.subheader("Credited a day, USD")
    daily = ask(found.snapshot, payments.DAILY, **period.bounds)
    figure = series.stacked(
        daily, period.since, period.until, day="day", value="amount_usd", by="psp", unit="usd"
    )
    widgets.plot(figure, "daily")
    st.subheader("By PSP")
    widgets.table(psps)
    left, right = st.columns(2)
    with left:
        st.subheader("Credited by currency")
        widgets.table(ask(found.snapshot, payments.BY_CURRENCY, **period.bounds))
    with right:
        st.subheader("Why payments failed")
        failures = ask(found.snapshot, payments.FAILURES, **period.bounds)
        widgets.table(failures, empty="No payment failed in this period.")
    st.subheader("Newest payments")
    requested = "mart.requested_date between $since and $until"
    widgets.rows(who, found, "fct_payments", requested, "requested_at", **period.bounds)
