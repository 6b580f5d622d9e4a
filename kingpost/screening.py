"""`kingpost screening`: the sanctions lists that clients are checked against."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from kingpost.terminal import COMMAND_LINE, console, stop, work
from operational.kyc import lists, queries
from operational.kyc.screening import Entry

if TYPE_CHECKING:
    from pipelines.contracts import Batch

VERSION_DIGITS = 12

app = typer.Typer(no_args_is_help=True)

_BORN = re.compile(r"\bDOB (?:\d{1,2} )?(?:[A-Z][a-z]{2} )?(?P<year>\d{4})")


@app.command("list")
def list_() -> None:
    """Every list in force."""
    found = Table("list", "version", "names", "loaded", box=SIMPLE_HEAD)
    with work() as at:
        for row in at.session.scalars(queries.lists()):
            found.add_row(row.name, row.version, f"{row.entries_count:,}", f"{row.loaded_at:%F %R}")
    console.print(found)


@app.command()
def load(
    files: Annotated[
        list[Path],
        typer.Argument(
            exists=True, dir_okay=False, help="OFAC: sdn.csv alt.csv add.csv; UN: the XML."
        ),
    ],
) -> None:
    """Put a published list of people in force; all of it or, if a file is refused, nothing."""
    # pyarrow takes a second to load, and no other command needs it.
    from pipelines.contracts import FileRefused  # noqa: PLC0415
    from pipelines.inbox import Arrival  # noqa: PLC0415
    from pipelines.reference import receive  # noqa: PLC0415

    try:
        issues = [receive.read_list(Arrival("", each)) for each in receive.group_lists(files)]
    except FileRefused as refusal:
        stop(f"Nothing was loaded. {refusal}")
    with work() as at:
        for (batch,) in issues:
            name = f"{batch.source}_{batch.name}"
            version = batch.content_sha256[:VERSION_DIGITS]
            named = people(batch, name)
            made = lists.load_list(at.session, name, version, named, actor=COMMAND_LINE, now=at.now)
            console.print(f"{name}: {made.entries_count:,} names in force.", highlight=False)


def people(batch: "Batch", list_name: str) -> Iterator[Entry]:
    """Every name and alias of the persons on a list, with the year of birth where there is one."""
    tables = {name.split("_")[-1]: table.to_pylist() for name, table in batch.tables.items()}
    key = "ent_num" if batch.source == "ofac" else "data_id"
    born = _born(tables, key)
    persons = {row[key]: row for row in tables["entries"] if row["kind"] == "individual"}
    names = [(number, row["name"]) for number, row in persons.items()]
    names += [(number, row.get("original_script_name")) for number, row in persons.items()]
    names += [(row[key], row["name"]) for row in tables["aliases"] if row[key] in persons]
    for number, name in names:
        if name:
            programme = ", ".join(persons[number].get("programs") or ())
            years = born[number]
            year = min(years) if len(years) == 1 else None
            yield Entry(list_name, str(number), name, year, programme=programme)


def _born(tables: dict[str, list[dict[str, object]]], key: str) -> dict[object, set[int]]:
    """The years a person may be born in. More than one decides nothing."""
    found: dict[object, set[int]] = defaultdict(set)
    for row in tables.get("births", ()):
        found[row[key]] |= {int(str(row[end])) for end in ("from_year", "to_year") if row[end]}
    for row in tables["entries"]:
        years = _BORN.findall(str(row.get("remarks") or ""))
        found[row[key]] |= {int(year) for year in years}
    return found
