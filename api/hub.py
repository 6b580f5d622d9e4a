"""What every request of this process shares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

from sqlalchemy import Engine
from starlette.requests import HTTPConnection

from api.mailroom import Mailroom
from operational.access.totp import FieldKey
from operational.kit.clock import utc_now
from operational.kit.settings import Settings
from operational.payments.psp import Psp
from operational.payments.psp.connect import PROVIDERS, connect


@dataclass(frozen=True)
class Hub:
    """Settings, database, keys and providers of one API process."""

    settings: Settings
    engine: Engine
    key: FieldKey
    mailroom: Mailroom
    providers: "Providers"
    clock: Callable[[], datetime] = field(default=utc_now)


class Providers:
    """Payment providers by name, connected when first called by one."""

    LOOK_AGAIN_S = 5.0
    """Keys may come after the start; but anybody can ask in vain."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._found: Mapping[str, Psp] = {}
        self._looked_at: float | None = None

    def get(self, name: str) -> Psp | None:
        """The provider of that name, if the hub has its keys."""
        if name in PROVIDERS and name not in self._found and self._is_time():
            self._found = connect(self._settings, self._found)
        return self._found.get(name)

    def _is_time(self) -> bool:
        now, last = monotonic(), self._looked_at
        if last is not None and now - last < self.LOOK_AGAIN_S:
            return False
        self._looked_at = now
        return True


def hub_of(connection: HTTPConnection) -> Hub:
    """The hub a request came in at."""
    hub: Hub = connection.app.state.hub
    return hub
