"""The only table from error code to HTTP status, and the answers that carry it."""

import json
from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.types import Scope

from api import refusals
from api.web.shell import refused
from operational.access.errors import ProgramUnknown, TooManyTries
from operational.kit.errors import DomainError
from operational.kyc import files

log = structlog.get_logger()

STATUS: dict[str, int] = {
    # Who is asking.
    "not_signed_in": 401,
    "sign_in_refused": 401,
    "invalid_client": 401,
    "callback_refused": 401,
    "forbidden": 403,
    "second_person_needed": 403,
    "cross_site": 403,
    "too_many_tries": 429,
    "too_large": 413,
    # What they sent.
    "invalid_grant": 400,
    "unsupported_grant_type": 400,
    "callback_malformed": 400,
    "idempotency_key_missing": 400,
    "idempotency_key_unsound": 400,
    "invalid_input": 422,
    "idempotency_key_reused": 422,
    "note_missing": 422,
    # What it met.
    "not_found": 404,
    "document_not_found": 404,
    "refused": 409,
    "conflict": 409,
    "stale": 409,
    "account_not_ready": 409,
    "adjustment_over_limit": 409,
    "day_not_closed": 409,
    "lines_differ": 409,
    "nothing_to_post": 409,
    "already_decided": 409,
    "already_reversed": 409,
    "approval_expired": 409,
    "already_switched": 409,
    "amount_out_of_limits": 409,
    "case_decided": 409,
    "currency_differs": 409,
    "currency_not_offered": 409,
    "daily_limit_reached": 409,
    "document_unreadable": 409,
    "email_taken": 409,
    "evidence_foreign": 409,
    "hold_ended": 409,
    "hold_exceeded": 409,
    "incurable": 409,
    "insufficient_funds": 409,
    "leverage_not_offered": 409,
    "method_not_offered": 409,
    "monthly_limit_reached": 409,
    "move_in_past": 409,
    "no_psp_offers": 409,
    "no_psp_pays": 409,
    "nothing_left_to_refund": 409,
    "destination_known": 409,
    "destination_needed": 409,
    "destination_not_ready": 409,
    "withdrawal_decided": 409,
    "no_row_applies": 409,
    "not_enough_on_account": 409,
    "not_a_transfer": 409,
    "not_answerable": 409,
    "not_parked": 409,
    "not_reversible": 409,
    "not_that_much_debt": 409,
    "not_verified": 409,
    "nothing_to_decide": 409,
    "operation_differs": 409,
    "returned_too_much": 409,
    "self_referral": 409,
    "stage_not_allowed": 409,
    "too_many_accounts": 409,
    "too_many_documents": 409,
    "tree_cycle": 409,
    "unbalanced": 409,
    "unknown_reference": 409,
    # What we could not do right now.
    "busy": 503,
    "platform_away": 503,
    "mailroom_shut": 503,
}
RETRY_AFTER_S = "1"

TOKEN_PATH = "/oidc/token"  # noqa: S105 - an address
"""Its refusals have the form of RFC 6749 section 5.2."""

# What starts so is asked by programs; everything else by people at a browser.
_PROGRAMS = ("/api", "/session", "/oidc", "/callbacks")
_PEOPLE = {
    404: "There is no such page.",
    405: "There is no page at this address.",
    413: f"This is too large. A file may have at most {files.BYTES_MAX // 1024 // 1024} MB.",
}

# PostgreSQL's own words for "not now": lock not available, statement cancelled, shutting down; and a
# connection that failed between it and us, as a pooler says it.
_NOT_NOW = frozenset({"55P03", "57014", "57P01", "57P02", "57P03", "53300"})
_NOT_NOW |= {"08000", "08001", "08003", "08004", "08006", "08P01"}


class Busy(DomainError):
    """PostgreSQL asked for another try too often, or is not there."""

    code = "busy"

    def __init__(self) -> None:
        super().__init__("The hub is busy. Nothing was changed; please try again.")


class IdempotencyKeyMissing(DomainError):
    code = "idempotency_key_missing"

    def __init__(self) -> None:
        super().__init__("Send an Idempotency-Key with this request.", field="Idempotency-Key")


def register(app: FastAPI) -> None:
    """Answer every refusal, and every fault, in one form."""
    app.add_exception_handler(DomainError, _refusal)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(PoolTimeout, _pool)
    app.add_exception_handler(Exception, _fault)


def status_of(error: type[DomainError] | DomainError) -> int:
    """The status of the error's code; a code that is not in the table takes its parent's."""
    kind = error if isinstance(error, type) else type(error)
    codes = (parent.code for parent in kind.__mro__ if issubclass(parent, DomainError))
    return next(STATUS[code] for code in codes if code in STATUS)


def document(code: str, message: str, request_id: str, field: str | None = None) -> dict[str, Any]:
    """The body of every refusal."""
    return {"code": code, "message": message, "field": field, "request_id": request_id}


def body_of(scope: Scope, error: DomainError) -> bytes:
    """The same where there is no `Request` object."""
    request_id = scope["state"]["request_id"]
    return as_json(document(error.code, str(error), request_id, error.field))


def as_json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def headers_of(error: DomainError) -> dict[str, str]:
    if isinstance(error, TooManyTries):
        return {"Retry-After": str(error.wait_s)}
    if isinstance(error, ProgramUnknown):
        return {"WWW-Authenticate": "Basic"}
    return {"Retry-After": RETRY_AFTER_S} if status_of(error) == STATUS["busy"] else {}


def first_problem(error: RequestValidationError) -> tuple[str, str]:
    """The field at fault and a sentence; never the value, which may be a password."""
    problem = error.errors()[0]
    path = [str(part) for part in problem["loc"] if part not in {"body", "query", "path", "header"}]
    message = str(problem["msg"]).removeprefix("Value error, ")
    return ".".join(path), message[:1].upper() + message[1:]


def is_not_now(error: DBAPIError) -> bool:
    """Whether the database is busy or away, rather than asked something wrong."""
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _NOT_NOW


def answer(request: Request, error: DomainError) -> Response:
    return _say(
        request, error.code, str(error), status_of(error), headers_of(error), field=error.field
    )


def _say(
    request: Request,
    code: str,
    sentence: str,
    status: int,
    headers: Mapping[str, str] | None = None,
    *,
    field: str | None = None,
) -> Response:
    """To a person at a browser as a page, to a program as JSON."""
    if _is_person(request):
        return refused(request, sentence, status, headers)
    if request.url.path == TOKEN_PATH:
        return JSONResponse({"error": code, "error_description": sentence}, status, headers)
    content = document(code, sentence, request.state.request_id, field)
    return JSONResponse(content, status, headers)


def _is_person(request: Request) -> bool:
    is_page = not request.url.path.startswith(_PROGRAMS)
    return is_page and "text/html" in request.headers.get("accept", "")


def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)
    refusals.record(request, error)
    return answer(request, error)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    field, message = first_problem(error)
    refusals.record_code(request, "invalid_input")
    if request.url.path == TOKEN_PATH:
        return _say(request, "invalid_request", f"{field}: {message}", 400)
    return _say(request, "invalid_input", message, STATUS["invalid_input"], field=field)


def _http(request: Request, error: Exception) -> Response:
    """What the framework refuses by itself: no such page, wrong method, body too large."""
    assert isinstance(error, HTTPException)
    status = error.status_code
    sentence = _PEOPLE.get(status, error.detail) if _is_person(request) else error.detail
    return _say(request, f"http_{status}", sentence, status, error.headers)


def _database(request: Request, error: Exception) -> Response:
    assert isinstance(error, DBAPIError)
    return answer(request, Busy()) if is_not_now(error) else _fault(request, error)


def _pool(request: Request, _: Exception) -> Response:
    return answer(request, Busy())


def _fault(request: Request, error: Exception) -> Response:
    """A bug: logged whole, told to nobody."""
    log.error("fault", path=request.url.path, request_id=request.state.request_id, exc_info=error)
    refusals.record_code(request, "fault")
    return _say(request, "fault", "Something is broken here; we know.", 500)
