"""Who registers, and how far do they get?"""

import streamlit as st

from dashboards import widgets
from dashboards.charts import series
from dashboards.queries import clients
from dashboards.reader import Reader
from dashboards.warehouse import ask


def render(who: Reader) -> None:
    st.title("Clients")
    found = widgets.published(who)
    period = widgets.period(found)

    countries = ask(found.snapshot, clients.BY_COUNTRY, **period.bounds)
    if countries.is_empty():
        st.info("Nobody registered in this period.")
        return

    left, right = st.columns(2)
    with left:
        st.subheader("From registration to first trade")
        funnel = ask(found.snapshot, clients.FUNNEL, **period.bounds)
        widgets.plot(series.funnel(funnel, step="step", value="clients"), "funnel")
    with right:
        st.subheader("By country")
        widgets.plot(series.ranked(countries, name="country", value="clients"), "countries")
    st.subheader("By source")
    widgets.table(ask(found.snapshot, clients.BY_SOURCE, **period.bounds))
    st.subheader("By stage and queue")
    widgets.table(ask(found.snapshot, clients.BY_STAGE, **period.bounds))
    st.subheader("Newest registrations")
    registered = "mart.registered_date between $since and $until"
    widgets.rows(who, found, "dim_clients", registered, "registered_date", **period.bounds)
