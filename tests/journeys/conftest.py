"""A whole hub of one's own, as `kingpost up` starts it, and a browser."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from operational.kit.settings import Settings
from operational.payments.psp.connect import PROVIDERS
from tests.faults.processes import free_port, wait_until

PARTS = ("api_port", "dashboards_port", "dagster_port", "mt5_port")
PORTS = (*PARTS, *(f"psp_ports__{name}" for name in PROVIDERS))
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
PATIENCE_MS = 60_000


@dataclass(frozen=True)
class Hub:
    """A running hub with a small demo broker."""

    settings: Settings

    def sign_in(self, page: Page, role: str) -> None:
        """Fill in the sign-in form that `page` shows, as the demo's person with that role."""
        logins = json.loads((self.settings.root / "demo_logins.json").read_text())
        who = next(each for each in logins if each["role"] == role)
        page.fill("[name=email]", who["email"])
        page.fill("[name=password]", who["password"])
        page.fill("[name=code]", pyotp.TOTP(who["totp_secret"]).now())
        page.click("form button")


@pytest.fixture(scope="module")
def whole_hub() -> Iterator[Hub]:
    home = Path(tempfile.mkdtemp(prefix="kp-hub-"))
    ports = {name: free_port() for name in PORTS}
    environment = os.environ | {"KINGPOST_HOME": str(home)}
    environment |= {f"KINGPOST_{name.upper()}": str(port) for name, port in ports.items()}
    command = [sys.executable, "-m", "kingpost.cli", "up", "--clients", "20", "--days", "10"]
    log = home.with_suffix(".log")
    with log.open("w") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        wait_until(
            lambda: process.poll() is not None or "Kingpost runs" in log.read_text(),
            "the hub runs",
            seconds=300,
            pause=0.5,
        )
        assert process.poll() is None, log.read_text()
        parts = {name: ports[name] for name in PARTS}
        yield Hub(
            Settings(
                home=home,
                **parts,
                psp_ports={name: ports[f"psp_ports__{name}"] for name in PROVIDERS},
            )
        )
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
        shutil.rmtree(home, ignore_errors=True)
        log.unlink()


@pytest.fixture
def page() -> Iterator[Page]:
    """A browser window that nobody has used."""
    expect.set_options(timeout=PATIENCE_MS)
    path = next(filter(None, map(shutil.which, CHROMIUM)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(PATIENCE_MS)
        yield context.new_page()
        browser.close()
