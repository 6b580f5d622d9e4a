"""A page that cannot be drawn yet tries again by itself."""

from datetime import datetime, timedelta

import streamlit as st

from operational.kit.clock import utc_now

WAIT = timedelta(seconds=3)


def try_again() -> None:
    """Run the whole page again in a moment."""
    _look(utc_now())


# The first run of a fragment is part of the page's own; only a later one starts the page again.
@st.fragment(run_every=WAIT)
def _look(begun: datetime) -> None:
    if utc_now() - begun >= WAIT / 2:
        st.rerun()
