"""The provider's addresses: discovery, authorise, token, keys, user info, logout."""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from api import oidc
from api.deps import ActorDep, HubDep, NowDep, SessionDep, needs, public, signed_in, stranger
from api.door import Doors
from api.schemas.oidc import AuthorizeQuery, TokenForm, TokensOut, UserInfoOut
from api.web.door import Pages
from operational.access import codes, queries, sessions
from operational.access.errors import GrantUnsupported
from operational.access.matrix import Permission

GRANT = "authorization_code"

router = Doors(tag="oidc")
pages = Pages()


@router.get(
    "/.well-known/openid-configuration", dependencies=[public("programs read it before sign-in")]
)
def discovery(hub: HubDep) -> dict[str, Any]:
    return oidc.metadata(hub.settings.api_url)


@router.get("/oidc/jwks", dependencies=[public("keys to check our signatures with")])
def jwks(hub: HubDep) -> dict[str, Any]:
    return {"keys": [oidc.signing_key(hub.settings).as_dict(private=False)]}


@pages.get("/oidc/authorize", dependencies=[needs(Permission.KPIS_READ)])
def authorize(
    asked: Annotated[AuthorizeQuery, Query()],
    hub: HubDep,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    """Send a signed-in person back to the program with a code."""
    oidc.dashboards(hub.settings).check(asked.client_id, asked.redirect_uri)
    problem = asked.problem()
    answer: dict[str, str] = {"error": problem} if problem else {}
    assert actor.session_id is not None
    if not problem:
        answer["code"] = codes.issue(
            session,
            actor.session_id,
            client_id=asked.client_id,
            redirect_uri=asked.redirect_uri,
            nonce=asked.nonce,
            challenge=asked.code_challenge,
            now=now,
        )
    if asked.state:
        answer["state"] = asked.state
    return RedirectResponse(f"{asked.redirect_uri}?{urlencode(answer)}", 302)


@router.post("/oidc/token", dependencies=[public("the program proves itself by its secret")])
def token(
    form: Annotated[TokenForm, Form()],
    request: Request,
    hub: HubDep,
    session: SessionDep,
    now: NowDep,
) -> TokensOut:
    program = oidc.dashboards(hub.settings)
    given = oidc.basic_credentials(request.headers.get("authorization", ""))
    program.authenticate(*(given or (form.client_id, form.client_secret)))
    if form.grant_type != GRANT:
        raise GrantUnsupported(f"Only {GRANT} is served here.")
    handed = codes.redeem(
        session,
        form.code,
        client_id=program.client_id,
        redirect_uri=form.redirect_uri,
        verifier=form.code_verifier,
        visitor=stranger(request),
        now=now,
    )
    return TokensOut(
        access_token=handed.token,
        expires_in=int((handed.expires_at - now).total_seconds()),
        id_token=oidc.id_token(hub.settings, handed, program.client_id, now),
    )


@router.get("/oidc/userinfo", dependencies=[signed_in()])
def user_info(session: SessionDep, actor: ActorDep) -> UserInfoOut:
    user = queries.user(session, UUID(actor.id))
    return UserInfoOut(sub=actor.id, name=user.name, email=user.email, roles=sorted(actor.roles))


@router.get("/oidc/logout", dependencies=[public("the token we once signed names the session")])
def logout(
    hub: HubDep,
    session: SessionDep,
    now: NowDep,
    id_token_hint: Annotated[str, Query(max_length=4000)] = "",
    post_logout_redirect_uri: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """End the session a program signed out of, in every program and in the browser."""
    session_id = oidc.session_of_hint(hub.settings, id_token_hint)
    if session_id is not None:
        sessions.end(session, session_id, now=now)
    program = oidc.dashboards(hub.settings)
    back = {program.redirect_uri, program.home, f"{program.home}/"}
    is_own = post_logout_redirect_uri in back
    return RedirectResponse(post_logout_redirect_uri if is_own else "/sign-in", 302)
