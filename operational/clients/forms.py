"""What a person fills in, checked before anything is done with it."""

import re
import unicodedata
from datetime import date
from typing import Annotated, Any

import phonenumbers
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

NAME_LENGTH_MAX = 100
EMAIL_LENGTH_MAX = 254
"""RFC 5321 leaves 254 characters for an address."""

COUNTRIES = frozenset(phonenumbers.SUPPORTED_REGIONS) - {"AC", "TA"}
"""ISO 3166-1 alpha-2 of every place with telephones; Ascension and Tristan have no code of their own."""

_JOINERS = frozenset("\u200c\u200d")
"""Persian and Indic names are written with these; other invisible characters only deceive."""
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_CAMPAIGN_FIELDS_MAX = 20
_CAMPAIGN_TEXT_MAX = 200


def email(text: str) -> str:
    """The address as we store it: NFC, lower case, the domain in ASCII.

    Raises:
        ValueError: no plain address. Quoted local parts and comments are refused, mail lives
            without them.
    """
    text = unicodedata.normalize("NFC", text.strip(" "))
    local, at, domain = text.rpartition("@")
    try:
        # A look-alike in another script shows as xn--..., to the reviewer and to the unique index.
        domain = domain.lower().encode("idna").decode("ascii")
    except UnicodeError:
        domain = ""
    labels = domain.split(".")
    if (
        not at
        or not _LOCAL.fullmatch(local)
        or len(labels) < 2  # noqa: PLR2004 - a mail domain has a dot
        or not all(_LABEL.fullmatch(label) for label in labels)
        or len(f"{local}@{domain}") > EMAIL_LENGTH_MAX
    ):
        raise ValueError("this is no e-mail address")
    return f"{local}@{domain}".lower()


def name(text: str) -> str:
    """A person's name as they write it, NFC, with single spaces.

    Raises:
        ValueError: control, bidirectional or otherwise invisible characters, or too long.
    """
    text = " ".join(unicodedata.normalize("NFC", text).split(" ")).strip()
    text = re.sub(" +", " ", text)
    if any(unicodedata.category(sign)[0] == "C" and sign not in _JOINERS for sign in text):
        raise ValueError("a name holds no control or invisible characters")
    if len(text) > NAME_LENGTH_MAX:
        raise ValueError(f"a name has at most {NAME_LENGTH_MAX} characters")
    if text and not any(sign.isalpha() for sign in text):
        raise ValueError("a name holds at least one letter")
    return text


def country(text: str) -> str:
    """An ISO 3166-1 alpha-2 code of today, upper case."""
    if text.upper() not in COUNTRIES:
        raise ValueError("this is no ISO 3166-1 country code")
    return text.upper()


def phone(text: str) -> str:
    """A number in E.164, such as ``+4915112345678``."""
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        raise ValueError("write the number with + and its country prefix") from None
    if not phonenumbers.is_possible_number(number):
        raise ValueError("no phone number has this length")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _iso_date(value: Any) -> Any:
    """Dates come as dates or as YYYY-MM-DD; ``01/02/03`` and seconds since 1970 are refused."""
    if isinstance(value, date) or (isinstance(value, str) and _ISO_DATE.fullmatch(value)):
        return value
    raise ValueError("write the date as YYYY-MM-DD")


def _campaign(fields: dict[str, str]) -> dict[str, str]:
    if len(fields) > _CAMPAIGN_FIELDS_MAX:
        raise ValueError("too many campaign fields")
    return {key[:_CAMPAIGN_TEXT_MAX]: text[:_CAMPAIGN_TEXT_MAX] for key, text in fields.items()}


Email = Annotated[str, Field(max_length=1000), AfterValidator(email)]
Name = Annotated[str, Field(max_length=1000), AfterValidator(name)]
FirstName = Annotated[Name, Field(min_length=1)]
Country = Annotated[str, Field(max_length=2), AfterValidator(country)]
Phone = Annotated[str, Field(max_length=40), AfterValidator(phone)]
IsoDate = Annotated[date, BeforeValidator(_iso_date)]


class Form(BaseModel):
    """An unknown field is refused: nobody fills in `is_admin`."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LeadForm(Form):
    """What a lead leaves on the registration page."""

    email: Email
    password: SecretStr | None = Field(default=None, max_length=10_000)
    """Its strength is judged by access. A lead registered by staff chooses one by invitation."""
    first_name: FirstName
    last_name: Name = ""
    """Some people have one name only."""
    country: Country
    language: str = Field(default="en", pattern=r"^[a-z]{2}$")
    phone: Phone | None = None
    source: str = Field(default="web", pattern=r"^[a-z0-9_-]{1,40}$")
    campaign: Annotated[dict[str, str], AfterValidator(_campaign)] = {}
    """UTM fields as they came."""
    referral_code: str | None = Field(default=None, max_length=40)
    device: str | None = Field(default=None, max_length=128)
    """The browser's mark."""


class ProfileForm(Form):
    """The personal details an identity check compares with the documents."""

    first_name: FirstName
    last_name: Name = ""
    birth_date: IsoDate
    country: Country
    phone: Phone
