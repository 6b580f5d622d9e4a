"""The one form of every refusal."""

from typing import Any

from pydantic import BaseModel


class ProblemOut(BaseModel):
    """What was refused and why; `code` is stable, `field` names the input at fault."""

    code: str
    message: str
    field: str | None
    request_id: str


_WHEN = {
    400: "The request is not sound.",
    401: "Not signed in, or not believed.",
    403: "Not allowed.",
    404: "There is no such thing, or it is not yours.",
    409: "The state of things does not allow it.",
    413: "Too large.",
    422: "An input is wrong.",
    429: "Too many tries.",
    503: "Busy; nothing was changed.",
}

RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": ProblemOut, "description": sentence} for status, sentence in _WHEN.items()
}
