"""`kingpost user`: who may sign in. The command line acts as the hub itself."""

from typing import Annotated
from uuid import UUID

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from kingpost.terminal import COMMAND_LINE, Work, console, stop, work
from operational.access import queries, recovery, service, totp
from operational.access.matrix import Role, is_staff
from operational.access.totp import FieldKey
from operational.kit.clock import utc_now
from operational.kit.settings import Settings
from sandbox.story import logins

app = typer.Typer(no_args_is_help=True)

Password = Annotated[
    str,
    typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, help="Asked if left out."),
]


@app.command()
def create(
    email: str,
    role: Role,
    password: Password,
    *,
    name: Annotated[str, typer.Option(prompt=True, help="As shown to others.")],
) -> None:
    """Make somebody who can sign in; prints the one-time-code secret of staff."""
    with work() as at:
        user = service.create_user(
            at.session,
            email=email,
            name=name,
            password=password,
            role=role,
            actor=COMMAND_LINE,
            now=at.now,
        )
        secret = None
        if is_staff(frozenset({role})):
            key = FieldKey.of(at.settings)
            secret = service.enrol_totp(
                at.session, user.id, key=key, actor=COMMAND_LINE, now=at.now
            )
    console.print(f"{email} may sign in as {role.replace('_', ' ')}.")
    _show_once(secret, email)


@app.command()
def disable(
    email: str, reason: Annotated[str, typer.Option(prompt=True, help="Kept in the audit log.")]
) -> None:
    """Shut an account; its sessions end at once."""
    with work() as at:
        user_id = _user_id(at, email)
        service.disable(at.session, user_id, reason=reason, actor=COMMAND_LINE, now=at.now)
    console.print(f"{email} can no longer sign in.")


@app.command()
def reset(email: str, password: Password) -> None:
    """Set a new password and, for staff, a new one-time-code secret; every session ends."""
    with work() as at:
        secret = recovery.reset(
            at.session,
            _user_id(at, email),
            password,
            key=FieldKey.of(at.settings),
            actor=COMMAND_LINE,
            now=at.now,
        )
    console.print(f"{email} has a new password.")
    _show_once(secret, email)


@app.command("list")
def list_() -> None:
    """Staff with their roles."""
    found = Table("e-mail", "name", "roles", "state", box=SIMPLE_HEAD)
    with work() as at:
        for line in queries.staff(at.session):
            state = "may sign in" if line.has_password else "not handed over yet"
            state = state if line.is_active else "disabled"
            found.add_row(line.email, line.name, ", ".join(line.roles), state)
    console.print(found)


@app.command()
def code(email: str) -> None:
    """The one-time code of a demo login at this moment; others use their own app."""
    known = {login["email"]: login for login in logins.read(Settings())}
    secret = known.get(email, {}).get("totp_secret") or stop(
        f"{email} is no demo login with codes."
    )
    console.print(totp.code_at(secret, utc_now()), highlight=False)


def _user_id(at: Work, email: str) -> UUID:
    found = queries.user_by_email(at.session, email)
    return found.id if found else stop(f"There is no user {email}.")


def _show_once(secret: str | None, email: str) -> None:
    if secret:
        console.print(f"One-time codes: {secret}", highlight=False, soft_wrap=True)
        console.print(totp.enrolment_uri(secret, email), highlight=False, soft_wrap=True)
