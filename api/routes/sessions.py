"""Sign in, sign out, and ask whether the session still stands."""

from datetime import datetime

from fastapi import Request, Response

from api import cookies
from api.deps import ActorDep, HubDep, NowDep, SessionDep, address_of, public, signed_in, stranger
from api.door import Doors
from api.hub import Hub
from api.schemas.sessions import SessionOut, SignInForm, TokenOut
from operational.access import sessions, throttle
from operational.kit import db

router = Doors("/session", tag="session")

TRIES_PER_ACCOUNT_MAX = 10
TRIES_PER_ADDRESS_MAX = 300
"""A quarter of an hour of an office behind one address."""


def count_tries(hub: Hub, email: str, request: Request, now: datetime) -> None:
    """Count the try before anything costly is done, and keep the count whatever comes of it.

    Raises:
        TooManyTries: of this account or from this address.
    """
    with db.transaction(hub.engine) as session:
        address = f"sign_in:address:{address_of(request)}"
        throttle.count_try(session, address, tries_max=TRIES_PER_ADDRESS_MAX, now=now)
        account = throttle.sign_in_key(email)
        throttle.count_try(session, account, tries_max=TRIES_PER_ACCOUNT_MAX, now=now)


@router.post("", status_code=201, dependencies=[public("this is the way in")])
def sign_in(
    *,
    form: SignInForm,
    request: Request,
    response: Response,
    hub: HubDep,
    session: SessionDep,
    now: NowDep,
) -> TokenOut:
    count_tries(hub, form.email, request, now)
    opened, token = sessions.sign_in(
        session,
        form.email,
        form.password.get_secret_value(),
        form.code,
        key=hub.key,
        visitor=stranger(request),
        user_agent=request.headers.get("user-agent", ""),
        now=now,
    )
    cookies.put(response, request, token)
    return TokenOut(token=token, expires_at=opened.expires_at)


@router.get("", dependencies=[signed_in()])
def who_am_i(actor: ActorDep) -> SessionOut:
    """Whether the session still stands, and what its user may do now. Dashboards ask on each run."""
    return SessionOut.of(actor)


@router.delete("", status_code=204, dependencies=[signed_in()])
def sign_out(
    request: Request, response: Response, session: SessionDep, actor: ActorDep, now: NowDep
) -> None:
    assert actor.session_id is not None
    sessions.sign_out(session, actor.session_id, actor=actor, now=now)
    cookies.drop(response, request)
