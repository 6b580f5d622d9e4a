"""The MetaTrader server a hub is connected to."""

from operational.kit.settings import Settings
from operational.kit.vendors import keys
from operational.platforms.mt5 import Manager, Mt5
from operational.platforms.service import SERVER


def connect(settings: Settings) -> Mt5 | None:
    """A client of its own connection, made from ``mt5.json``; None if the hub has no manager."""
    held = keys(settings, "mt5")
    if not held:
        return None
    manager = Manager(SERVER, held["manager_login"][0], held["manager_password"][0])
    return Mt5(settings.mt5_url, manager)
