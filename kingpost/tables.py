"""`kingpost rules`: decision tables. Drafting and publishing need two persons, here as anywhere."""

import json
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from kingpost.terminal import Work, console, stop, work
from operational.access import sessions
from operational.access.totp import FieldKey
from operational.kit.actor import Actor
from operational.rules import queries, replays, service

app = typer.Typer(no_args_is_help=True)

By = Annotated[str, typer.Option("--by", prompt="Your e-mail", help="Who does it; signs in.")]


@app.command("list")
def list_(name: Annotated[str | None, typer.Argument(help="One table only.")] = None) -> None:
    """Every version of every table, the one in force marked."""
    found = Table("id", "table", "version", "state", "made by", "note", box=SIMPLE_HEAD)
    found.columns[0].no_wrap = True
    with work() as at:
        for row in at.session.scalars(queries.versions(name)):
            cells = (row.id, row.name, row.version, row.status, row.made_by, row.note)
            found.add_row(*map(str, cells))
    console.print(found)


@app.command()
def draft(
    name: str,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A JSON document.")],
    note: Annotated[str, typer.Option(prompt=True, help="What changes, and why.")],
    by: By,
) -> None:
    """Write the next version of a table. It decides nothing until another person publishes it."""
    with work() as at:
        content = json.loads(file.read_text())
        actor = _signed_in(at, by)
        made = service.draft(at.session, name, content, note=note, actor=actor, now=at.now)
    console.print(f"{made.name} version {made.version} waits for a second person: {made.id}")


@app.command()
def publish(version: UUID, by: By) -> None:
    """Put a draft in force, as another person than its maker."""
    with work() as at:
        made = service.publish(at.session, version, actor=_signed_in(at, by), now=at.now)
    console.print(f"{made.name} version {made.version} decides from now on.")


@app.command()
def replay(
    version: UUID,
    last: Annotated[int, typer.Option(help="How many past decisions.")] = 1000,
) -> None:
    """What a version would have made of the latest decisions; nothing is stored.

    A whole year is tried on the version's page, where the worker does it and the result stays.
    """
    with work() as at:
        chosen = queries.version(at.session, version)
        tried = replays.attempt(
            chosen, at.session.scalars(queries.recent_decisions(chosen.name, last))
        )
    console.print(f"{len(tried.same)} decisions the same, {len(tried.different)} different.")
    for other in tried.different:
        console.print(f"{other.decision_id}: {other.was} -> {other.would_be or other.refusal}")


def _signed_in(at: Work, email: str) -> Actor:
    """Four eyes need two persons, so the command line asks for theirs."""
    password = typer.prompt("Password", hide_input=True)
    code = typer.prompt("One-time code", default="", show_default=False)
    key = FieldKey.of(at.settings)
    _, token = sessions.sign_in(
        at.session,
        email,
        password,
        code,
        key=key,
        visitor=Actor("anonymous", "anonymous", frozenset(), ip="127.0.0.1"),
        user_agent="kingpost",
        now=at.now,
    )
    return sessions.actor_of(at.session, token, ip="127.0.0.1", now=at.now) or stop(
        f"{email} holds no role."
    )
