"""What do partners earn, by which plan, and which deals pay nothing?"""

import streamlit as st

from dashboards import tables, widgets
from dashboards.charts import series
from dashboards.queries import partners
from dashboards.reader import Reader
from dashboards.views import number
from dashboards.warehouse import ask


def render(who: Reader) -> None:
    st.title("Partner commission")
    found = widgets.published(who)
    period = widgets.period(found)

    if not ask(found.snapshot, partners.CLOSED.count_sql, **period.bounds)["row_count"][0]:
        st.info("No closed trades in this period.")
        return

    left, right = st.columns(2)
    with left:
        figure = partners.earned(who.permissions)
        earned = number.block(who, found, figure, period)
        if earned.is_empty():
            st.info("No partner earned in this period.")
        else:
            widgets.plot(
                series.ranked(earned, name="partner", value="commission_usd", unit="usd"), "earned"
            )
    with right:
        unpaid = number.block(who, found, partners.UNPAID, period)
        if unpaid.is_empty():
            st.success("Every closing deal of this period pays.")
        else:
            widgets.plot(series.ranked(unpaid, name="reason", value="deals"), "unpaid")
    tables.table(earned)
    st.subheader("Newest lines")
    tables.rows(who, found, figure.origin, **period.bounds)
