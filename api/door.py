"""The route class: it says who may pass, and runs the whole transaction again if PostgreSQL asks."""

from collections.abc import Callable, Coroutine, Iterable
from contextlib import AsyncExitStack
from typing import Any

import anyio
from fastapi import APIRouter, Request, Response
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


class Door(APIRoute):
    """One route. Its dependencies name the permission it needs (api/deps.py)."""

    def get_route_handler(self) -> Handler:
        return retrying(super().get_route_handler())


class Doors(APIRouter):
    """A group of routes of one noun."""

    def __init__(self, prefix: str = "", *, tag: str) -> None:
        super().__init__(prefix=prefix, tags=[tag], route_class=Door, responses=RESPONSES)


def retrying(answer: Handler) -> Handler:
    """Run `answer` with its transaction, again after a serialization failure or a deadlock."""

    async def handler(request: Request) -> Response:
        body = request.state.body = await request.body()
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
