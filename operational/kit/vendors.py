"""Vendors we call and are called by: their keys, and whose certificates we believe."""

import json
import ssl
from functools import cache
from typing import Any

import httpx

from operational.kit.settings import Settings


def keys(settings: Settings, name: str) -> dict[str, Any]:
    """A vendor's keys, each a list; empty if the hub has none.

    Kept in ``<home>/secrets/<name>.json``. The stand-ins of a demo hub make their own, in
    ``<home>/sandbox``.
    """
    for folder in ("secrets", "sandbox"):
        path = settings.root / folder / f"{name}.json"
        if path.exists():
            found: dict[str, Any] = json.loads(path.read_text())
            return found
    return {}


@cache
def trust() -> ssl.SSLContext:
    """The certificates this process believes; reading them takes 40 ms, so it is done once."""
    return httpx.create_ssl_context()
