"""A published lake, the API that says who reads, and a browser."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl
import pytest
import streamlit as st
from playwright.sync_api import Page, expect, sync_playwright

from kingpost import configuration, parts
from kingpost.parts import Part
from kingpost.supervisor import Supervisor
from lake import connection
from operational.access.matrix import Role
from operational.kit.clock import utc_now
from operational.kit.settings import Settings
from tests.api.opened import Door, free_ports
from tests.dashboards import shop
from tests.dashboards.screens import Screen
from tests.dashboards.shop import Shop

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 60_000
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="module")
def filled(module_database) -> Shop:
    """The broker with everything it has."""
    return shop.opened(module_database)


@pytest.fixture(scope="module")
def ask(filled) -> Iterator[Callable[..., pl.DataFrame]]:
    """Questions to the filled lake; a period that holds everything goes along where one is due."""
    with connection.read_at(filled.settings, filled.filled.snapshot) as lake:

        def answered(sql: str, **parameters: Any) -> pl.DataFrame:
            given = filled.period if "$since" in sql else {}
            return lake.execute(sql, given | parameters).pl()

        yield answered


@pytest.fixture(scope="module")
def hub(filled) -> Iterator[Supervisor]:
    """The API, in a process of its own."""
    api_port, dashboards_port = free_ports(2)
    ports = {"api_port": api_port, "dashboards_port": dashboards_port}
    settings = filled.settings.model_copy(update=ports)
    configuration.write(settings)
    found = Supervisor(settings, print, configuration.environment(settings))
    _start(found, "api")
    yield found
    found.stop()


@pytest.fixture(scope="module")
def dashboards_url(hub) -> str:
    """The dashboards, in a process of their own."""
    _start(hub, "dashboards")
    return hub.settings.dashboards_url


def _start(hub: Supervisor, name: str) -> None:
    part = _part(hub, name)
    hub.start([part])
    hub.await_ready([part], lambda _: None)


def _part(hub: Supervisor, name: str) -> Part:
    return next(part for part in parts.parts(hub.settings) if part.name == name)


@pytest.fixture(scope="module")
def door(hub, filled) -> Iterator[Door]:
    """People to let in, and to shut out."""
    with Door(None, hub.settings.api_url, filled.database, utc_now) as found:
        yield found


@pytest.fixture(scope="module")
def given(hub, tmp_path_factory) -> Settings:
    """What the dashboards are given, in a home that has the lake's files and no secret."""
    home = tmp_path_factory.mktemp("given")
    for name in ("lake", "dbt", "duckdb_extensions"):
        (home / name).symlink_to(hub.settings.root / name)
    found = _part(hub, "dashboards").settings
    assert found is not None
    return found.model_copy(update={"home": home})


@pytest.fixture(scope="module")
def look(given, door) -> Iterator[Callable[..., Screen]]:
    """A page as somebody of a role, or the holder of a token, sees it; drawn in this process."""

    def looked(who: Role | str, path: str = "kpis", **query: Any) -> Screen:
        token = door.someone(who)[1] if isinstance(who, Role) else who
        return Screen.of(path, token, query)

    with _at_home(given):
        yield looked


@pytest.fixture
def elsewhere(given):
    """Let the dashboards of this process find other settings for a while."""
    return lambda **changes: _at_home(given.model_copy(update=changes))


@contextmanager
def _at_home(settings: Settings) -> Iterator[None]:
    """The dashboards of this process find these settings, and remember nothing of others."""
    found = {name: text for name, text in settings.environment().items() if "KINGPOST" in name}
    with pytest.MonkeyPatch.context() as patch:
        for name, text in found.items():
            patch.setenv(name, text)
        _forget()
        yield
        _forget()


def _forget() -> None:
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    # None lets Playwright take its own.
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def page(chromium) -> Iterator[Page]:
    """A browser window that nobody has used."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    yield context.new_page()
    context.close()
