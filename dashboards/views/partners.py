"""What do partners earn, by which plan, and which deals pay nothing?"""

import streamlit as st

from dashboards import widgets
from dashboards.charts import series
from dashboards.queries import partners
from dashboards.reader import Reader
from dashboards.warehouse import ask


def render(who: Reader) -> None:
    st.title("Partner commission")
    found = widgets.published(who)
    period = widgets.period(found)

    earned = ask(found.snapshot, partners.earned(who.permissions), **period.bounds)
    unpaid = ask(found.snapshot, partners.UNPAID, **period.bounds)
    if earned.is_empty() and unpaid.is_empty():
        st.info("No closed trades in this period.")
        return

    left, right = st.columns(2)
    with left:
        st.subheader("Commission by partner, USD")
        if earned.is_empty():
            st.info("No partner earned in this period.")
        else:
            widgets.plot(series.ranked(earned, name="partner", value="commission_usd"), "earned")
    with right:
        st.subheader("Deals that pay nothing, each with its one reason")
        widgets.table(unpaid, empty="Every closing deal of this period pays.")
    st.subheader("Partners")
    widgets.table(earned)
    st.subheader("Newest lines")
    widgets.rows(who, found, "fct_partner_commissions", partners.PAID, "closed_at", **period.bounds)
