"""Money endpoints answer each Idempotency-Key once, for ever."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from api import errors, refusals
from api.deps import ActorDep, SessionDep
from operational.kit.errors import DomainError
from operational.messaging import idempotency
from operational.messaging.idempotency import Answer

KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=idempotency.KEY_CHARACTERS_MAX,
        description="Yours, one per intended effect; the same key gets the same answer for ever.",
    ),
]


class Once:
    """Runs a money route's work under its key, in the request's own transaction."""

    def __init__(self, request: Request, session: SessionDep, actor: ActorDep, body: bytes) -> None:
        self._request, self._session, self._actor, self._body = request, session, actor, body

    def answer(self, key: str, status: int, work: Callable[[], BaseModel]) -> Response:
        """What the work returns, or its stored refusal, byte for byte the same each time."""
        found = self._do(key, lambda: Answer(status, work().model_dump_json().encode()))
        return Response(found.body, found.status, media_type="application/json")

    def path(self, key: str, work: Callable[[], str]) -> str:
        """Where the browser goes after the work, also when the form is sent twice.

        A refusal is raised: the page is shown again with a fresh key.
        """
        found = self._do(key, lambda: Answer(303, work().encode()), is_page=True)
        return found.body.decode()

    def _do(self, key: str, work: Callable[[], Answer], *, is_page: bool = False) -> Answer:
        route = f"{self._request.method} {self._request.url.path}"
        refuse = _raise if is_page else self._refuse
        return idempotency.answer_once(
            self._session,
            self._actor.id,
            key,
            request=route,
            body=self._body,
            work=work,
            refuse=refuse,
        )

    def _refuse(self, refusal: DomainError) -> Answer:
        refusals.record_within(self._session, self._request, refusal)
        request_id = self._request.state.request_id
        content = errors.document(refusal.code, str(refusal), request_id, refusal.field)
        return Answer(errors.status_of(refusal), errors.as_json(content))


def _raise(refusal: DomainError) -> Answer:
    """A page shows the refusal with a fresh key, so nothing of it needs to be kept."""
    raise refusal


async def _body(request: Request) -> bytes:
    # The door read it; a form's stream is used up by now.
    raw: bytes = request.state.body
    return raw


def _once(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    body: Annotated[bytes, Depends(_body)],
) -> Once:
    return Once(request, session, actor, body)


OnceDep = Annotated[Once, Depends(_once, scope="function")]


def _key(key: KeyHeader = None) -> str:
    """The request's key.

    Raises:
        IdempotencyKeyMissing: money moves only under a key.
    """
    if key is None:
        raise errors.IdempotencyKeyMissing
    return key


KeyDep = Annotated[str, Depends(_key)]
