"""The `kingpost` command. Every command is a few lines; docs/cli.md describes them all."""

import json
import shutil
import signal
import sys
import threading
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kingpost import (
    backup,
    bench,
    configuration,
    first_day,
    home,
    hub,
    parts,
    people,
    ports,
    screening,
    tables,
    verify,
)
from kingpost.ports import PortTaken
from kingpost.supervisor import PartFailed
from kingpost.terminal import console, stop, work
from operational.audit.export import export
from operational.kit import db, postgres
from operational.kit.settings import Settings
from operational.migrations.upgrade import upgrade

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Kingpost, the operating hub of a brokerage.",
)
app.add_typer(people.app, name="user", help="Who may sign in.")
app.add_typer(screening.app, name="screening", help="Sanctions lists clients are checked against.")
app.add_typer(tables.app, name="rules", help="Decision tables and their versions.")


class What(StrEnum):
    LEDGER = "ledger"
    AUDIT = "audit"
    LAKE = "lake"
    ALL = "all"


Clients = Annotated[int | None, typer.Option(help="Clients of the demo broker; 0 for none. [300]")]
Days = Annotated[int | None, typer.Option(help="Days of its story. [60]")]
Seed = Annotated[
    int | None, typer.Option(help="On one day (UTC) the same seed tells the same story. [1]")
]
AutoPort = Annotated[bool, typer.Option(help="Never ask when a port is taken.")]
Without = Annotated[list[str], typer.Option(help="Leave this part out, such as worker.")]

REFUSALS = (
    backup.NoBackup,
    configuration.SocketFolderTaken,
    first_day.NoStory,
    home.HubRuns,
    postgres.NotStarted,
    PartFailed,
    PortTaken,
)


@app.command()
def up(
    *,
    clients: Clients = None,
    days: Days = None,
    seed: Seed = None,
    auto_port: AutoPort = False,
    without: Without = [],  # noqa: B006 - Typer's way to say that it may be given several times
) -> None:
    """Start the whole hub; Ctrl-C stops it. Its demo broker stays the one it was begun with."""
    settings = Settings()
    names = [part.name for part in parts.parts(settings)]
    if unknown := sorted(set(without) - set(names)):
        stop(f"There is no part {', '.join(unknown)}. Parts: {', '.join(names)}.")
    story = first_day.chosen(settings, clients=clients, days=days, seed=seed)
    try:
        hub.up(settings, story, console, _choose(auto_port), without=without)
    except REFUSALS as refusal:
        stop(str(refusal))


@app.command()
def demo(
    *, clients: Clients = None, days: Days = None, seed: Seed = None, auto_port: AutoPort = False
) -> None:
    """Tell the demo broker's story, or go on where it was interrupted. The hub must be stopped."""
    settings = Settings()
    story = first_day.chosen(settings, clients=clients, days=days, seed=seed)
    try:
        with home.alone(settings.root):
            # A worker that a killed hub left behind would spoil the story.
            home.end_leftovers(settings.root)
            settings = ports.settle(settings, _choose(auto_port))
            home.note(settings, [])
            with home.database(settings) as running:
                upgrade(running)
                first_day.tell(running, story, console)
    except REFUSALS as refusal:
        stop(str(refusal))
    console.print(f"{story} are told.")


def _choose(auto_port: bool) -> ports.Choose:
    def choose(who: str, port: int, offered: int) -> bool:
        console.print(f"Port {port} is in use; {who} can use {offered}.")
        return auto_port or not sys.stdin.isatty() or typer.confirm("Use it?", default=True)

    return choose


@app.command()
def refresh(*, whole: Annotated[bool, typer.Option(help="Build every mart anew.")] = False) -> None:
    """Bring the lake up to now and publish it: one whole pass, no daemon needed."""
    settings = home.of_running_hub(Settings())
    # dbt and DuckDB take seconds to load, and no other command needs them.
    from pipelines.refresh import refresh as bring_up_to_now  # noqa: PLC0415

    with home.database(settings) as running, console.status("") as status:
        outcome = bring_up_to_now(running, status.update, whole=whole)
    for file, reason in outcome.landed.refused.items():
        console.print(f"Refused: {file}: {reason}", markup=False)
    for source, reason in outcome.landed.unavailable.items():
        console.print(f"No answer: {source}: {reason}", markup=False)
    for failure in outcome.failures:
        console.print(f"{failure.name}: {failure.detail}", markup=False)
    if not outcome.is_published:
        stop("Not published: the numbers of before stand.")
    console.print(f"Published as of {outcome.as_of:%F %T} UTC.", highlight=False)


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    with home.database(Settings()) as settings:
        upgrade(settings)
    console.print("The schema is up to date.")


@app.command("verify")
def verify_(
    what: Annotated[What, typer.Argument(help="What to check.")] = What.ALL,
    *,
    export: Annotated[Path | None, typer.Option(help="Audit only: an exported log.")] = None,
    key: Annotated[Path | None, typer.Option(help="Its public key (PEM).")] = None,
    checkpoints: Annotated[Path | None, typer.Option(help="Checkpoints kept outside.")] = None,
) -> None:
    """Check ledger, audit log and lake against each other; name whatever is wrong."""
    if export:
        if not key:
            stop("An export is verified with its public key: --key FILE.")
        report = verify.exported(export, key, checkpoints)
    else:
        with home.database(home.of_running_hub(Settings())) as settings:
            report = verify.run(settings, None if what is What.ALL else what.value)
    for line in report.lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(0 if report.is_clean else 1)


@app.command("export")
def export_(folder: Annotated[Path, typer.Argument(help="A new folder.")]) -> None:
    """Export the audit log, to be verified elsewhere with `kingpost verify audit --export`."""
    with work(db.EXTRACT) as at:
        rows = export(at.session, folder)
    console.print(f"{rows} rows in {folder}.")


@app.command("bench")
def bench_(
    name: Annotated[str, typer.Argument(help="Which; leave out to list them.")] = "",
    *,
    scale: Annotated[
        int | None, typer.Option("--scale", "-n", help="Of how many; each has its own default.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, last line.")] = False,
) -> None:
    """Measure ourselves beside the limit, in a database and a folder of its own."""
    if name not in bench.names():
        stop(f"Benchmarks: {', '.join(bench.names())}.", code=1 if name else 0)
    with console.status(name) as status:
        found = bench.run(name, scale, status.update)
    if as_json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        console.print(bench.as_table(found))


@app.command("backup")
def backup_(
    folder: Annotated[Path, typer.Argument(help="Where backups lie; made if need be.")],
    *,
    follow: Annotated[bool, typer.Option(help="Go on until Ctrl-C, to the last change.")] = False,
) -> None:
    """Back up database, keys, documents and lake; the hub may run meanwhile."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT) if follow else ():
        signal.signal(number, lambda *_: stopped.set())
    try:
        with home.database(_embedded()) as settings:
            if follow:
                backup.follow(settings, folder, stopped)
            else:
                console.print(f"Backed up: {backup.back_up(settings, folder)}.", soft_wrap=True)
    except REFUSALS as refusal:
        stop(str(refusal))


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="A folder of `kingpost backup`.")],
    *,
    to: Annotated[
        datetime | None, typer.Option(help="A moment in UTC; left out, as far as the backup goes.")
    ] = None,
) -> None:
    """Make the home folder, which must have no database yet, what it was at a moment."""
    settings = _embedded()
    try:
        with home.alone(settings.root):
            found = backup.restore(settings, folder, to.replace(tzinfo=UTC) if to else None)
            postgres.stop(home.pgdata(settings))
    except REFUSALS as refusal:
        stop(str(refusal))
    last = f"{found.last_change_at:%F %T} UTC" if found.last_change_at else "the base itself"
    console.print(f"Restored in {found.seconds:.0f} s. The last change in it: {last}.")


def _embedded() -> Settings:
    """The settings, where the database is ours to back up."""
    settings = Settings()
    if settings.database_url:
        stop("The database is a server of your own: back it up as you do your others.")
    return settings


@app.command()
def reset(*, yes: Annotated[bool, typer.Option(help="Do not ask.")] = False) -> None:
    """Forget everything in the home folder. The hub must be stopped."""
    root = Settings().root
    if not root.exists() or not any(root.iterdir()):
        stop(f"There is nothing in {root}.", code=0)
    if not home.is_home(root):
        stop(f"{root} was never a home folder of Kingpost. Nothing is deleted.")
    if not (yes or typer.confirm(f"Forget everything in {root}?")):
        raise typer.Exit(1)
    try:
        with home.alone(root):
            home.end_leftovers(root)
            postgres.stop(home.pgdata(Settings()))
            shutil.rmtree(root, ignore_errors=True)
    except home.HubRuns as runs:
        stop(f"{runs} Stop it first.")
    if root.exists() and (left := [str(path) for path in root.rglob("*")]):
        stop("Could not be deleted:\n" + "\n".join(left))


if __name__ == "__main__":
    app()
