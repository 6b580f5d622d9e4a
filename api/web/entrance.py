"""The way in and out: landing page, registration, sign-in, sign-out."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Form, Request, Response

from api import cookies, registration
from api.deps import (
    ActorDep,
    HubDep,
    NowDep,
    SessionDep,
    VisitorDep,
    public,
    signed_in,
    stranger,
)
from api.routes.sessions import count_tries
from api.schemas.entrance import RegisterForm, SignInPageForm
from api.web.door import Pages
from api.web.shell import page, see_other
from operational.access import sessions
from operational.access.errors import EmailTaken
from operational.access.matrix import Role, is_staff
from operational.kit.actor import Actor
from operational.partners import service as partners

router = Pages()

ANYBODY = public("anybody may become a client")

CAMPAIGN = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
CAMPAIGN_CHARACTERS_MAX = 200


@router.get("/", dependencies=[public("the shop window")])
def landing(request: Request, visitor: VisitorDep) -> Response:
    """Everybody starts where they belong."""
    return see_other(home_of(visitor)) if visitor.roles else page(request, "landing.html")


@router.get("/register", dependencies=[ANYBODY])
def register_page(request: Request, _: VisitorDep, ref: str = "") -> Response:
    return page(request, "register.html", referral_code=ref[:40], campaign=campaign_of(request))


@router.post("/register", dependencies=[ANYBODY, Depends(registration.throttled)])
def register(
    form: Annotated[RegisterForm, Form()],
    request: Request,
    *,
    session: SessionDep,
    visitor: VisitorDep,
    hub: HubDep,
    now: NowDep,
) -> Response:
    """A lead becomes a client who is signed in at once; a colleague stays who they are."""
    is_colleague = is_staff(visitor.roles)
    device = None if is_colleague else registration.device_of(request)
    lead = form.lead(registration.language_of(request), device)
    country = None if is_colleague else registration.country_of(request, hub.settings)
    try:
        client = partners.register_client(session, lead, actor=visitor, now=now, ip_country=country)
    except EmailTaken:
        registration.count_taken(request, hub, now)
        raise
    if device is None:
        return see_other(f"/staff/clients/{client.id}")
    token = sessions.enter(
        session,
        client.user_id,
        visitor=visitor,
        user_agent=request.headers.get("user-agent", ""),
        now=now,
    )
    response = see_other("/room")
    cookies.put(response, request, token)
    registration.mark(response, request, device)
    return response


@router.get("/sign-in", dependencies=[public("this is the way in")])
def sign_in_page(request: Request, _: VisitorDep, next: str = "") -> Response:  # noqa: A002 - the usual name in a link
    return page(request, "sign_in.html", next=safe_path(next))


@router.post("/sign-in", dependencies=[public("this is the way in")])
def sign_in(
    form: Annotated[SignInPageForm, Form()],
    request: Request,
    hub: HubDep,
    session: SessionDep,
    now: NowDep,
) -> Response:
    count_tries(hub, form.email, request, now)
    _, token = sessions.sign_in(
        session,
        form.email,
        form.password.get_secret_value(),
        form.code,
        key=hub.key,
        visitor=stranger(request),
        user_agent=request.headers.get("user-agent", ""),
        now=now,
    )
    response = see_other(safe_path(form.next) or "/")
    cookies.put(response, request, token)
    return response


@router.post("/sign-out", dependencies=[signed_in()])
def sign_out(request: Request, session: SessionDep, actor: ActorDep, now: NowDep) -> Response:
    assert actor.session_id is not None
    sessions.sign_out(session, actor.session_id, actor=actor, now=now)
    response = see_other("/sign-in", "signed_out")
    cookies.drop(response, request)
    return response


def home_of(actor: Actor) -> str:
    """Where a person of these roles starts."""
    if is_staff(actor.roles):
        return "/staff"
    return "/partner" if Role.PARTNER in actor.roles else "/room"


def campaign_of(request: Request) -> Mapping[str, Any]:
    """The campaign fields of the link that led here."""
    found = {name: request.query_params.get(name, "") for name in CAMPAIGN}
    return {name: text[:CAMPAIGN_CHARACTERS_MAX] for name, text in found.items() if text}


def safe_path(path: str) -> str:
    """A path of our own to go on to; anything else would send people to a stranger's page."""
    is_own = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_own else ""
