"""Taking up an account: the page that an invitation leads to."""

from typing import Annotated

import segno
from fastapi import Form, Request, Response

from api.deps import HubDep, NowDep, SessionDep, VisitorDep, public
from api.schemas.users import JoinForm
from api.web.door import Pages
from api.web.shell import page, see_other
from operational.access import invitations, queries, totp

router = Pages("/welcome")

GUEST = public("the link is the proof")


@router.get("/{token}", dependencies=[GUEST])
def welcome(
    request: Request, token: str, session: SessionDep, _: VisitorDep, now: NowDep
) -> Response:
    """A new secret at each look; the one whose code comes back is kept, and only then."""
    user = invitations.invited(session, token, now)
    typed = getattr(request.state, "typed", {})
    secret = typed.get("secret") or totp.new_secret()
    code = segno.make(totp.enrolment_uri(secret, user.email))
    return page(
        request,
        "welcome.html",
        user=user,
        needs_codes=invitations.needs_codes(session, user),
        secret=secret,
        picture=code.svg_data_uri(scale=5, dark="#14232c"),
    )


@router.post("/{token}", dependencies=[GUEST])
def join(
    token: str,
    form: Annotated[JoinForm, Form()],
    *,
    session: SessionDep,
    visitor: VisitorDep,
    hub: HubDep,
    now: NowDep,
) -> Response:
    user = invitations.follow(
        session,
        token,
        password=form.password.get_secret_value(),
        secret=form.secret,
        code=form.code,
        key=hub.key,
        visitor=visitor,
        now=now,
    )
    is_ready = bool(queries.roles_of(session, user.id))
    return see_other("/sign-in", "joined" if is_ready else "joined_without_role")
