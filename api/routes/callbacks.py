"""Callbacks of payment providers: verified over their raw bytes, stored, then acknowledged.

This is the busiest door and needs nothing of the others: no session, no actor, no second try. So it
is a bare ASGI endpoint, measured at a third of the cost of a described route.
"""

from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from api import errors
from api.hub import Hub
from api.mailroom import NotStored
from operational.kit.errors import DomainError, NotFound
from operational.messaging.inbox import Refused
from operational.payments import service as payments
from operational.payments.errors import CallbackMalformed, CallbackRefused
from operational.payments.psp.connect import PROVIDERS

BODY_BYTES_MAX = 64 * 1024
PREFIX = "/callbacks/"


class TooLarge(DomainError):
    code = "too_large"


class CallbackRoute(Route):
    """Anybody may knock: the provider's signature is its permission."""

    door_rule = "public"


class CallbackDoor:
    """Believes a callback or not; if so, stores it and says so only then. The worker acts on it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = routes[0]
        hub: Hub = scope["app"].state.hub
        kind = (b"content-type", b"text/plain; charset=utf-8")
        try:
            status, body = 200, await _take(hub, scope, receive)
        except NotStored:
            status, body = 503, b""
            kind = (b"retry-after", errors.RETRY_AFTER_S.encode())
        except DomainError as refusal:
            status, body = errors.status_of(refusal), errors.body_of(scope, refusal)
            kind = (b"content-type", b"application/json")
        headers = [(b"content-length", b"%d" % len(body)), kind]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def is_callback(scope: Scope) -> bool:
    """Whether this is a request that `CallbackDoor` answers."""
    return (
        scope["type"] == "http"
        and scope["method"] == "POST"
        and scope["path"].startswith(PREFIX)
        and "/" not in scope["path"][len(PREFIX) :]
    )


async def _take(hub: Hub, scope: Scope, receive: Receive) -> bytes:
    """What the provider waits to hear, after what it said is on the disk.

    Raises:
        NotFound, TooLarge, CallbackRefused, CallbackMalformed: it is not believed.
        NotStored: it must come again.
    """
    body, headers = await _read(receive), _headers(scope)
    source = scope["path"].removeprefix(PREFIX)
    psp = hub.providers.get(source)
    if psp is None:
        raise NotFound("There is no such provider.")
    try:
        believe = partial(payments.believe, psp, headers, body, now=hub.clock())
        is_slow = PROVIDERS[source].asks_back
        arrived = await run_in_threadpool(believe) if is_slow else believe()
    except CallbackRefused as refusal:
        # Counted, not recorded: a record for each would let anybody fill the audit log.
        hub.mailroom.refuse(Refused(source, refusal.why, headers, body))
        raise
    except CallbackMalformed:
        hub.mailroom.refuse(Refused(source, "malformed", headers, body))
        raise
    await hub.mailroom.store(arrived)
    return psp.ack


def _headers(scope: Scope) -> dict[str, str]:
    """By name in lower case; one look at each instead of one search for each that is asked for."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def _read(receive: Receive) -> bytes:
    """The raw body, and no more of it than the limit."""
    body = b""
    while True:
        message = await receive()
        part: bytes = message.get("body", b"")
        body += part
        if len(body) > BODY_BYTES_MAX:
            raise TooLarge(f"A callback has at most {BODY_BYTES_MAX // 1024} KB.")
        if not message.get("more_body"):
            return body


routes = [CallbackRoute(PREFIX + "{source}", CallbackDoor(), methods=["POST"])]
