"""How somebody becomes a client, by page or by program: what the door knows of them, and how often."""

import re
import secrets

from fastapi import Request, Response

from api.cookies import is_secure
from api.deps import HubDep, NowDep, address_of
from operational.access import throttle
from operational.clients.forms import COUNTRIES
from operational.kit import db
from operational.kit.settings import Settings

PER_ADDRESS_MAX = 60
"""A quarter of an hour of one address; an office that registers more is no office."""
TAKEN_PER_ADDRESS_MAX = 10
"""Who meets this many e-mails that exist is not registering, but asking who is a client."""

DEVICE_COOKIE = "kingpost_device"
DEVICE_SECONDS = 400 * 24 * 3600
"""As long as browsers keep one at most."""
_DEVICE = re.compile(r"[A-Za-z0-9_-]{22,64}")

_LANGUAGE = re.compile(r"([A-Za-z]{2})(?:-[A-Za-z0-9-]+)?(?:\s*;\s*q=([01](?:\.\d{1,3})?))?")
_LANGUAGES_MAX = 20


def throttled(request: Request, hub: HubDep, now: NowDep) -> None:
    """Count the try before anything costly is done, and keep the count whatever comes of it.

    Raises:
        TooManyTries: from this address.
    """
    with db.transaction(hub.engine) as session:
        address = f"register:address:{address_of(request)}"
        throttle.count_try(session, address, tries_max=PER_ADDRESS_MAX, now=now)
        throttle.check(session, _taken_key(request), tries_max=TAKEN_PER_ADDRESS_MAX, now=now)


def count_taken(request: Request, hub: HubDep, now: NowDep) -> None:
    """Remember that this address met an e-mail that exists."""
    with db.transaction(hub.engine) as session:
        throttle.count_try(session, _taken_key(request), tries_max=TAKEN_PER_ADDRESS_MAX, now=now)


def country_of(request: Request, settings: Settings) -> str | None:
    """Where the edge says the visitor's address is; unknown without an edge that says so."""
    if settings.country_header is None:
        return None
    told = request.headers.get(settings.country_header, "").upper()
    return told if told in COUNTRIES else None


def language_of(request: Request) -> str:
    """The language the browser asks for most, ISO 639-1."""
    wanted = request.headers.get("accept-language", "").split(",")[:_LANGUAGES_MAX]
    found = [match for part in wanted if (match := _LANGUAGE.fullmatch(part.strip()))]
    best = max(found, key=lambda match: float(match[2] or 1), default=None)
    return best[1].lower() if best else "en"


def device_of(request: Request) -> str:
    """The browser's own random mark, or a new one for a browser that has none yet."""
    held = request.cookies.get(DEVICE_COOKIE, "")
    return held if _DEVICE.fullmatch(held) else secrets.token_urlsafe(16)


def mark(response: Response, request: Request, device: str) -> None:
    """Let the browser carry the mark, so that a second registration from it is seen."""
    response.set_cookie(
        DEVICE_COOKIE,
        device,
        max_age=DEVICE_SECONDS,
        path="/register",
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )


def _taken_key(request: Request) -> str:
    return f"register:taken:{address_of(request)}"
