"""The consolidated list of the United Nations Security Council, in its XML form."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from pipelines import contracts
from pipelines.contracts import Batch, FileRefused, Row

KINDS = {"INDIVIDUALS/INDIVIDUAL": "individual", "ENTITIES/ENTITY": "entity"}
NAME_PARTS = ("FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME")
TEXTS = pa.list_(pa.string())

ENTRIES = pa.schema(
    {
        "data_id": pa.int64(),
        "reference_number": pa.string(),
        "kind": pa.string(),
        "name": pa.string(),
        "original_script_name": pa.string(),
        "list_type": pa.string(),
        "gender": pa.string(),
        "titles": TEXTS,
        "designations": TEXTS,
        "nationalities": TEXTS,
        "comments": pa.string(),
        "listed_date": pa.date32(),
        "updated_date": pa.date32(),
    }
)
"""One row per listed person or entity. `name` joins the up to four parts the list gives."""

ALIASES = pa.schema(
    {
        "data_id": pa.int64(),
        "kind": pa.string(),
        "alias_no": pa.int64(),
        "quality": pa.string(),
        "name": pa.string(),
        "note": pa.string(),
    }
)
"""One row per alias element, those the list leaves empty included. `kind` is the listed one's."""

ADDRESSES = pa.schema(
    {
        "data_id": pa.int64(),
        "address_no": pa.int64(),
        "street": pa.string(),
        "city": pa.string(),
        "province": pa.string(),
        "postcode": pa.string(),
        "country": pa.string(),
        "note": pa.string(),
    }
)
"""One row per address element."""

BIRTHS = pa.schema(
    {
        "data_id": pa.int64(),
        "birth_no": pa.int64(),
        "precision": pa.string(),
        "birth_date": pa.date32(),
        "from_year": pa.int64(),
        "to_year": pa.int64(),
        "note": pa.string(),
    }
)
"""One row per date of birth given; a year alone is both its first and its last possible year."""

DOCUMENTS = pa.schema(
    {
        "data_id": pa.int64(),
        "document_no": pa.int64(),
        "document_type": pa.string(),
        "document_number": pa.string(),
        "issuing_country": pa.string(),
        "note": pa.string(),
    }
)
"""One row per passport or identity document that the list numbers."""

SCHEMAS = {
    "reference__un_entries": ENTRIES,
    "reference__un_aliases": ALIASES,
    "reference__un_addresses": ADDRESSES,
    "reference__un_births": BIRTHS,
    "reference__un_documents": DOCUMENTS,
}


def parse(content: bytes) -> Batch:
    """Read and check one issue.

    Raises:
        FileRefused: no such document, a listing without number, reference or name, a number used
            twice, or a date that is none.
    """
    root = contracts.parse_xml(content)
    generated = root.get("dateGenerated")
    if root.tag != "CONSOLIDATED_LIST" or not generated:
        raise FileRefused("not the consolidated list", row=root.sourceline)
    rows: dict[str, list[Row]] = defaultdict(list)
    for path, kind in KINDS.items():
        for listing in root.iterfind(path):
            _listing(rows, listing, kind)
    seen: set[int] = set()
    for row in rows["reference__un_entries"]:
        if row["data_id"] in seen:
            raise FileRefused(f"{row['data_id']} is used twice", column="DATAID")
        seen.add(row["data_id"])
    if not seen:
        raise FileRefused("the list is empty", row=root.sourceline)
    return Batch(
        source="un",
        content_sha256=contracts.sha256(content),
        name="consolidated",
        is_reissued=True,
        tables={
            table: pa.Table.from_pylist(rows[table], schema=schema)
            for table, schema in SCHEMAS.items()
        },
        controls={
            "generated at": contracts.instant(generated, column="dateGenerated").isoformat(),
            **{table: len(rows[table]) for table in SCHEMAS},
        },
    )


def _listing(rows: dict[str, list[Row]], listing: Any, kind: str) -> None:
    row, prefix = listing.sourceline, listing.tag
    data_id = contracts.whole(_text(listing, "DATAID") or "", row=row, column="DATAID")
    name = " ".join(filter(None, (_text(listing, part) for part in NAME_PARTS)))
    reference = _text(listing, "REFERENCE_NUMBER")
    if not name or not reference:
        raise FileRefused(f"{data_id} has no name or reference", row=row, column="FIRST_NAME")
    updates = _texts(listing, "LAST_DAY_UPDATED/VALUE")
    rows["reference__un_entries"].append(
        {
            "data_id": data_id,
            "reference_number": reference,
            "kind": kind,
            "name": name,
            "original_script_name": _text(listing, "NAME_ORIGINAL_SCRIPT"),
            "list_type": _text(listing, "UN_LIST_TYPE"),
            "gender": _text(listing, "GENDER"),
            "titles": _texts(listing, "TITLE/VALUE"),
            "designations": _texts(listing, "DESIGNATION/VALUE"),
            "nationalities": _texts(listing, "NATIONALITY/VALUE"),
            "comments": _text(listing, "COMMENTS1"),
            # Some dates carry the zone of New York; the day is what was decided on.
            "listed_date": contracts.day(
                (_text(listing, "LISTED_ON") or "")[:10], row=row, column="LISTED_ON"
            ),
            "updated_date": contracts.day(max(updates), row=row, column="LAST_DAY_UPDATED")
            if updates
            else None,
        }
    )
    for table, tag, shape in (
        ("reference__un_aliases", "ALIAS", _alias),
        ("reference__un_addresses", "ADDRESS", _address),
        ("reference__un_births", "DATE_OF_BIRTH", _birth),
        ("reference__un_documents", "DOCUMENT", _document),
    ):
        rows[table] += [
            {"data_id": data_id, "kind": kind} | found
            for number, element in enumerate(listing.iterfind(f"{prefix}_{tag}"), 1)
            for found in shape(element, number)
        ]


def _alias(element: Any, number: int) -> Iterator[Row]:
    yield {
        "alias_no": number,
        "quality": _text(element, "QUALITY"),
        "name": _text(element, "ALIAS_NAME"),
        "note": _text(element, "NOTE"),
    }


def _address(element: Any, number: int) -> Iterator[Row]:
    yield {
        "address_no": number,
        "street": _text(element, "STREET"),
        "city": _text(element, "CITY"),
        "province": _text(element, "STATE_PROVINCE"),
        "postcode": _text(element, "ZIP_CODE"),
        "country": _text(element, "COUNTRY"),
        "note": _text(element, "NOTE"),
    }


def _birth(element: Any, number: int) -> Iterator[Row]:
    row = element.sourceline
    written = _text(element, "DATE")
    on = contracts.day(written, row=row, column="DATE") if written else None
    year = str(on.year) if on else _text(element, "YEAR")
    first, last = _text(element, "FROM_YEAR") or year, _text(element, "TO_YEAR") or year
    yield {
        "birth_no": number,
        "precision": _text(element, "TYPE_OF_DATE"),
        "birth_date": on,
        "from_year": contracts.whole(first, row=row, column="YEAR") if first else None,
        "to_year": contracts.whole(last, row=row, column="YEAR") if last else None,
        "note": _text(element, "NOTE"),
    }


def _document(element: Any, number: int) -> Iterator[Row]:
    """The list pads with empty document elements; those are passed over."""
    if _text(element, "NUMBER") or _text(element, "TYPE_OF_DOCUMENT"):
        yield {
            "document_no": number,
            "document_type": _text(element, "TYPE_OF_DOCUMENT"),
            "document_number": _text(element, "NUMBER"),
            "issuing_country": _text(element, "ISSUING_COUNTRY")
            or _text(element, "COUNTRY_OF_ISSUE"),
            "note": _text(element, "NOTE"),
        }


def _text(element: Any, path: str) -> str | None:
    found = element.findtext(path)
    return str(found).strip() or None if found else None


def _texts(element: Any, path: str) -> list[str]:
    return [found.text.strip() for found in element.iterfind(path) if (found.text or "").strip()]
