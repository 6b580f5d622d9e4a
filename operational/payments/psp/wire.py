"""HTTP to a provider: what an answer, or its absence, means for a payment."""

from typing import Any

import httpx

from operational.kit.signatures import NumberText
from operational.payments.psp import PspRefused, PspUnavailable

TIMEOUT_SECONDS = 10.0
_CONFLICT, _TOO_MANY, _SERVER_ERROR = 409, 429, 500


def answered(call: httpx.Request, client: httpx.Client) -> dict[str, Any]:
    """The JSON object a provider answered with; numbers with a fraction as text.

    Raises:
        PspRefused: it said no (4xx).
        PspUnavailable: no answer, a 5xx, or an answer nobody can read: it may have happened.
    """
    found = _answer(call, client)
    if not isinstance(found, dict):
        raise PspUnavailable(f"{call.url.path}: unexpected answer")
    return found


def listed(call: httpx.Request, client: httpx.Client) -> list[dict[str, Any]]:
    """Likewise the list of objects."""
    found = _answer(call, client)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise PspUnavailable(f"{call.url.path}: unexpected answer")
    return found


def _answer(call: httpx.Request, client: httpx.Client) -> Any:
    try:
        answer = client.send(call)
    except httpx.HTTPError as error:
        raise PspUnavailable(f"{call.url.path}: {type(error).__name__}") from error
    if answer.status_code in {_CONFLICT, _TOO_MANY} or answer.status_code >= _SERVER_ERROR:
        raise PspUnavailable(f"{call.url.path}: HTTP {answer.status_code}")
    if not answer.is_success:
        said = f"{call.url.path}: HTTP {answer.status_code} {answer.text[:200]}"
        raise PspRefused(said, answer.text)
    try:
        return answer.json(parse_float=NumberText)
    except ValueError as error:
        raise PspUnavailable(f"{call.url.path}: unreadable answer") from error
