"""Who is in the story: drawn from the seed alone, so that the same seed has the same people."""

import csv
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from importlib.resources import files
from random import Random

import phonenumbers
from text_unidecode import unidecode


class Fate(StrEnum):
    """What becomes of a client's identity check."""

    SMOOTH = "smooth"
    """Papers in order; approved by rule."""
    VISITOR = "visitor"
    """Left an e-mail and was never seen again."""
    UNDOCUMENTED = "undocumented"
    """Filled in the profile and handed in nothing."""
    EXPIRED = "expired"
    """The passport has expired."""
    OTHER_NAME = "other_name"
    """The passport is somebody else's."""
    LISTED = "listed"
    """Bears a name like one on the watch list."""
    SHARED_DEVICE = "shared_device"
    """Registers from the computer of the client before."""
    MISREAD = "misread"
    """A check digit of the machine-readable zone is wrong."""
    NOT_SERVED = "not_served"
    """Lives where we serve nobody."""


_FATES = (
    (Fate.SMOOTH, 700), (Fate.VISITOR, 110), (Fate.UNDOCUMENTED, 60), (Fate.EXPIRED, 35),
    (Fate.OTHER_NAME, 20), (Fate.LISTED, 20), (Fate.SHARED_DEVICE, 25), (Fate.MISREAD, 20),
    (Fate.NOT_SERVED, 10),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Country:
    """Where clients live: weight, language, deposit currency, ICAO code, names."""

    code: str
    weight: int
    language: str
    currency: str
    icao: str
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]


def _countries() -> tuple[Country, ...]:
    text = (files("sandbox.story") / "countries.csv").read_text(encoding="utf-8")
    return tuple(
        Country(
            code=row["code"],
            weight=int(row["weight"]),
            language=row["language"],
            currency=row["currency"],
            icao=row["icao"],
            first_names=tuple(row["first_names"].split()),
            last_names=tuple(row["last_names"].split()),
        )
        for row in csv.DictReader(text.splitlines())
    )


COUNTRIES = _countries()
_NOT_SERVED = next(one for one in COUNTRIES if one.code == "IR")

# Listed and invented: no list of the world is copied into a demo.
WATCH_LIST = (
    ("DW-001", "KARZHENKO, Oleg Viktorovich", 1969, ("RU",), "DEMO-EMBARGO"),
    ("DW-001", "Олег Карженко", 1969, ("RU",), "DEMO-EMBARGO"),
    ("DW-002", "AL-DHAREEB, Mustafa Hamid", 1974, ("IQ",), "DEMO-TERROR"),
    ("DW-002", "Mustapha al Darib", 1974, ("IQ",), "DEMO-TERROR"),
    ("DW-003", "VALDIVARES MONCADA, Esteban", 1962, ("VE",), "DEMO-NARCOTICS"),
    ("DW-004", "MBEKELANI, Joseph Thabo", 1958, ("ZW",), "DEMO-PEP"),
    ("DW-005", "TROSSNER, Wolfgang", 1971, ("AT",), "DEMO-FRAUD"),
)
_LOOKALIKES = (
    ("Oleg", "Karzenko", 1969), ("Mustafa", "Al-Dharib", 1974), ("Esteban", "Valdivares", 1962),
    ("Joseph", "Mbekelani", 1958), ("Wolfgang", "Troßner", 1971),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """One client of the story. `arrives` counts from the story's first moment."""

    number: int
    fate: Fate
    first_name: str
    last_name: str
    birth_date: date
    country: Country
    phone: str
    email: str
    device: str
    ip: str
    source: str
    campaign: dict[str, str]
    arrives: timedelta
    patience: float
    """0 does everything at once, 1 takes days."""
    wealth: int
    """Major units of the first deposit, in tens of dollars or what comes close."""
    appetite: float
    """Positions a day."""

    @property
    def key(self) -> str:
        return f"client-{self.number}"

    def dice(self, what: str) -> Random:
        """Dice of this person for one purpose: no other draw, and no restart, changes them."""
        return Random(f"{self.email}:{what}")


def draw(clients: int, days: int, seed: int) -> list[Person]:
    """Everybody who comes, in the order of arrival."""
    dice = Random(f"cast:{seed}")
    moments = sorted(dice.random() ** 0.9 * days for _ in range(clients))
    tag = f"{seed}-{clients}-{days}"
    people: list[Person] = []
    for number, moment in enumerate(moments, start=1):
        before = people[-1] if people else None
        people.append(_person(number, timedelta(days=moment), before, tag))
    return people


def _person(number: int, arrives: timedelta, before: Person | None, tag: str) -> Person:
    dice = Random(f"person:{tag}:{number}")
    fate = dice.choices([fate for fate, _ in _FATES], [weight for _, weight in _FATES])[0]
    if fate is Fate.SHARED_DEVICE and before is None:
        fate = Fate.SMOOTH
    country = dice.choices(COUNTRIES, [one.weight for one in COUNTRIES])[0]
    if fate is Fate.NOT_SERVED:
        country = _NOT_SERVED
    first_name, last_name = dice.choice(country.first_names), dice.choice(country.last_names)
    birth_date = date(1950, 1, 1) + timedelta(days=dice.randrange(20_000))
    if fate is Fate.LISTED:
        first_name, last_name, year = dice.choice(_LOOKALIKES)
        birth_date = date(year, birth_date.month, min(birth_date.day, 28))
    source = dice.choices(("web", "partner", "social", "search"), (30, 40, 15, 15))[0]
    return Person(
        number=number,
        fate=fate,
        first_name=first_name,
        last_name=last_name,
        birth_date=birth_date,
        country=country,
        phone=_phone(country.code, dice),
        email=f"{latin(first_name)}.{latin(last_name)}.{tag}-{number}@{dice.choice(_HOSTS)}",
        device=before.device
        if fate is Fate.SHARED_DEVICE and before
        else f"{dice.getrandbits(64):016x}",
        ip=f"2001:db8:{dice.getrandbits(16):x}:{dice.getrandbits(16):x}::{dice.getrandbits(16):x}",
        source=source,
        campaign={"utm_source": source, "utm_campaign": dice.choice(_CAMPAIGNS)},
        arrives=arrives,
        patience=dice.random(),
        wealth=round(20 * dice.paretovariate(1.2)),
        appetite=min(6.0, dice.lognormvariate(-0.3, 0.9)),
    )


_HOSTS = ("example.com", "example.net", "example.org")
"""Domains that RFC 2606 keeps free of real people."""
_CAMPAIGNS = ("autumn", "raw-spreads", "gold", "webinar")


def latin(name: str) -> str:
    """Letters a mailbox may have."""
    return "".join(
        sign for sign in unidecode(unicodedata.normalize("NFC", name)).lower() if sign.isalnum()
    )


def _phone(region: str, dice: Random) -> str:
    """A mobile number of the country's shape."""
    number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    assert number is not None, region
    text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return text[:-4] + f"{dice.randrange(10_000):04d}"
