"""The papers clients hand in: pictures with their data on it, and a machine-readable zone."""

import io
from datetime import date, timedelta

from PIL import Image, ImageDraw, ImageFont

from operational.kyc.mrz import check_digit
from operational.kyc.names import icao_parts
from sandbox.story.cast import Fate, Person

_SIZE = (620, 400)
_FONT = ImageFont.load_default(18)
_PAPER, _INK, _BAND = "#f4f1e8", "#1d2733", "#2e6f9e"


def passport_zone(person: Person, today: date) -> str:
    """The two lines of a passport (ICAO TD3), faulty where the person's fate says so."""
    dice = person.dice("passport")
    names = (person.first_name, person.last_name)
    given, surname = ("<".join(icao_parts(name)).upper() for name in names)
    if person.fate is Fate.OTHER_NAME:
        given, surname = "VIVIANE", "STOLTENHOFF"
    years = dice.uniform(0.5, 9.5)
    expires = today + timedelta(days=365 * (-0.3 if person.fate is Fate.EXPIRED else years))
    issuer = person.country.icao.ljust(3, "<")
    number = f"{dice.choice('CFGHJKX')}{dice.randrange(10**8):08d}"
    parts = [number, f"{person.birth_date:%y%m%d}", f"{expires:%y%m%d}"]
    number, born, until = (f"{part}{check_digit(part)}" for part in parts)
    optional = "<" * 14 + "0"
    composite = check_digit(number + born + until + optional)
    if person.fate is Fate.MISREAD:
        composite = (composite + 1) % 10
    first = f"P<{issuer}{surname}<<{given}".ljust(44, "<")[:44]
    return f"{first}\n{number}{issuer}{born}{dice.choice('FM')}{until}{optional}{composite}"


def passport(person: Person, zone: str) -> bytes:
    """A picture of the passport's data page, as a JPEG."""
    lines = [
        f"{person.country.code}   PASSPORT   SPECIMEN",
        f"{person.last_name}  {person.first_name}",
    ]
    return _drawn([*lines, f"born {person.birth_date}", *zone.splitlines()])


def utility_bill(person: Person, today: date) -> bytes:
    """A picture of a bill that shows the address, as a JPEG."""
    dice = person.dice("bill")
    street = (
        f"{dice.choice(('Station', 'Church', 'Mill', 'Garden'))} Street {dice.randrange(1, 200)}"
    )
    lines = ["CITY WATER AND POWER   SPECIMEN", f"{person.first_name} {person.last_name}", street]
    return _drawn([*lines, person.country.code, f"Invoice {dice.randrange(10**6):06d} of {today}"])


def _drawn(lines: list[str]) -> bytes:
    image = Image.new("RGB", _SIZE, _PAPER)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, _SIZE[0], 46), fill=_BAND)
    for row, line in enumerate(lines):
        pen.text((24, 16 + row * 56), line, fill=_PAPER if row == 0 else _INK, font=_FONT)
    content = io.BytesIO()
    image.save(content, "JPEG", quality=80)
    return content.getvalue()
