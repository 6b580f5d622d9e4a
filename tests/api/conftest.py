"""One running API for the tests of a module."""

from collections.abc import Iterator

import pytest

from api.app import create_app
from operational.kit import log
from operational.payments.psp.connect import PROVIDERS
from tests.api.opened import Clock, Door, free_ports, served


@pytest.fixture(scope="session", autouse=True)
def _one_line_logs():
    """As in the process itself; structlog's own default draws whole pages."""
    log.configure("api")


@pytest.fixture(scope="module")
def opened(module_database) -> Iterator[Door]:
    clock = Clock()
    # Nothing of a hub that may be running on this machine is within reach.
    mt5_port, *psp_ports = free_ports(1 + len(PROVIDERS))
    ports = {"mt5_port": mt5_port, "psp_ports": dict(zip(PROVIDERS, psp_ports, strict=True))}
    settings = module_database.settings.model_copy(
        update={**ports, "country_header": "X-Edge-Country"}
    )
    app = create_app(settings, clock)
    with served(app) as url, Door(app, url, module_database, clock) as door:
        yield door
