"""The frame of the dashboards: who reads, what they may open, which page."""

from collections import defaultdict
from functools import partial

import streamlit as st

from dashboards import reader, warehouse
from dashboards.queries.books import READERS
from dashboards.queries.clients import DECIDERS
from dashboards.queries.reconciliation import READERS as RECONCILERS
from dashboards.reader import Reader
from dashboards.views import (
    books,
    clients,
    freshness,
    kpis,
    number,
    onboarding,
    partners,
    payments,
    reconciliation,
    trades,
)

SEEN = "kpis.read"
# Section, page, title, address, icon, and permissions of which any opens it beside `SEEN`.
PAGES = (
    ("", kpis.render, "Key figures", "kpis", "monitoring", ()),
    ("Business", clients.render, "Clients", "clients", "group", ()),
    ("Business", payments.render, "Payments", "payments", "payments", ()),
    ("Business", trades.render, "Trading", "trading", "candlestick_chart", ()),
    ("Business", partners.render, "Partner commission", "partners", "handshake", ()),
    ("Control", onboarding.render, "Onboarding", "onboarding", "how_to_reg", DECIDERS),
    ("Control", books.render, "Books", "books", "balance", READERS),
    (
        "Control",
        reconciliation.render,
        "Reconciliation",
        "reconciliation",
        "rule",
        RECONCILERS,
    ),
    ("Control", freshness.render, "Freshness", "freshness", "update", ()),
)


def main() -> None:
    st.set_page_config(page_title="Kingpost", page_icon=":material/account_balance:", layout="wide")
    who = reader.current()
    _who_reads(who)
    if not who.may(SEEN):
        st.title("Nothing to see here")
        st.info("Your role has no dashboards. Ask a super admin if it should.")
        st.stop()
    st.navigation(_pages(who)).run()


def _pages(who: Reader) -> dict[str, list[st.Page]]:
    sections: dict[str, list[st.Page]] = defaultdict(list)
    for section, render, title, path, icon, permissions in PAGES:
        if not permissions or who.may(*permissions):
            page = st.Page(
                partial(render, who),
                title=title,
                url_path=path,
                icon=f":material/{icon}:",
                default=path == "kpis",
            )
            sections[section].append(page)
    sections[""].append(number.page(who))
    return sections


def _who_reads(who: Reader) -> None:
    with st.sidebar:
        st.markdown(f"**{who.name}**")
        st.caption(", ".join(role.replace("_", " ") for role in who.roles))
        st.link_button("Staff screens", warehouse.settings().api_url, icon=":material/desk:")
        st.button("Sign out", on_click=st.logout, icon=":material/logout:")


if __name__ == "__main__":
    main()
