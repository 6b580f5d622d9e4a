"""How old are the numbers, what held a refresh back, and what arrives?"""

import polars as pl
import streamlit as st

from dashboards import tables, theme, warehouse, widgets
from dashboards.reader import Reader
from dashboards.warehouse import ask
from lake import arrivals, publication
from lake.publication import Publication

SHOWN = 50


def render(who: Reader) -> None:
    st.title("Freshness and checks")
    found = widgets.published(who)
    decisions = publication.history(warehouse.settings(), SHOWN)

    newest = decisions[0]
    _tiles(found, newest)
    if not newest.is_published:
        _story(found, decisions)

    st.subheader("What arrives")
    tables.table(ask(found.snapshot, arrivals.BY_SOURCE), empty="Nothing ever arrived.")
    st.subheader("Newest refreshes")
    tables.table(pl.DataFrame([_line(each) for each in decisions], infer_schema_length=None))
    st.subheader("Checks of the newest refresh")
    tables.table(_checks(newest))


def _tiles(found: Publication, newest: Publication) -> None:
    passed = len(newest.checks) - len(newest.failures)
    with st.grid(4, min_column_width=widgets.TILE_WIDTH_MIN, gap="small"):
        took = theme.duration(found.decided_at - found.as_of)
        st.metric("Refresh took", took, border=True, help="Read, built, checked, published.")
        st.metric("Checks passed", f"{passed} of {len(newest.checks)}", border=True)


def _story(found: Publication, decisions: list[Publication]) -> None:
    """Since when nothing new was published, what failed, and what it said."""
    since = [each for each in decisions if each.decided_at > found.decided_at]
    st.error(
        f"Refreshes have been held back since **{since[-1].decided_at:%d %b %Y %H:%M} UTC**,"
        f" {len(since)} in a row. Every page shows snapshot {found.snapshot} until one passes.",
        icon=":material/front_hand:",
    )
    for check in since[0].failures:
        with st.container(border=True):
            st.markdown(f"**{widgets.check_name(check.name)}**")
            st.code(check.detail or "The check gave no detail.", language=None, wrap_lines=True)


def _line(decision: Publication) -> dict[str, object]:
    return {
        "decided_at": decision.decided_at,
        "outcome": "published" if decision.is_published else "held back",
        "as_of_at": decision.as_of,
        "snapshot": decision.snapshot,
        "took_seconds": int((decision.decided_at - decision.as_of).total_seconds()),
        "held_back_by": ", ".join(widgets.check_name(each.name) for each in decision.failures),
    }


def _checks(newest: Publication) -> pl.DataFrame:
    """Failed ones first."""
    ordered = sorted(newest.checks, key=lambda check: (check.passed, check.name))
    return pl.DataFrame(
        {
            "outcome": ["passed" if check.passed else "failed" for check in ordered],
            "check": [widgets.check_name(check.name) for check in ordered],
            "detail": [check.detail for check in ordered],
        }
    )
