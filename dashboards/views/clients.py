"""Who registers, and how far do they get?"""

import streamlit as st

from dashboards import tables, widgets
from dashboards.charts import series
from dashboards.queries import clients
from dashboards.reader import Reader
from dashboards.views import number
from dashboards.warehouse import ask


def render(who: Reader) -> None:
    st.title("Clients")
    found = widgets.published(who)
    period = widgets.period(found)

    if ask(found.snapshot, clients.BY_COUNTRY.sql, **period.bounds).is_empty():
        st.info("Nobody registered in this period.")
        return

    left, right = st.columns(2)
    with left:
        funnel = number.block(who, found, clients.FUNNEL, period)
        widgets.plot(series.funnel(funnel, step="step", value="clients"), "funnel")
    with right:
        countries = number.block(who, found, clients.BY_COUNTRY, period)
        widgets.plot(series.ranked(countries, name="country", value="clients"), "countries")
    tables.table(number.block(who, found, clients.BY_SOURCE, period))
    tables.table(number.block(who, found, clients.BY_STAGE, period))
    st.subheader("Newest registrations")
    tables.rows(who, found, clients.FUNNEL.origin, **period.bounds)
