"""A running hub and a browser, shared by the journeys of one module."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from operational.access.matrix import Role
from operational.payments.psp.connect import PROVIDERS
from tests.api.opened import free_ports
from tests.pages.running import RunningHub, running

CHROMIUM = "/usr/bin/chromium"
STEP_MS_MAX = 60_000
"""A step that takes longer has failed, also on two busy cores."""


@pytest.fixture(scope="module")
def hub(module_database) -> Iterator[RunningHub]:
    ports = ("api_port", "mt5_port", "dashboards_port")
    found = free_ports(len(ports) + len(PROVIDERS))
    free = dict(zip(ports, found, strict=False))
    free |= {"psp_ports": dict(zip(PROVIDERS, found[len(ports) :], strict=True))}
    settings = module_database.settings.model_copy(update=free)
    with running(settings, [Role.COMPLIANCE, Role.SUPPORT]) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # A container's root has no user namespaces to build Chromium's sandbox from.
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def person(browser: Browser, hub: RunningHub) -> Iterator[Callable[[], Page]]:
    """A new person at a browser of their own."""
    contexts = []

    def sit_down() -> Page:
        context = browser.new_context(base_url=hub.url)
        context.set_default_timeout(STEP_MS_MAX)
        contexts.append(context)
        return context.new_page()

    yield sit_down
    for context in contexts:
        context.close()
