"""What a source file must keep: encoding, columns, sums. What breaks one is refused whole."""

import csv
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
from lxml import etree

from operational.kit.money import MINOR_MAX, AmountInvalid, exponent

FILE_BYTES_MAX = 64 * 1024 * 1024
UNPACKED_BYTES_MAX = 512 * 1024 * 1024
ZIP_ENTRIES_MAX = 200
ZIP_RATIO_MAX = 200
"""A spreadsheet packs about 10 to 1, a year of price bars about 6 to 1; a bomb 1000 to 1."""

DIGITS_MAX = 28
"""What Python's decimals keep exactly by default; a longer number would be rounded in silence."""

YEARS = range(1800, 2200)
"""People on sanctions lists were born early, value dates lie ahead; beyond this, a digit is wrong."""

BROKEN_ZIP = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError,
)  # fmt: skip
"""What Python's zipfile raises over a damaged, encrypted or oddly packed archive."""

INSTANT = pa.timestamp("us", tz="UTC")
WALL_CLOCK = pa.timestamp("us")
"""A time as the sender's clock showed it, kept beside the UTC instant it was read as."""
EXACT = pa.decimal128(20, 10)
"""Prices and rates, as published."""

Row = dict[str, Any]


class FileRefused(Exception):
    """The file breaks its contract; nothing of it may be loaded.

    `row` counts from 1 as a person sees it in an editor or spreadsheet; in XML it is the line.
    """

    def __init__(self, reason: str, *, row: int | None = None, column: str | None = None) -> None:
        place = [f"row {row}"] if row is not None else []
        place += [f"column {column!r}"] if column is not None else []
        super().__init__(f"{', '.join(place)}: {reason}" if place else reason)
        self.reason = reason
        self.row = row
        self.column = column


@dataclass(frozen=True)
class Batch:
    """What one file (or one set of files published together) held, checked and typed."""

    source: str
    """Which contract it was read under, such as ``camt``."""
    content_sha256: str
    tables: Mapping[str, pa.Table]
    """Rows by the raw table they go to."""
    name: str
    """What the sender calls it, such as a statement number or a list's name."""
    is_reissued: bool = False
    """Whether new content under the same name replaces the old, as a list's next issue does.
    A bank statement never changes: the same name with other content is refused."""
    is_repeated: bool = False
    """Whether later files tell it again, as reports over overlapping days do. If one tells it
    otherwise, what landed stands, the change is reported, and the rest of the file lands."""
    controls: Mapping[str, int | str] = field(default_factory=dict)
    """The sums the file was checked against, for the report."""


def sha256(*contents: bytes) -> str:
    """One digest over a file, or over a set in its given order."""
    if len(contents) == 1:
        return hashlib.sha256(contents[0]).hexdigest()
    return hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in contents)).hexdigest()


def decode(content: bytes, encoding: str) -> str:
    """Read text in the encoding its source declares; never guess another.

    Raises:
        FileRefused: the file is empty, too large, or not in that encoding.
    """
    if not content:
        raise FileRefused("the file is empty")
    if len(content) > FILE_BYTES_MAX:
        raise FileRefused(f"the file is larger than {FILE_BYTES_MAX} bytes")
    try:
        text = content.decode(encoding)
    except LookupError:
        raise FileRefused(f"nobody knows the agreed encoding {encoding!r}") from None
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise FileRefused(f"not {encoding}: byte 0x{content[error.start]:02x}", row=row) from None
    if text.startswith("\ufeff"):
        raise FileRefused(f"opens with a byte order mark, {encoding} was agreed without", row=1)
    if "\0" in text:
        raise FileRefused("holds a NUL", row=text[: text.index("\0")].count("\n") + 1)
    return text


def csv_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Comma-separated rows with the line each ends on; blank lines are passed over."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        raise FileRefused(f"not comma-separated: {error}", row=reader.line_num) from None


def match_header(
    header: Sequence[str], required: Sequence[str], optional: Sequence[str] = (), *, row: int = 1
) -> None:
    """Check that every agreed column is there once and no other is.

    Raises:
        FileRefused: naming the first column that is missing, unknown or repeated.
    """
    for column in required:
        if column not in header:
            raise FileRefused("this column is missing", row=row, column=column)
    known = {*required, *optional}
    seen: set[str] = set()
    for column in header:
        if column not in known:
            raise FileRefused("this column was not agreed", row=row, column=column)
        if column in seen:
            raise FileRefused("this column comes twice", row=row, column=column)
        seen.add(column)


def open_zip(content: bytes) -> zipfile.ZipFile:
    """Open an archive after looking at its directory only.

    Raises:
        FileRefused: no archive, too many entries, too large unpacked, or packed too tightly.
    """
    if len(content) > FILE_BYTES_MAX:
        raise FileRefused(f"the file is larger than {FILE_BYTES_MAX} bytes")
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except BROKEN_ZIP as error:
        raise FileRefused(f"not a zip archive: {error}") from None
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > ZIP_ENTRIES_MAX:
        raise FileRefused(f"the archive holds {len(entries)} files")
    if unpacked > UNPACKED_BYTES_MAX or unpacked > ZIP_RATIO_MAX * max(len(content), 1):
        raise FileRefused(f"the archive unpacks to {unpacked} bytes")
    return archive


def unpack(archive: zipfile.ZipFile, name: str) -> bytes:
    """The content of one entry.

    Raises:
        FileRefused: the entry is damaged, encrypted, or packed in a way nobody uses.
    """
    try:
        return archive.read(name)
    except BROKEN_ZIP as error:
        raise FileRefused(f"{name} cannot be unpacked: {error}") from None


def parse_xml(content: bytes) -> Any:
    """The root element of a UTF-8 document without a document type, so without entities.

    Raises:
        FileRefused: not well-formed, another encoding, or a document type is declared.
    """
    if len(content) > FILE_BYTES_MAX:
        raise FileRefused(f"the file is larger than {FILE_BYTES_MAX} bytes")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise FileRefused(f"not well-formed XML: {error.msg}", row=error.lineno) from None
    document = root.getroottree().docinfo
    if document.doctype:
        raise FileRefused("declares a document type", row=1)
    if (document.encoding or "UTF-8").upper() not in {"UTF-8", "ASCII", "US-ASCII"}:
        raise FileRefused(f"encoded as {document.encoding}, UTF-8 was agreed", row=1)
    return root


def decimal(text: str, *, row: int | None = None, column: str | None = None) -> Decimal:
    """A plain decimal with a point: an optional minus, ASCII digits, nothing else."""
    body = text.removeprefix("-")
    digits = body.replace(".", "", 1)
    if not (digits.isascii() and digits.isdigit()) or len(digits) > DIGITS_MAX or body[0] == ".":
        raise FileRefused(f"{text[:40]!r} is not a plain decimal number", row=row, column=column)
    return Decimal(text)


def exact(
    text: str, kind: pa.Decimal128Type = EXACT, *, row: int | None = None, column: str | None = None
) -> Decimal:
    """A decimal that fits its column without being rounded.

    Raises:
        FileRefused: not a plain decimal, or with more digits than the column keeps.
    """
    value = decimal(text, row=row, column=column)
    _, digits, places = value.as_tuple()
    assert isinstance(places, int), "decimal() lets no infinity through"
    if -places > kind.scale or len(digits) + places > kind.precision - kind.scale:
        raise FileRefused(f"{text[:40]!r} has more digits than are kept", row=row, column=column)
    return value


def minor(
    amount: Decimal, currency: str, *, row: int | None = None, column: str | None = None
) -> int:
    """Exact minor units of a decimal amount. Zeros beyond the currency's decimals are harmless.

    Raises:
        FileRefused: the currency is not held here, or the amount has more decimals than it.
    """
    try:
        scaled = amount.scaleb(exponent(currency))
    except AmountInvalid as error:
        raise FileRefused(str(error), row=row, column=column) from None
    if scaled != scaled.to_integral_value():
        reason = f"{amount} has more decimals than {currency} has"
        raise FileRefused(reason, row=row, column=column)
    if abs(scaled) > MINOR_MAX:
        raise FileRefused(f"{amount} {currency} is over the limit", row=row, column=column)
    return int(scaled)


def whole(text: str, *, row: int | None = None, column: str | None = None) -> int:
    """A whole number in ASCII digits."""
    if not text.isascii() or not text.isdigit() or len(text) > 18:  # noqa: PLR2004 - bigint
        raise FileRefused(f"{text[:40]!r} is not a whole number", row=row, column=column)
    return int(text)


def day(
    text: str, pattern: str = "%Y-%m-%d", *, row: int | None = None, column: str | None = None
) -> date:
    return wall_clock(text, pattern, row=row, column=column).date()


def wall_clock(
    text: str, pattern: str, *, row: int | None = None, column: str | None = None
) -> datetime:
    """A time without a zone, in the one pattern its source declares."""
    try:
        found = datetime.strptime(text, pattern)  # noqa: DTZ007 - the caller knows the zone
    except ValueError:
        reason = f"{text[:40]!r} is not a time written as {pattern}"
        raise FileRefused(reason, row=row, column=column) from None
    return _plausible(found, row=row, column=column)


def instant(text: str, *, row: int | None = None, column: str | None = None) -> datetime:
    """An ISO 8601 instant in UTC. A time without an offset is taken as UTC, as camt readers do."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise FileRefused(f"{text[:40]!r} is not a time", row=row, column=column) from None
    _plausible(found, row=row, column=column)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _plausible(found: datetime, *, row: int | None, column: str | None) -> datetime:
    if found.year not in YEARS:
        raise FileRefused(f"the year {found.year} cannot be meant", row=row, column=column)
    return found
