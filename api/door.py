"""The route class: it says who may pass, and runs the whole transaction again if PostgreSQL asks."""

from collections.abc import Callable, Coroutine, Iterable
from contextlib import AsyncExitStack
from typing import Any

import anyio
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlalchemy.exc import DBAPIError
from starlette.routing import BaseRoute, Route
from starlette.types import Message, Receive

from api.errors import Busy
from api.schemas.problems import RESPONSES
from operational.kit import db

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

# FastAPI closes dependencies of scope "function" with the stack under this key, after the route's
# handler. A commit that fails must be seen by the retry, so each try gets a stack of its own;
# tests/api/test_commit.py notices if the key is ever renamed.
_FUNCTION_STACK = "fastapi_function_astack"
_WAIT_SECONDS = 0.01

BODY_BYTES_MAX = 64 * 1024
"""Of a route that says nothing else."""
_UNREAD_BYTES_MAX = 32 * 1024 * 1024
"""A browser reads our refusal only after it has sent everything; we listen that long."""
_TOO_LARGE = 413


class Door(APIRoute):
    """One route. Its dependencies name the permission it needs (api/deps.py)."""

    def __init__(self, *args: Any, max_body_size: int | None = None, **options: Any) -> None:
        # The framework's own limit answers in plain text; ours is refused like everything else.
        self.body_bytes_max = max_body_size or BODY_BYTES_MAX
        super().__init__(*args, **options)

    def get_route_handler(self) -> Handler:
        return retrying(super().get_route_handler(), self.body_bytes_max)


class Doors(APIRouter):
    """A group of routes of one noun."""

    def __init__(self, prefix: str = "", *, tag: str) -> None:
        super().__init__(prefix=prefix, tags=[tag], route_class=Door, responses=RESPONSES)


def retrying(answer: Handler, body_bytes_max: int) -> Handler:
    """Run `answer` with its transaction, again after a serialization failure or a deadlock."""

    async def handler(request: Request) -> Response:
        body = request.state.body = await body_of(request, body_bytes_max)
        for attempt in range(1, db.TRIES_MAX + 1):
            try:
                async with AsyncExitStack() as stack:
                    request.scope[_FUNCTION_STACK] = stack
                    response = await answer(Request(request.scope, replayed(body)))
            except DBAPIError as error:
                if not db.is_retryable(error):
                    raise
                await anyio.sleep(_WAIT_SECONDS * 2**attempt)
            else:
                return response
        raise Busy

    return handler


async def body_of(request: Request, bytes_max: int) -> bytes:
    """The body, which never takes more memory than the limit.

    Raises:
        HTTPException: it is larger.
    """
    body, announced = bytearray(), request.headers.get("content-length", "")
    bytes_left = int(announced) if announced.isdecimal() else 0
    async for chunk in request.stream():
        bytes_left -= len(chunk)
        if len(body) <= bytes_max:
            body += chunk
        if len(body) > bytes_max and not 0 < bytes_left <= _UNREAD_BYTES_MAX:
            break
    if len(body) > bytes_max:
        raise HTTPException(_TOO_LARGE, "Content Too Large")
    return bytes(body)


def open_doors(routes: Iterable[BaseRoute]) -> list[str]:
    """Routes that name neither a permission nor why they need none. Start-up refuses them."""
    return [route.path for route in routes if isinstance(route, Route) and _is_open(route)]


def _is_open(route: Route) -> bool:
    """The description of the API is no route of ours and shows nothing but shapes."""
    if isinstance(route, APIRoute):
        return not any(map(_is_rule, _calls(route.dependant)))
    return not _is_rule(route) and route.name != "openapi"


def _calls(dependant: Dependant) -> Iterable[object]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _calls(inner)


def _is_rule(found: object) -> bool:
    return hasattr(found, "door_rule")


def replayed(body: bytes) -> Receive:
    """A request body that was read once, to be read again."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
