"""Money endpoints answer each Idempotency-Key once, for ever."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from api import errors, refusals
from api.deps import ActorDep, SessionDep
from api.web.shell import see_other
from operational.kit.errors import DomainError
from operational.messaging import idempotency
from operational.messaging.idempotency import Answer

KeyHeader = Annotated[
    str | None,
    # What is wrong with a key is refused by `idempotency.check_key`, in one way for all.
    Header(
        alias="Idempotency-Key",
        json_schema_extra={"minLength": 1, "maxLength": idempotency.KEY_CHARACTERS_MAX},
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

    def page(self, key: str, work: Callable[[], str]) -> Response:
        """To where the work leads, also when the form is sent twice; or back to the form, refused."""
        found = self._do(key, lambda: Answer(HTTPStatus.SEE_OTHER, work().encode()))
        if found.status == HTTPStatus.SEE_OTHER:
            return see_other(found.body.decode())
        return RefusedForm(found.body, found.status)

    def _do(self, key: str, work: Callable[[], Answer]) -> Answer:
        route = f"{self._request.method} {self._request.url.path}"
        return idempotency.answer_once(
            self._session,
            self._actor.id,
            key,
            request=route,
            body=self._body,
            work=work,
            refuse=self._refuse,
        )

    def _refuse(self, refusal: DomainError) -> Answer:
        refusals.record_within(self._session, self._request, refusal)
        request_id = self._request.state.request_id
        content = errors.document(refusal.code, str(refusal), request_id, refusal.field)
        return Answer(errors.status_of(refusal), errors.as_json(content))


class RefusedForm(Response):
    """A stored refusal on its way to a page: committed by now, and to be shown on the form's page."""

    @property
    def refusal(self) -> tuple[str, str, str | None]:
        """Code, sentence and field."""
        found = json.loads(bytes(self.body))
        return found["code"], found["message"], found.get("field")


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
        IdempotencyKeyUnsound: it is no key.
    """
    if key is None:
        raise errors.IdempotencyKeyMissing
    idempotency.check_key(key)
    return key


KeyDep = Annotated[str, Depends(_key)]
