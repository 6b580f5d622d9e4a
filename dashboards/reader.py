"""Who reads: signed in by the API's OpenID Connect provider, asked again on every rerun.

Streamlit's own sign-in cookie lives for thirty days and cannot be shortened, so it proves nothing
by itself: a page is drawn only after the API said that the session still stands.
"""

from dataclasses import dataclass, field
from typing import Any, NoReturn

import httpx
import streamlit as st

from dashboards import patience, warehouse

TIMEOUT_SECONDS = 5
_BY_ITSELF = {"X-Kingpost-By-Itself": "1"}


@dataclass(frozen=True)
class Reader:
    """A signed-in person and what the access matrix allows them."""

    name: str
    roles: tuple[str, ...]
    permissions: frozenset[str]
    token: str = field(repr=False, compare=False)

    def may(self, *permissions: str) -> bool:
        """Whether they hold any of these."""
        return not self.permissions.isdisjoint(permissions)


class ApiSilent(ConnectionError):
    """The API does not answer, so nobody knows whether a session stands."""


def current() -> Reader:
    """The reader of this rerun. Ends the rerun with a page that says why if there is none."""
    if not st.user.is_logged_in:
        _sign_in_page()
    try:
        found = ask(str(st.user.tokens["access"]), by_itself=patience.renewed_itself())
    except ApiSilent:
        _waiting_page()
    return found or _ended_page()


def is_still(who: Reader) -> bool:
    """Whether the session still stands with the same rights.

    A fragment reruns without the frame around it, so it has to ask by itself.
    """
    try:
        return ask(who.token, by_itself=True) == who
    except ApiSilent:
        return False


def ask(token: str, *, by_itself: bool = False) -> Reader | None:
    """Whose session this is, or None if it has ended.

    Asked `by_itself`, by a page and not by a person, the session goes on growing idle.

    Raises:
        ApiSilent: no answer, or none that can be understood.
    """
    try:
        headers = {"Authorization": f"Bearer {token}"} | (_BY_ITSELF if by_itself else {})
        answer = _api().get("/session", headers=headers)
        if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            return None
        found: dict[str, Any] = answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise ApiSilent(str(error)) from error
    return Reader(found["name"], tuple(found["roles"]), frozenset(found["permissions"]), token)


# One client for all readers: connections are kept, and certificates are read once.
@st.cache_resource(show_spinner=False, on_release=httpx.Client.close)
def _api() -> httpx.Client:
    return httpx.Client(base_url=warehouse.settings().api_url, timeout=TIMEOUT_SECONDS)


def _sign_in_page() -> NoReturn:
    st.title("Kingpost")
    st.write("Figures of the brokerage, each open down to the rows that made it.")
    st.button("Sign in", type="primary", on_click=st.login)
    st.stop()


def _ended_page() -> NoReturn:
    st.title("Kingpost")
    st.warning("Your session has ended.", icon=":material/lock:")
    st.button("Sign in again", type="primary", on_click=st.login)
    st.stop()


def _waiting_page() -> NoReturn:
    st.title("Kingpost")
    st.warning("The API does not answer, so nobody can be let in. This page tries again by itself.")
    patience.try_again()
    st.stop()
