"""Passwords: what may be one, and how it is hashed (Argon2id)."""

from threading import BoundedSemaphore
from typing import NewType

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from operational.access.errors import PasswordWeak

PasswordHash = NewType("PasswordHash", str)

LENGTH_MIN = 8
LENGTH_MAX = 1024
"""Checked before hashing, so that a ten-megabyte password costs nothing."""

# OWASP's second set; measured at 69 ms a hash on our two-core machine.
_HASHER = PasswordHasher(time_cost=1, memory_cost=46 * 1024, parallelism=1)
# Four at once hold 184 MB; more would let a crowd at the door take the machine's memory.
_SEATS = BoundedSemaphore(4)

_COMMON = frozenset(
    [
        *("12345678", "123456789", "1234567890", "11111111", "00000000", "abcd1234"),
        *("password", "password1", "passw0rd", "qwertyui", "qwerty123", "iloveyou"),
        *("letmein1", "sunshine", "princess", "football", "welcome1", "admin123", "kingpost"),
    ]
)


def check_strength(password: str) -> None:
    """Refuse what is too short, too long, or on everybody's list.

    Raises:
        PasswordWeak: with the sentence to show at the field.
    """
    if len(password) < LENGTH_MIN:
        raise PasswordWeak(f"Use at least {LENGTH_MIN} characters; 15 or more are better.")
    if len(password) > LENGTH_MAX:
        raise PasswordWeak(f"Use at most {LENGTH_MAX} characters.")
    if password.lower() in _COMMON or len(set(password)) == 1:
        raise PasswordWeak("This password is on every list of stolen passwords. Choose another.")


def hash_password(password: str) -> PasswordHash:
    with _SEATS:
        return PasswordHash(_HASHER.hash(password))


def is_right(password: str, stored: str | None) -> bool:
    """Compare with a stored hash. Without one the same time is spent, so that nobody can tell."""
    if len(password) > LENGTH_MAX:
        return False
    with _SEATS:
        try:
            return _HASHER.verify(stored or _NOBODY, password) and stored is not None
        except (VerifyMismatchError, InvalidHashError):
            return False


def needs_rehash(stored: str) -> bool:
    """Whether the hash was made with other costs than today's."""
    return _HASHER.check_needs_rehash(stored)


_NOBODY = hash_password("nobody's password")
