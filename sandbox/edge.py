"""Where calls come in: time travel, the fault table, and callbacks delivered before the answer."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.clock import moment, travel
from sandbox.faults import Fault, FaultKind
from sandbox.vendor import Answer
from sandbox.world import World

_DELAY_MS = 1_000
_HANG_MS = 30_000
_REORDER_MS = 2_000
_RUBBISH = Answer(200, b"\x00<html><h1>It works!</h1", media_type="text/html")


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read whole, so that it can be changed, repeated or dropped."""

    scope: Scope
    query: bytes
    body: bytes
    receive: Receive


class Edge:
    """ASGI middleware around a stand-in's application."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world
        self._held: list[asyncio.Event] = []
        self._ways: dict[FaultKind, Callable[[Call, Fault], Awaitable[Answer]]] = {
            FaultKind.REFUSE: self._refuse,
            FaultKind.DELAY: self._delay,
            FaultKind.TIMEOUT_BEFORE: self._hang,
            FaultKind.TIMEOUT_AFTER: self._hang_after,
            FaultKind.ERROR_AFTER: self._error_after,
            FaultKind.DUPLICATE: self._twice,
            FaultKind.REORDER: self._hold,
            FaultKind.GARBAGE: self._garbage,
            FaultKind.WRONG_AMOUNT: self._alter,
            FaultKind.WRONG_CURRENCY: self._alter,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        call = Call(scope, scope["query_string"], await _read(receive), receive)
        headers = dict(scope["headers"])
        try:
            at = moment(headers[b"sandbox-time"].decode()) if b"sandbox-time" in headers else None
        except ValueError:
            await _send(Answer(400, b"Sandbox-Time is no time", media_type="text/plain"), send)
            return
        with travel(at):
            fault = await self._strike(call)
            answer = await (self._ways[fault.fault](call, fault) if fault else self._pass(call))
        if parse_qs(call.query.decode("latin-1")).get("deliver") == ["now"]:
            await self._world.deliveries.flush()
        await _send(answer, send)

    async def _strike(self, call: Call) -> Fault | None:
        if _is_ours(call) or not self._world.faults.all():
            return None
        text = f"{call.query.decode(errors='replace')} {call.body.decode(errors='replace')}"
        what = f"{call.scope['method']} {call.scope['path']}"

        def can_strike(rule: Fault) -> bool:
            """A rule that would change nothing here is not spent on it."""
            way = self._ways.get(rule.fault)
            given = (call.query, call.body)
            is_lie = way == self._alter
            return way is not None and not (
                is_lie and self._world.vendor.altered_call(rule, *given) == given
            )

        return await asyncio.to_thread(self._world.faults.take, what, text, can_strike)

    async def _pass(self, call: Call) -> Answer:
        answer = await _collect(self._app, call)
        if not _is_ours(call):
            for waiting in self._held:
                waiting.set()
            self._held.clear()
        return answer

    async def _refuse(self, _call: Call, fault: Fault) -> Answer:
        return self._world.vendor.refusal(fault)

    async def _delay(self, call: Call, fault: Fault) -> Answer:
        await asyncio.sleep((fault.delay_ms or _DELAY_MS) / 1000)
        return await self._pass(call)

    async def _hang(self, call: Call, fault: Fault) -> Answer:
        """Hold the line until the caller gives up, or a gateway in between would."""
        with suppress(TimeoutError):
            async with asyncio.timeout((fault.delay_ms or _HANG_MS) / 1000):
                while (await call.receive())["type"] != "http.disconnect":
                    pass
        return Answer(504, b"upstream timed out", {"connection": "close"}, "text/plain")

    async def _hang_after(self, call: Call, fault: Fault) -> Answer:
        await self._pass(call)
        return await self._hang(call, fault)

    async def _error_after(self, call: Call, _fault: Fault) -> Answer:
        await self._pass(call)
        return Answer(500, b'{"error":{"message":"internal error"}}')

    async def _twice(self, call: Call, _fault: Fault) -> Answer:
        await self._pass(call)
        return await self._pass(call)

    async def _hold(self, call: Call, fault: Fault) -> Answer:
        another_passed = asyncio.Event()
        self._held.append(another_passed)
        with suppress(TimeoutError):
            async with asyncio.timeout((fault.delay_ms or _REORDER_MS) / 1000):
                await another_passed.wait()
        return await self._pass(call)

    async def _garbage(self, call: Call, _fault: Fault) -> Answer:
        await self._pass(call)
        return _RUBBISH

    async def _alter(self, call: Call, fault: Fault) -> Answer:
        query, body = self._world.vendor.altered_call(fault, call.query, call.body)
        return await self._pass(replace(call, query=query, body=body))


def _is_ours(call: Call) -> bool:
    """Whether it is a call to the stand-in as such, which nothing disturbs."""
    path: str = call.scope["path"]
    return path.startswith("/sandbox/")


async def _read(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


async def _collect(app: ASGIApp, call: Call) -> Answer:
    """Run the application and keep its answer."""
    scope = dict(call.scope, query_string=call.query)
    if len(call.body) != int(dict(scope["headers"]).get(b"content-length", len(call.body))):
        length = str(len(call.body)).encode()
        scope["headers"] = [
            (name, length if name == b"content-length" else value)
            for name, value in scope["headers"]
        ]
    pending: list[Message] = [{"type": "http.request", "body": call.body, "more_body": False}]
    sent: list[Message] = []

    async def receive() -> Message:
        return pending.pop() if pending else await call.receive()

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return Answer(sent[0]["status"], body, headers, headers.get("content-type", ""))


async def _send(answer: Answer, send: Send) -> None:
    headers = {"content-type": answer.media_type} if answer.media_type else {}
    headers |= answer.headers
    headers["content-length"] = str(len(answer.body))
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": answer.body})
