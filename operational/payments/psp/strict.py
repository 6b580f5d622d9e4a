"""JSON without the room two readers need to disagree: no duplicate keys, no NaN, UTF-8 only."""

import json
import re
from typing import Any, NoReturn

from operational.kit.signatures import NumberText
from operational.payments.errors import CallbackMalformed

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def document(body: bytes) -> dict[str, Any]:
    """Read one JSON object.

    Raises:
        CallbackMalformed: anything else.
    """
    try:
        found = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse,
            parse_float=NumberText,
        )
        if _SURROGATE.search(body):
            # Half of a pair is no letter, and cannot be written down again.
            json.dumps(found, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise CallbackMalformed(f"The body is not strict JSON: {str(error)[:80]}") from error
    if not isinstance(found, dict):
        raise CallbackMalformed("The body is not a JSON object.")
    return found


def text(found: dict[str, Any], name: str) -> str:
    """A field that must be text."""
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise CallbackMalformed(f"{name} is missing or no text.")
    return value


def whole(found: dict[str, Any], name: str) -> int:
    """A field that must be a whole number of zero or more, written as a number."""
    value = found.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise CallbackMalformed(f"{name} is no whole number of minor units.")
    return value


def inner(found: dict[str, Any], name: str) -> dict[str, Any]:
    """A field that must be an object."""
    value = found.get(name)
    if not isinstance(value, dict):
        raise CallbackMalformed(f"{name} is missing or no object.")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
