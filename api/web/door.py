"""The route class of pages: what is refused becomes a page that says so, with what was typed."""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from api import errors, refusals
from api.door import Door, Handler, replayed
from api.once import RefusedForm
from api.web import words
from api.web.shell import refused, see_other
from operational.access.errors import NotSignedIn
from operational.kit.errors import DomainError, Forbidden

Problems = dict[str, str]

_SECRET = frozenset({"password", "old", "new", "code"})


class Page(Door):
    """A page, or the form on it. A form is sent to the address of its own page."""

    handler: Handler

    def get_route_handler(self) -> Handler:
        self.handler = _explaining(self, super().get_route_handler())
        return self.handler


class Pages(APIRouter):
    """A group of pages. They are no part of the described API."""

    def __init__(self, prefix: str = "") -> None:
        super().__init__(prefix=prefix, route_class=Page, include_in_schema=False)


def _explaining(route: Page, answer: Handler) -> Handler:
    async def handler(request: Request) -> Response:
        try:
            return await _shown(route, request, await answer(request))
        except NotSignedIn as error:
            await run_in_threadpool(refusals.record, request, error)
            return see_other(f"/sign-in?next={quote(_way_back(route, request))}")
        except (RequestValidationError, ValidationError) as error:
            await run_in_threadpool(refusals.record_code, request, "invalid_input")
            return await _again(route, request, _problems(error), errors.STATUS["invalid_input"])
        except Forbidden as error:
            await run_in_threadpool(refusals.record, request, error)
            return refused(request, str(error), errors.status_of(error))
        except DomainError as error:
            await run_in_threadpool(refusals.record, request, error)
            problems = words.explain(error.code, str(error), error.field)
            return await _again(route, request, problems, errors.status_of(error))
        except DBAPIError as error:
            if not errors.is_not_now(error):
                raise
            return await _again(route, request, {"": str(errors.Busy())}, 503)

    return handler


async def _shown(route: Page, request: Request, response: Response) -> Response:
    """The response itself, or the form again if it brings a stored refusal."""
    if not isinstance(response, RefusedForm):
        return response
    return await _again(route, request, words.explain(*response.refusal), response.status_code)


async def _again(route: Page, request: Request, problems: Problems, status: int) -> Response:
    """The form's own page with the problems at their fields; an error page if it has none."""
    form_page = _page_of(route, request)
    if request.method == "GET" or form_page is None:
        return refused(request, next(iter(problems.values())), status)
    typed = await _typed(request)
    again = Request({**request.scope, "method": "GET"}, replayed(b""))
    again.state.problems, again.state.typed = problems, typed
    response = await form_page.handler(again)
    response.status_code = status
    return response


def _way_back(route: Page, request: Request) -> str:
    """Where to go on after signing in: to a page, never to the address of a form alone."""
    if request.method == "GET":
        return request.url.path + (f"?{request.url.query}" if request.url.query else "")
    form_page = _page_of(route, request)
    return form_page.path.format(**request.path_params) if form_page else ""


def _page_of(route: Page, request: Request) -> Page | None:
    """The page with the form: at the same address, or the nearest one above."""
    pages = {
        found.path: found
        for found in request.app.routes
        if isinstance(found, Page) and "GET" in (found.methods or ())
    }
    path = route.path
    while path and path not in pages:
        path = path.rpartition("/")[0]
    return pages.get(path)


async def _typed(request: Request) -> dict[str, Any]:
    """What the person typed, without passwords, codes and files."""
    form = await Request(request.scope, replayed(request.state.body)).form()
    typed = {
        name: value
        for name, value in form.items()
        if not isinstance(value, UploadFile) and name not in _SECRET
    }
    await form.close()
    return typed


def _problems(error: RequestValidationError | ValidationError) -> Problems:
    found: Problems = {}
    for problem in error.errors():
        names = [str(part) for part in problem["loc"] if part != "body"]
        sentence = str(problem["msg"]).removeprefix("Value error, ")
        sentence = words.PROBLEMS.get(problem["type"], sentence)
        found.setdefault(names[0] if names else "", sentence[:1].upper() + sentence[1:])
    return found
