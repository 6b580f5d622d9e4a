"""A page that runs again by itself: it has something new, or could not be drawn yet."""

from datetime import datetime, timedelta
from typing import NoReturn

import streamlit as st

from operational.kit.clock import utc_now

WAIT = timedelta(seconds=3)
_RENEWS = "page_renews_itself"


def try_again() -> None:
    """Run the whole page again in a moment."""
    _look(utc_now())


# The first run of a fragment is part of the page's own; only a later one starts the page again.
@st.fragment(run_every=WAIT)
def _look(begun: datetime) -> None:
    if utc_now() - begun >= WAIT / 2:
        renew()


def renew() -> NoReturn:
    """Run the whole page again without a person having asked, which keeps no session open."""
    st.session_state[_RENEWS] = True
    st.rerun()


def renewed_itself() -> bool:
    """Whether this run is such a one; asked once a run."""
    return bool(st.session_state.pop(_RENEWS, False))
