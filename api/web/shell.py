"""What every page has: templates, who is looking, and what was wrong with the form just sent."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from api.web import words
from operational.access.matrix import Permission, is_staff, permissions
from operational.kit import iban, ids
from operational.kit.actor import Actor
from operational.kit.money import Money

OK = 200

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(request: Request, template: str, /, status: int = 200, **content: Any) -> HTMLResponse:
    """Render one page. `problems` and `typed` are there when a refused form is shown again."""
    actor: Actor | None = getattr(request.state, "actor", None)
    held = permissions(actor.roles) if actor else frozenset()
    html = TEMPLATES.get_template(template).render(
        request=request,
        here=request.url.path,
        actor=actor,
        is_signed_in=actor is not None and actor.session_id is not None,
        is_staff=actor is not None and is_staff(actor.roles),
        can=lambda permission: Permission(permission) in held,
        problems=getattr(request.state, "problems", {}),
        typed=getattr(request.state, "typed", {}),
        notice=words.DONE.get(request.query_params.get("done", "")) if status == OK else None,
        once=ids.uuid7().hex,
        **content,
    )
    return HTMLResponse(html, status)


def refused(
    request: Request, sentence: str, status: int, headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """A page that says no more than this."""
    response = page(request, "refused.html", status, sentence=sentence)
    response.headers.update(headers or {})
    return response


def see_other(path: str, done: str = "") -> RedirectResponse:
    """After a change: look at its result, so that reloading does not repeat it.

    `done` names the sentence that says what was changed (`words.DONE`).
    """
    assert not done or done in words.DONE
    return RedirectResponse(f"{path}?done={done}" if done else path, 303)


def money(minor: int, currency: str) -> str:
    """``1,234.50 USD``."""
    exact = Money(minor, currency)
    amount, _ = str(exact).split(" ")
    whole, dot, fraction = amount.partition(".")
    return f"{int(whole):,}{dot}{fraction} {currency}" if whole != "-0" else f"{amount} {currency}"


def moment(at: datetime | str | None) -> str:
    """A time, or the text of one in a stored document."""
    at = datetime.fromisoformat(at) if isinstance(at, str) else at
    return at.strftime("%-d %b %Y, %H:%M UTC") if at else "—"


def day(at: datetime) -> str:
    """The day of a moment, UTC."""
    return at.strftime("%-d %b %Y")


def instant(at: datetime | None) -> str:
    """To the second, where the order of things matters."""
    return at.strftime("%-d %b %Y, %H:%M:%S UTC") if at else "—"


def browser(user_agent: str) -> str:
    """A browser's description of itself in a few words; they all claim to be one another."""
    for mark, name in _BROWSERS:
        if mark in user_agent:
            systems = (system for system in _SYSTEMS if system in user_agent)
            return f"{name} on {next(systems, 'another system')}"
    return user_agent or "A program"


def of_document(found: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """A JSON object as lines of name and value, nested ones flattened."""
    lines: list[tuple[str, Any]] = []
    for key, value in found.items():
        if isinstance(value, Mapping):
            lines += [(f"{key}.{inner}", part) for inner, part in of_document(value)]
        else:
            lines.append((key, value))
    return lines


# The first that is found counts: Edge says Chrome too, and Chrome says Safari.
_BROWSERS = (
    *(("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox")),
    *(("Chrome/", "Chrome"), ("Safari/", "Safari")),
)
_SYSTEMS = ("iPhone", "iPad", "Android", "Windows", "Mac OS", "Linux")

TEMPLATES.filters |= {
    "browser": browser,
    "money": money,
    "moment": moment,
    "day": day,
    "instant": instant,
    "iban": iban.readable,
    "lines": of_document,
    "word": words.word,
    "tone": words.tone,
    "told": words.told,
    "role": lambda role: role.replace("_", " "),
    "pairs": lambda codes: [(code, code) for code in codes],
}
TEMPLATES.globals |= {
    "COUNTRIES": words.COUNTRIES,
    "CURRENCIES": words.CURRENCIES,
    "METHODS": words.METHODS,
}
