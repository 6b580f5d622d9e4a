"""Signatures under messages from outside: hashes made with a shared key, compared in constant time."""

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

STANDARD_TOLERANCE_SECONDS = 300
"""As the libraries of Standard Webhooks have it."""


class NumberText(str):
    """A JSON number with a fraction or an exponent, letter for letter as it was written."""

    __slots__ = ()


def base64_text(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def is_signed(
    keys: Iterable[bytes],
    message: bytes,
    marks: Iterable[str],
    *,
    algorithm: str = "sha256",
    written: Callable[[bytes], str] = bytes.hex,
) -> bool:
    """Whether one of the marks was made over the message with one of the keys.

    Args:
        keys: several, while one replaces another.
        message: exactly what was signed.
        marks: what came along; anything at all.
        algorithm: of the hash.
        written: how the sender writes a digest.
    """
    expected = [written(hmac.digest(key, message, algorithm)).encode() for key in keys]
    given = [mark.encode("utf-8", "replace") for mark in marks]
    return any(hmac.compare_digest(one, two) for one in expected for two in given)


def is_one_of(keys: Iterable[bytes], given: str) -> bool:
    """Whether a key that came along as it is, is one of ours."""
    return any(hmac.compare_digest(key, given.encode("utf-8", "replace")) for key in keys)


def is_standard_webhook(
    secrets: Iterable[str], headers: Mapping[str, str], body: bytes, now: datetime
) -> bool:
    """Whether a message is signed and fresh as Standard Webhooks say (version 1).

    Args:
        secrets: in base64, with or without ``whsec_`` before it.
        headers: with names in lower case.
        body: the raw bytes.
        now: for the age of the message.
    """
    message_id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    is_time = at.isascii() and at.isdigit() and len(at) <= len("9999999999")
    if not message_id or not is_time:
        return False
    if abs(now.timestamp() - int(at)) > STANDARD_TOLERANCE_SECONDS:
        return False
    versions = [mark.partition(",") for mark in headers.get("webhook-signature", "").split(" ")]
    marks = [mark for version, _, mark in versions if version == "v1"]
    keys = [_standard_key(secret) for secret in secrets]
    signed = f"{message_id}.{at}.".encode() + body
    return is_signed(keys, signed, marks, written=base64_text)


def _standard_key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError("the secret is no base64") from error


def sorted_json(found: Any) -> str:
    """A document with all keys sorted, nothing between its signs, and its numbers as they came.

    What ``JSON.stringify`` makes of it once its keys are sorted: letters stay letters.
    """
    match found:
        case NumberText():
            return str(found)
        case dict():
            parts = (f"{_plain(name)}:{sorted_json(found[name])}" for name in sorted(found))
            return "{" + ",".join(parts) + "}"
        case list():
            return "[" + ",".join(map(sorted_json, found)) + "]"
        case _:
            return _plain(found)


def _plain(value: str | float | None) -> str:
    return json.dumps(value, ensure_ascii=False)
