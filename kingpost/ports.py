"""Ports: is one free, and which is the next that is."""

import socket
from collections.abc import Callable
from contextlib import closing

from operational.kit.settings import Settings
from operational.payments.psp.connect import PROVIDERS, stand_in_port

TITLES = {
    "api_port": "the API",
    "dashboards_port": "the dashboards",
    "dagster_port": "Dagster",
    "mt5_port": "the MT5 stand-in",
}
PSP = "psp_ports__"
"""Before a provider's name: how its stand-in's port is set."""

Choose = Callable[[str, int, int], bool]
"""Asked with who needs it, the port that is taken and the free one offered."""


class PortTaken(RuntimeError):
    """A port is in use and its substitute was declined."""


def settle(settings: Settings, choose: Choose) -> Settings:
    """The settings with free ports only.

    Raises:
        PortTaken: `choose` said no.
    """
    wanted = {name: getattr(settings, name) for name in TITLES}
    wanted |= {PSP + name: stand_in_port(settings, name) for name in PROVIDERS}
    settled: dict[str, int] = {}
    for name, port in wanted.items():
        if is_free(settings.host, port) and port not in settled.values():
            settled[name] = port
            continue
        taken = {*wanted.values(), *settled.values()}
        offered = next(
            other
            for other in range(port + 1, 65536)
            if other not in taken and is_free(settings.host, other)
        )
        if not choose(_title(name), port, offered):
            raise PortTaken(
                f"Port {port} is in use. Free it, or set KINGPOST_{name.upper()} to another one."
            )
        settled[name] = offered
    psp_ports = {name: settled.pop(PSP + name) for name in PROVIDERS}
    return settings.model_copy(update={**settled, "psp_ports": psp_ports})


def _title(name: str) -> str:
    psp = PROVIDERS.get(name.removeprefix(PSP))
    return f"the {psp.title} stand-in" if psp else TITLES[name]


def is_free(host: str, port: int) -> bool:
    with closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as probe:
        # A connection of the last run that is still fading away does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
