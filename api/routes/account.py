"""One's own account: the password, and where one is signed in."""

from datetime import datetime
from uuid import UUID

from api.deps import ActorDep, HubDep, NowDep, SessionDep, signed_in
from api.door import Doors
from api.hub import Hub
from api.schemas.users import OwnSessionOut, PasswordForm
from operational.access import queries, sessions, throttle
from operational.access import service as access
from operational.kit import db
from operational.kit.actor import Actor

router = Doors("/api/account", tag="account")

PASSWORD_TRIES_MAX = 10
"""A quarter of an hour: whoever finds an open session must not guess the password in it."""


def count_try(hub: Hub, actor: Actor, now: datetime) -> None:
    """Count the try before the password is compared, and keep the count whatever comes of it.

    Raises:
        TooManyTries.
    """
    with db.transaction(hub.engine) as session:
        key = f"password:{actor.id}"
        throttle.count_try(session, key, tries_max=PASSWORD_TRIES_MAX, now=now)


@router.put("/password", status_code=204, dependencies=[signed_in()])
def change_password(
    form: PasswordForm, hub: HubDep, session: SessionDep, actor: ActorDep, now: NowDep
) -> None:
    """Change one's own password; every session of the account ends, this one too."""
    count_try(hub, actor, now)
    access.change_password(
        session,
        UUID(actor.id),
        form.old.get_secret_value(),
        form.new.get_secret_value(),
        actor=actor,
        now=now,
    )


@router.get("/sessions", dependencies=[signed_in()])
def own_sessions(session: SessionDep, actor: ActorDep, now: NowDep) -> list[OwnSessionOut]:
    found = queries.sessions_of(UUID(actor.id), now, sessions.idle_max(actor.roles))
    return [OwnSessionOut.model_validate(one) for one in session.scalars(found)]


@router.delete("/sessions", status_code=204, dependencies=[signed_in()])
def end_others(session: SessionDep, actor: ActorDep, now: NowDep) -> None:
    """Sign out everywhere but here."""
    sessions.end_others(session, actor=actor, now=now)


@router.delete("/sessions/{session_id}", status_code=204, dependencies=[signed_in()])
def end_session(session_id: UUID, session: SessionDep, actor: ActorDep, now: NowDep) -> None:
    """Sign out there."""
    sessions.end_own(session, session_id, actor=actor, now=now)
