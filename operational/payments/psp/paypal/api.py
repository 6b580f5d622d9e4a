"""PayPal's API: a token for an hour, JSON, amounts as decimal text of major units."""

import re
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any

import httpx

from operational.kit.money import AmountInvalid, Money
from operational.kit.signatures import NumberText
from operational.kit.vendors import trust
from operational.payments.errors import CallbackMalformed
from operational.payments.psp import PspRefused, PspUnavailable, strict
from operational.payments.psp.wire import TIMEOUT_SECONDS, answered

WITHOUT_DECIMALS = frozenset({"HUF", "JPY", "TWD"})
"""PayPal takes these in whole units only, also where the currency has smaller ones."""

_UNAUTHORIZED = 401


class Token(httpx.Auth):
    """Signs in when needed: without a token, and once more where the last one is refused."""

    requires_response_body = True

    def __init__(self, credentials: tuple[str, str]) -> None:
        self._basic = httpx.BasicAuth(*credentials)
        self._token = ""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
            answer = yield request
            if answer.status_code != _UNAUTHORIZED:
                return
        asked = next(self._basic.auth_flow(_token_request(request.url)))
        self._token = _token_of((yield asked))
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


def _token_request(url: httpx.URL) -> httpx.Request:
    form = {"grant_type": "client_credentials"}
    return httpx.Request("POST", url.join("/v1/oauth2/token"), data=form)


def _token_of(answer: httpx.Response) -> str:
    """Nothing has happened yet, so whatever is wrong here may be tried again."""
    try:
        return str(answer.raise_for_status().json()["access_token"])
    except (httpx.HTTPStatusError, LookupError, TypeError, ValueError) as error:
        raise PspUnavailable(f"/v1/oauth2/token: HTTP {answer.status_code}") from error


class Api:
    """Calls that carry our reference as their `PayPal-Request-Id`."""

    def __init__(
        self, url: str, credentials: tuple[str, str], transport: httpx.BaseTransport | None
    ) -> None:
        self.client = httpx.Client(
            base_url=url,
            verify=trust(),
            auth=Token(credentials),
            timeout=TIMEOUT_SECONDS,
            transport=transport,
        )

    def get(self, path: str) -> dict[str, Any]:
        return answered(self.client.build_request("GET", path), self.client)

    def post(self, path: str, body: dict[str, Any], *, key: str) -> dict[str, Any]:
        headers = {"PayPal-Request-Id": key, "Prefer": "return=representation"}
        call = self.client.build_request("POST", path, json=body, headers=headers)
        return answered(call, self.client)


def amount_text(money: Money) -> str:
    """``"10.00"``, as the currency's own decimals have it.

    Raises:
        PspRefused: PayPal takes no parts of this currency.
    """
    if money.currency not in WITHOUT_DECIMALS:
        return str(money).partition(" ")[0]
    if money.major != int(money.major):
        raise PspRefused(f"PayPal takes whole {money.currency} only.")
    return str(int(money.major))


def money_of(found: dict[str, Any], *, currency_name: str = "currency_code") -> Money:
    value = strict.text(found, "value")
    if isinstance(value, NumberText):
        raise CallbackMalformed("value is a number, where PayPal writes text.")
    try:
        return Money.parse(value, strict.text(found, currency_name))
    except AmountInvalid as error:
        raise CallbackMalformed(str(error)) from error


def moment_of(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CallbackMalformed(f"{text[:40]!r} is no time.") from error
    if moment.tzinfo is None:
        raise CallbackMalformed(f"{text[:40]!r} has no offset.")
    return moment.astimezone(UTC)


def link(found: dict[str, Any], *relations: str) -> str | None:
    """Where the first of these relations leads."""
    links = found.get("links")
    by_relation = {one.get("rel"): one.get("href") for one in links or () if isinstance(one, dict)}
    return next((str(by_relation[name]) for name in relations if by_relation.get(name)), None)


def last_id(address: str | None) -> str:
    """The id an address of PayPal's ends with."""
    found = re.search(r"/([A-Za-z0-9-]{1,64})$", address or "")
    if found is None:
        raise CallbackMalformed("It does not say which payment it is about.")
    return found[1]
