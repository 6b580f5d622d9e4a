"""Signatures with a shared key: which hold, and how a document is written to be signed."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operational.kit import signatures
from operational.payments.psp import strict

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEY = b"0123456789abcdef01234567"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
BODY = b'{"test": 1}'

# Numbers as JavaScript writes them.
NUMBERS = st.integers(-(10**20), 10**20) | st.from_regex(
    r"\A-?(0|[1-9][0-9]{0,9})(\.[0-9]{0,8}[1-9])?(e[+-][1-9][0-9]?)?\Z"
).filter(lambda text: "." in text or "e" in text).map(signatures.NumberText)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=6), inner, max_size=4)
    ),
    max_leaves=8,
)


def standard_headers(at: datetime = NOW, *marks: str) -> dict[str, str]:
    seconds = str(int(at.timestamp()))
    signed = f"msg_1.{seconds}.".encode() + BODY
    mark = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    found = " ".join([*marks, f"v1,{mark}"])
    return {"webhook-id": "msg_1", "webhook-timestamp": seconds, "webhook-signature": found}


def is_standard(headers: dict[str, str], body: bytes = BODY, secret: str = SECRET) -> bool:
    return signatures.is_standard_webhook([secret], headers, body, NOW)


def test_a_standard_webhook_is_believed_under_one_of_several_marks():
    assert is_standard(standard_headers())
    assert is_standard(standard_headers(NOW, "v1,bm90", "v1a,other", "v0,x", "rubbish"))
    assert is_standard(standard_headers(), secret=SECRET.removeprefix("whsec_"))
    for seconds in (-300, 300):
        assert is_standard(standard_headers(NOW + timedelta(seconds=seconds)))


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook-id": ""},
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": "9" * 30},
        {"webhook-timestamp": "٣"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,é"},
        {"webhook-signature": standard_headers()["webhook-signature"].replace("v1,", "v1a,")},
        standard_headers(NOW - timedelta(seconds=301)),
        standard_headers(NOW + timedelta(seconds=301)),
    ],
)
def test_a_forged_or_old_standard_webhook_is_not(changes):
    assert not is_standard(standard_headers() | changes)


def test_another_body_or_secret_is_not_believed_and_a_secret_must_be_one():
    assert not is_standard(standard_headers(), BODY + b" ")
    assert not is_standard(standard_headers(), secret=base64.b64encode(b"other").decode())
    with pytest.raises(ValueError, match="base64"):
        is_standard(standard_headers(), secret="whsec_!")


@given(DOCUMENTS)
def test_a_document_is_written_sorted_to_the_last_sign_of_its_numbers(found):
    text = signatures.sorted_json({"b": found, "a": found})
    read = strict.document(text.encode())

    assert signatures.sorted_json(read) == text
    assert json.dumps(json.loads(text)) == json.dumps(json.loads(text), sort_keys=True)
    assert text == _by_the_library(read)


def _by_the_library(found: object) -> str:
    """The same by `json`, with the numbers put in afterwards."""
    numbers: list[str] = []

    def kept(value: object) -> object:
        match value:
            case signatures.NumberText():
                numbers.append(str(value))
                return f"\x00{len(numbers) - 1}\x00"
            case dict():
                return {name: kept(inner) for name, inner in value.items()}
            case list():
                return [kept(inner) for inner in value]
            case _:
                return value

    text = json.dumps(kept(found), separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    for position, number in enumerate(numbers):
        text = text.replace(f'"\\u0000{position}\\u0000"', number)
    return text
