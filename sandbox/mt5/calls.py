"""Reading a Web API call and writing its answer: query or JSON in, numbers as strings out."""

import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import JSONResponse

from sandbox.mt5.retcodes import FORBIDDEN, INVALID, Failed, text
from sandbox.mt5.sessions import Session

PAGE_MAX = 100
_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)


def whole(given: str) -> int:
    """A whole number that a record can hold.

    Raises:
        Failed: it is none.
    """
    if not _WHOLE.fullmatch(given):
        raise Failed(INVALID)
    return int(given)


@dataclass(frozen=True, slots=True)
class Call:
    """The parameters of one call, by lower-case name; query and body count alike."""

    session: Session
    fields: dict[str, str]
    exact: dict[str, str]
    """The same under their own spelling."""

    def text(self, name: str, default: str = "") -> str:
        return self.fields.get(name, default)

    def whole(self, name: str, default: int | None = None) -> int:
        """A whole number.

        Raises:
            Failed: missing without a default, or no number.
        """
        given = self.fields.get(name)
        if given is None and default is not None:
            return default
        return whole(given or "")

    def decimal(self, name: str) -> Decimal:
        """An exact number.

        Raises:
            Failed: missing, or no number.
        """
        try:
            number = Decimal(self.fields.get(name, ""))
        except InvalidOperation:
            raise Failed(INVALID) from None
        if not number.is_finite():
            raise Failed(INVALID)
        return number

    def logins(self, name: str = "login") -> list[int]:
        """A comma-separated list of whole numbers, empty when not given."""
        words = [word.strip() for word in self.fields.get(name, "").split(",") if word.strip()]
        return [whole(word) for word in words]

    def page(self) -> tuple[int, int]:
        """Where the page begins and how much is on it, at most a hundred.

        Raises:
            Failed: one of them is below nothing.
        """
        offset, size = self.whole("offset", 0), self.whole("total", PAGE_MAX)
        if min(offset, size) < 0:
            raise Failed(INVALID)
        return offset, min(size, PAGE_MAX)


async def _call(request: Request) -> Call:
    given: dict[str, Any] = dict(request.query_params)
    if raw := await request.body():
        try:
            body = json.loads(raw)
        except ValueError:
            raise Failed(INVALID) from None
        record = body[0] if isinstance(body, list) and body else body
        if not isinstance(record, dict):
            raise Failed(INVALID)
        given |= record
    exact = {name: str(value) for name, value in given.items()}
    return Call(
        request.state.session, {name.lower(): value for name, value in exact.items()}, exact
    )


CallDep = Annotated[Call, Depends(_call)]


def authorised(call: CallDep) -> None:
    """Let an authenticated connection pass."""
    call.session.check()


def done(answer: Any = None, **more: str) -> JSONResponse:
    """``{"retcode": "0 Done", "answer": ...}``."""
    body = {"retcode": text(0)} | more
    return JSONResponse(body if answer is None else body | {"answer": answer})


def failed(failure: Failed) -> JSONResponse:
    """Everything is HTTP 200 at MetaTrader, but the want of a session."""
    return JSONResponse({"retcode": text(failure.code)}, 403 if failure.code == FORBIDDEN else 200)
