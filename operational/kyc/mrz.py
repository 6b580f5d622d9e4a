"""The machine-readable zone of travel documents, by ICAO Doc 9303 (parts 4 to 6). Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

_EXPIRY_YEARS_MAX = 50
"""No document is valid longer; it tells 1999 from 2099."""

_SIGNS = re.compile(r"[A-Z0-9<]+")
_WEIGHTS = (7, 3, 1)

# Where each format keeps its fields: (line, first, after last). Part 4 table 2, 5 and 6 likewise.
_TD3 = {
    "names": (0, 5, 44), "issuer": (0, 2, 5), "number": (1, 0, 9), "nationality": (1, 10, 13),
    "birth": (1, 13, 19), "sex": (1, 20, 21), "expiry": (1, 21, 27), "optional": (1, 28, 42),
}  # fmt: skip
_TD2 = _TD3 | {"names": (0, 5, 36), "optional": (1, 28, 35)}
_TD1 = {
    "names": (2, 0, 30), "issuer": (0, 2, 5), "number": (0, 5, 14), "nationality": (1, 15, 18),
    "birth": (1, 0, 6), "sex": (1, 7, 8), "expiry": (1, 8, 14), "optional": (0, 15, 30),
}  # fmt: skip

# What each check digit covers: where the digit stands, and the pieces it is computed over.
_TD3_DIGITS = {
    "document number": ((1, 9), [(1, 0, 9)]),
    "birth date": ((1, 19), [(1, 13, 19)]),
    "expiry date": ((1, 27), [(1, 21, 27)]),
    "optional data": ((1, 42), [(1, 28, 42)]),
    "composite": ((1, 43), [(1, 0, 10), (1, 13, 20), (1, 21, 43)]),
}
_TD2_DIGITS = {
    "document number": ((1, 9), [(1, 0, 9)]),
    "birth date": ((1, 19), [(1, 13, 19)]),
    "expiry date": ((1, 27), [(1, 21, 27)]),
    "composite": ((1, 35), [(1, 0, 10), (1, 13, 20), (1, 21, 35)]),
}
_TD1_DIGITS = {
    "document number": ((0, 14), [(0, 5, 14)]),
    "birth date": ((1, 6), [(1, 0, 6)]),
    "expiry date": ((1, 14), [(1, 8, 14)]),
    "composite": ((1, 29), [(0, 5, 30), (1, 0, 7), (1, 8, 15), (1, 18, 29)]),
}
_FORMATS = {
    (2, 44): ("TD3", _TD3, _TD3_DIGITS),
    (2, 36): ("TD2", _TD2, _TD2_DIGITS),
    (3, 30): ("TD1", _TD1, _TD1_DIGITS),
}


class MrzUnreadable(ValueError):
    """Not two lines of 44 or 36, nor three of 30, of the signs such a zone is written in."""


@dataclass(frozen=True, slots=True)
class Mrz:
    """What the zone says. `faults` names every check digit or date that is wrong."""

    layout: str
    document_type: str
    issuer: str
    surname: str
    given_names: str
    document_number: str
    nationality: str
    birth_date: date | None
    sex: str
    expires_on: date | None
    faults: tuple[str, ...]

    @property
    def is_valid(self) -> bool:
        return not self.faults


def check_digit(text: str) -> int:
    """Part 3 section 4.9: digits as they are, A = 10 to Z = 35, `<` = 0, weighted 7, 3, 1."""
    return sum(_value(sign) * _WEIGHTS[place % 3] for place, sign in enumerate(text)) % 10


def parse(text: str, *, today: date) -> Mrz:
    """Read a machine-readable zone.

    Args:
        text: its lines, separated by line breaks; blanks and letter case do not matter.
        today: two-digit years of birth lie before it.

    Raises:
        MrzUnreadable: no such zone.
    """
    lines = ["".join(line.split()).upper() for line in text.strip().splitlines() if line.strip()]
    shape = (len(lines), len(lines[0]) if lines else 0)
    if shape not in _FORMATS or any(
        len(line) != shape[1] or not _SIGNS.fullmatch(line) for line in lines
    ):
        raise MrzUnreadable("a machine-readable zone is 2 lines of 44 or 36 signs, or 3 of 30")
    layout, places, digits = _FORMATS[shape]

    field = {name: lines[line][first:last] for name, (line, first, last) in places.items()}
    surname, _, given = field["names"].partition("<<")
    born = _date(field["birth"], today=today, is_past=True)
    expires = _date(field["expiry"], today=today, is_past=False)
    faults = list(_wrong_digits(lines, digits, layout))
    faults += [
        f"{name} is no date"
        for name, day in (("birth date", born), ("expiry date", expires))
        if day is None
    ]
    return Mrz(
        layout=layout,
        document_type=lines[0][0:2].strip("<"),
        issuer=field["issuer"].strip("<"),
        surname=_words(surname),
        given_names=_words(given),
        document_number=_number(field, lines, layout),
        nationality=field["nationality"].strip("<"),
        birth_date=born,
        sex=field["sex"],
        expires_on=expires,
        faults=tuple(faults),
    )


def _value(sign: str) -> int:
    if sign == "<":
        return 0
    return int(sign) if sign.isdigit() else ord(sign) - ord("A") + 10


Digits = dict[str, tuple[tuple[int, int], list[tuple[int, int, int]]]]


def _wrong_digits(lines: list[str], digits: Digits, layout: str) -> Iterator[str]:
    for name, ((line, place), pieces) in digits.items():
        found = lines[line][place]
        covered = "".join(lines[row][first:last] for row, first, last in pieces)
        if name == "document number" and layout == "TD1" and found == "<":
            # Part 5 section 4.2.2: a long number runs on into the optional data, its digit after it.
            rest = lines[0][15:30].split("<", 1)[0]
            covered, found = covered + rest[:-1], rest[-1:]
        elif name == "optional data" and found == "<" and not covered.strip("<"):
            continue
        if not found.isdigit() or int(found) != check_digit(covered):
            yield f"{name} check digit"


def _number(field: dict[str, str], lines: list[str], layout: str) -> str:
    number = field["number"].strip("<")
    if layout == "TD1" and lines[0][14] == "<":
        number += field["optional"].split("<", 1)[0][:-1]
    return number


def _words(names: str) -> str:
    return " ".join(names.replace("<", " ").split())


def _date(text: str, *, today: date, is_past: bool) -> date | None:
    """YYMMDD. A birth lies in the past hundred years, an expiry at most fifty ahead."""
    if not text.isdigit():
        return None
    year = today.year // 100 * 100 + int(text[:2])
    last = today.year if is_past else today.year + _EXPIRY_YEARS_MAX
    if year > last:
        year -= 100
    elif year <= last - 100:
        year += 100
    try:
        found = date(year, int(text[2:4]), int(text[4:6]))
    except ValueError:
        return None
    return found.replace(year=year - 100) if is_past and found > today else found
