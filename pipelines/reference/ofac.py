"""The lists of the US Office of Foreign Assets Control: SDN and consolidated, in their CSV form.

Four files without a header belong together: entries, aliases, addresses, and what of the remarks
did not fit. ``-0-`` stands for nothing, and a control-Z may end a file.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from pipelines import contracts
from pipelines.contracts import Batch, FileRefused, Row

ENCODING = "latin-1"
END_OF_FILE = "\x1a"
# The last cell of a published add.csv was seen without its closing dash.
NOTHING = frozenset({"-0-", "-0", ""})
KINDS = {None: "entity", "individual": "individual", "vessel": "vessel", "aircraft": "aircraft"}
ALIAS_TYPES = frozenset({"aka", "fka", "nka"})

ENTRIES = pa.schema(
    {
        "list_name": pa.string(),
        "ent_num": pa.int64(),
        "name": pa.string(),
        "kind": pa.string(),
        "programs": pa.list_(pa.string()),
        "title": pa.string(),
        "call_sign": pa.string(),
        "vessel_type": pa.string(),
        "tonnage": pa.string(),
        "gross_tonnage": pa.string(),
        "vessel_flag": pa.string(),
        "vessel_owner": pa.string(),
        "remarks": pa.string(),
    }
)
"""One row per listed person, entity, vessel or aircraft."""

ALIASES = pa.schema(
    {
        "list_name": pa.string(),
        "ent_num": pa.int64(),
        "alias_num": pa.int64(),
        "alias_type": pa.string(),
        "name": pa.string(),
        "remarks": pa.string(),
    }
)
"""One row per other name: also (aka), formerly (fka) or now known as (nka)."""

ADDRESSES = pa.schema(
    {
        "list_name": pa.string(),
        "ent_num": pa.int64(),
        "address_num": pa.int64(),
        "address": pa.string(),
        "city": pa.string(),
        "country": pa.string(),
        "remarks": pa.string(),
    }
)
"""One row per address, or per country where no more is known."""


@dataclass(frozen=True)
class Files:
    """The files of one issue, as downloaded."""

    entries: bytes
    aliases: bytes
    addresses: bytes
    overflow: bytes | None = None
    """The remarks beyond 1,000 characters; the file is not always published."""


def parse(files: Files, list_name: str) -> Batch:
    """Read and check one issue of `list_name` (``sdn`` or ``consolidated``).

    Raises:
        FileRefused: a row too short or long, an unknown kind, a number used twice, or an alias,
            address or remark of an entry the list does not hold. `column` opens with the file.
    """
    entries = list(_entries(files, list_name))
    known = {row["ent_num"] for row in entries}
    aliases = list(_aliases(files.aliases, list_name, known))
    addresses = list(_addresses(files.addresses, list_name, known))
    parts = [files.entries, files.aliases, files.addresses, files.overflow or b""]
    return Batch(
        source="ofac",
        content_sha256=contracts.sha256(*parts),
        name=list_name,
        is_reissued=True,
        tables={
            "reference__ofac_entries": pa.Table.from_pylist(entries, schema=ENTRIES),
            "reference__ofac_aliases": pa.Table.from_pylist(aliases, schema=ALIASES),
            "reference__ofac_addresses": pa.Table.from_pylist(addresses, schema=ADDRESSES),
        },
        controls={
            "entries": len(entries), "aliases": len(aliases), "addresses": len(addresses),
        },
    )  # fmt: skip


def _entries(files: Files, list_name: str) -> Iterator[Row]:
    overflow = dict(_overflow(files.overflow)) if files.overflow else {}
    seen: set[int] = set()
    for row, cells in _rows(files.entries, "entries", 12):
        number = contracts.whole(cells[0] or "", row=row, column="entries: ent_num")
        if number in seen:
            raise FileRefused(f"{number} is used twice", row=row, column="entries: ent_num")
        seen.add(number)
        if cells[2] not in KINDS or not cells[1]:
            raise FileRefused(f"unknown kind {cells[2]!r}", row=row, column="entries: SDN_Type")
        yield {
            "list_name": list_name,
            "ent_num": number,
            "name": cells[1],
            "kind": KINDS[cells[2]],
            "programs": cells[3].split("] [") if cells[3] else [],
            "title": cells[4],
            "call_sign": cells[5],
            "vessel_type": cells[6],
            "tonnage": cells[7],
            "gross_tonnage": cells[8],
            "vessel_flag": cells[9],
            "vessel_owner": cells[10],
            "remarks": (cells[11] or "") + overflow.pop(number, "") or None,
        }
    if overflow:
        raise FileRefused(f"{min(overflow)} is not on the list", column="overflow: ent_num")


def _overflow(content: bytes) -> Iterator[tuple[int, str]]:
    for row, cells in _rows(content, "overflow", 2):
        yield contracts.whole(cells[0] or "", row=row, column="overflow: ent_num"), cells[1] or ""


def _aliases(content: bytes, list_name: str, known: set[int]) -> Iterator[Row]:
    for row, cells in _rows(content, "aliases", 5):
        if cells[2] not in ALIAS_TYPES or not cells[3]:
            raise FileRefused(f"unknown type {cells[2]!r}", row=row, column="aliases: alt_type")
        yield {
            "list_name": list_name,
            "ent_num": _listed(cells[0], known, row, "aliases"),
            "alias_num": contracts.whole(cells[1] or "", row=row, column="aliases: alt_num"),
            "alias_type": cells[2],
            "name": cells[3],
            "remarks": cells[4],
        }


def _addresses(content: bytes, list_name: str, known: set[int]) -> Iterator[Row]:
    for row, cells in _rows(content, "addresses", 6):
        yield {
            "list_name": list_name,
            "ent_num": _listed(cells[0], known, row, "addresses"),
            "address_num": contracts.whole(cells[1] or "", row=row, column="addresses: add_num"),
            "address": cells[2],
            "city": cells[3],
            "country": cells[4],
            "remarks": cells[5],
        }


def _listed(text: str | None, known: set[int], row: int, file: str) -> int:
    number = contracts.whole(text or "", row=row, column=f"{file}: ent_num")
    if number not in known:
        raise FileRefused(f"{number} is not on the list", row=row, column=f"{file}: ent_num")
    return number


def _rows(content: bytes, file: str, width: int) -> Iterator[tuple[int, list[str | None]]]:
    text = contracts.decode(content, ENCODING).rstrip().removesuffix(END_OF_FILE)
    for row, cells in contracts.csv_rows(text):
        if len(cells) != width:
            reason = f"has {len(cells)} cells instead of {width}"
            raise FileRefused(reason, row=row, column=file)
        trimmed = [cell.strip() for cell in cells]
        yield row, [None if cell in NOTHING else cell for cell in trimmed]
