"""Pure rules about people: age, and when two names or addresses are the same."""

import unicodedata
from datetime import date

from text_unidecode import unidecode

AGE_MIN = 18
AGE_MAX = 120
"""Nobody is known to have lived longer than 122 years."""

_DOTLESS = frozenset({"gmail.com", "googlemail.com"})
"""Mail hosts that ignore dots in the part before the @."""


def age_on(birth_date: date, day: date) -> int:
    """Full years; born on 29 February, one is a year older on 1 March."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def name_key(*names: str) -> str:
    """One key for all spellings of a name: Latin letters, lower case, parts in order of alphabet."""
    text = unidecode(unicodedata.normalize("NFKC", " ".join(names))).lower()
    text = "".join(sign if sign.isalnum() else " " for sign in text.replace("'", ""))
    return " ".join(sorted(text.split()))


def mailbox(email: str) -> str:
    """The mailbox an address reaches: without the plus part, and without dots where they mean nothing."""
    local, _, domain = email.lower().rpartition("@")
    local = local.split("+", 1)[0]
    if domain in _DOTLESS:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"
