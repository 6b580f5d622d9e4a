"""International bank account numbers (ISO 13616): one form, and whether the check digits hold."""

import re

_FORM = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")


def compact(text: str) -> str:
    """Without the spaces people read it with."""
    return "".join(text.split()).upper()


def is_valid(text: str) -> bool:
    """Whether the form and the check digits are those of an account number."""
    iban = compact(text)
    return bool(_FORM.fullmatch(iban)) and _remainder(iban) == 1


def checked(country: str, account: str) -> str:
    """The number with its check digits."""
    return f"{country}{98 - _remainder(f'{country}00{account}'):02}{account}"


def readable(iban: str) -> str:
    """In groups of four."""
    return " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))


def _remainder(iban: str) -> int:
    moved = iban[4:] + iban[:4]
    return int("".join(str(int(letter, 36)) for letter in moved)) % 97
