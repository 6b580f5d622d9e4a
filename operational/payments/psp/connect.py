"""Which providers there are, and adapters for those whose keys are there."""

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import httpx

from operational.kit.settings import Settings
from operational.kit.vendors import keys
from operational.payments import psp
from operational.payments.psp import Provider, Psp


def _found() -> dict[str, Provider]:
    """Every folder beside this file is a provider and describes itself as `PROVIDER`."""
    folders = [name for _, name, is_folder in pkgutil.iter_modules(psp.__path__) if is_folder]
    providers = [import_module(f"{psp.__name__}.{folder}").PROVIDER for folder in folders]
    return {one.name: one for one in sorted(providers, key=lambda one: one.stand_in_port)}


PROVIDERS: Mapping[str, Provider] = _found()
"""By name, in the order of the ports of their stand-ins."""


def gives_back(name: str) -> bool:
    """Whether a provider gives deposits back to where they came from; one we left does not."""
    return name in PROVIDERS and PROVIDERS[name].refunds


def connect(settings: Settings, known: Mapping[str, Psp]) -> Mapping[str, Psp]:
    """Adapters by name: the `known`, and those made from ``<home>/secrets/<name>.json`` since.

    The file holds lists of keys: a call uses the first, a signature may use any. What else it
    holds each provider's own folder says.
    """
    found = {name: keys(settings, name) for name in PROVIDERS if name not in known}
    return {**known} | {name: one(settings, name, held) for name, held in found.items() if held}


def one(
    settings: Settings,
    name: str,
    held: Mapping[str, Any],
    transport: httpx.BaseTransport | None = None,
) -> Psp:
    """The adapter of one provider."""
    return PROVIDERS[name].connect(url(settings, name, held), held, transport)


def url(settings: Settings, name: str, held: Mapping[str, Any]) -> str:
    """Where a provider answers: what its keys' file says, else its stand-in."""
    return str(held.get("url") or stand_in_url(settings, name))


def stand_in_url(settings: Settings, name: str) -> str:
    """Where the provider's stand-in listens."""
    return f"http://{settings.host}:{stand_in_port(settings, name)}"


def stand_in_port(settings: Settings, name: str) -> int:
    return settings.psp_ports.get(name, PROVIDERS[name].stand_in_port)
