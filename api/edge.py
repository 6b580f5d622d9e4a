"""The outermost ring: request ids, refused foreign pages, security headers, measurements."""

import re
from collections.abc import Sequence
from time import perf_counter
from urllib.parse import urlsplit

import structlog
from fastapi.responses import JSONResponse
from prometheus_client import Counter, Histogram
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import cookies
from operational.kit import ids
from operational.kit.settings import Settings

REQUESTS = Histogram(
    "kingpost_request_seconds",
    "Time from request to the head of its answer.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
CROSS_SITE = Counter("kingpost_cross_site_refused", "Changes refused because another site asked.")

_TOO_LARGE = 413
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITE = frozenset({"same-origin", "none"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}", re.ASCII)


class Meter:
    """The part of the edge that every request meets: an id, and how long it took."""

    headers: Sequence[tuple[bytes, bytes]] = ()

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.timers: dict[tuple[str, str, int], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = scope.setdefault("state", {})["request_id"] = self.request_id(scope)
        start = perf_counter()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._complete(message, request_id)
                self._timer(scope, message["status"]).observe(perf_counter() - start)
            await send(message)

        # Each request runs in a task of its own, so this binds nothing beyond it.
        structlog.contextvars.bind_contextvars(request_id=request_id)
        await self.enter(scope, receive, answer)

    def request_id(self, _scope: Scope) -> str:
        return ids.uuid7().hex

    async def enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)

    def _complete(self, message: Message, request_id: str) -> None:
        """Add our headers where the answer has none of its own."""
        given = message.setdefault("headers", [])
        names = {name.lower() for name, _ in given}
        given += [pair for pair in self.headers if pair[0] not in names]
        given.append((b"x-request-id", request_id.encode()))
        if message["status"] == _TOO_LARGE:
            # Hang up, or the sender goes on for as long as it likes.
            given.append((b"connection", b"close"))

    def _timer(self, scope: Scope, status: int) -> Histogram:
        key = (scope["method"], getattr(scope.get("route"), "path", "unknown"), status)
        timer = self.timers.get(key)
        if timer is None:
            timer = self.timers[key] = REQUESTS.labels(*map(str, key))
        return timer


class Edge(Meter):
    """The whole edge, as browsers need it. Knows nothing of the domain."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        super().__init__(app)
        # After sign-in a form may lead on to the dashboards, which live on another port.
        headers = {
            "Content-Security-Policy": (
                "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
                f"connect-src 'self'; form-action 'self' {settings.dashboards_url}; "
                "frame-ancestors 'none'; base-uri 'none'"
            ),
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
        }
        self.headers = [(name.lower().encode(), text.encode()) for name, text in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def request_id(self, scope: Scope) -> str:
        return _request_id(HTTPConnection(scope))

    async def enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        if is_foreign(HTTPConnection(scope), scope["method"]):
            CROSS_SITE.inc()
            refusal = _refuse(scope["state"]["request_id"])
            await refusal(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def is_foreign(connection: HTTPConnection, method: str) -> bool:
    """Whether a change was asked for by a page of another site, or by nobody who can be told.

    Browsers say where a request comes from in Sec-Fetch-Site; older ones in Origin. A request
    with a session cookie and neither is refused too. Programs use a bearer token and no cookie.
    """
    if method in _SAFE:
        return False
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        return site not in _OWN_SITE
    origin = connection.headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc != connection.headers.get("host")
    return cookies.has_cookie(connection)


def _request_id(connection: HTTPConnection) -> str:
    given = connection.headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else ids.uuid7().hex


def _refuse(request_id: str) -> JSONResponse:
    message = "This request came from another site."
    content = {"code": "cross_site", "message": message, "field": None, "request_id": request_id}
    return JSONResponse(content, 403)
