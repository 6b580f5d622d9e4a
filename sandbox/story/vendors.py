"""The stand-ins a story needs: those of a running hub, else some of its own for the time being."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx

from operational.kit.settings import Settings
from operational.kit.vendors import keys
from operational.payments.psp.connect import PROVIDERS, stand_in_url

START_SECONDS_MAX = 30.0
_LOOK_SECONDS = 0.1


class VendorMissing(RuntimeError):
    """A stand-in does not answer and cannot be started, or is another hub's."""


@contextmanager
def running(settings: Settings) -> Iterator[None]:
    """Start whichever does not answer; end those again, and no others.

    Raises:
        VendorMissing.
    """
    urls = {name: stand_in_url(settings, name) for name in PROVIDERS}
    urls["mt5"] = settings.mt5_url
    with ExitStack() as ours:
        for name, url in urls.items():
            if not is_well(url):
                ours.enter_context(_started(settings, name, url))
            if not keys(settings, name):
                raise VendorMissing(f"The {name} stand-in at {url} is another hub's.")
        yield


def is_well(url: str) -> bool:
    """Whether a stand-in answers there."""
    try:
        return httpx.get(f"{url}/sandbox/health", timeout=2.0).is_success
    except httpx.HTTPError:
        return False


@contextmanager
def _started(settings: Settings, name: str, url: str) -> Iterator[None]:
    port, home = url.rpartition(":")[2], str(settings.root / "sandbox")
    command = [sys.executable, "-m", f"sandbox.{name}", "--host", settings.host, "--port", port]
    with subprocess.Popen([*command, "--home", home]) as process:  # noqa: S603 - our own module
        try:
            _await(process, name, url)
            yield
        finally:
            process.terminate()


def _await(process: subprocess.Popen[bytes], name: str, url: str) -> None:
    limit = time.monotonic() + START_SECONDS_MAX
    while not is_well(url):
        if process.poll() is not None or time.monotonic() > limit:
            raise VendorMissing(f"The {name} stand-in does not answer at {url}.")
        time.sleep(_LOOK_SECONDS)
