"""Settlement reports are fetched from the providers' stand-ins, each once, and add up."""

import socket
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest

from lake import connection
from operational.payments.psp.connect import stand_in_url
from pipelines import landing
from pipelines.psp import fetch, receive

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
UP_SECONDS = 30


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def settings(module_database):
    """The hub's settings with both stand-ins running; their keys lie where a demo hub has them."""
    ports = {"adyen": free_port(), "stripe": free_port()}
    found = module_database.settings.model_copy(update={"psp_ports": ports})
    home = found.root / "sandbox"
    home.mkdir(parents=True)
    running = []
    for name, port in ports.items():
        command = [sys.executable, "-m", f"sandbox.{name}", "--port", str(port)]
        command += ["--home", str(home), "--webhook-url", "http://127.0.0.1:9/callbacks"]
        running.append(subprocess.Popen(command, cwd=ROOT))
    for url in (stand_in_url(found, name) for name in ports):
        wait_for(url)
    yield found
    for process in running:
        process.terminate()
        process.wait()


def wait_for(url):
    deadline = time.monotonic() + UP_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/sandbox/health").is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise AssertionError(f"{url} did not come up")


@pytest.fixture(scope="module")
def lake(settings):
    with connection.write(settings) as found:
        landing.prepare(found)
        yield found


def pay(url, reference, at):
    # Each stand-in takes amount and reference by its vendor's names.
    move = {
        "op": "pay", "at": at, "currency": "EUR", "amount": 10_000, "value": 10_000,
        "reference": reference, "metadata": {"reference": reference},
    }  # fmt: skip
    answer = httpx.post(
        f"{url}/sandbox/moves", params={"deliver": "never"}, json=[move], timeout=30
    )
    assert answer.is_success, answer.text


def settle(url, until):
    assert httpx.post(f"{url}/sandbox/settle", params={"until": until}, timeout=30).is_success


def test_each_report_is_fetched_once_and_every_payment_is_settled(settings, lake):
    for url in (stand_in_url(settings, name) for name in ("adyen", "stripe")):
        for number in range(3):
            pay(url, f"D-{number}", f"2026-03-0{number + 1}T10:00:00Z")
        settle(url, "2026-03-08")

    first = fetch.fetch(settings, lake, today=date(2026, 3, 10))
    receipt = receive.receive(settings, lake, now=NOW)
    again = fetch.fetch(settings, lake, today=date(2026, 3, 10))

    assert receipt.refused == {}
    assert (first["stripe"], again) == (1, {"adyen": 0, "stripe": 0})
    for table in ("psp__adyen_lines", "psp__stripe_lines"):
        assert lake.execute(f"""
            select array_agg(distinct merchant_reference order by merchant_reference)
                   filter (merchant_reference is not null),
                   sum(gross_minor) filter (merchant_reference is not null)
            from lake.raw.{table}
        """).fetchone() == (["D-0", "D-1", "D-2"], 30_000)
    assert lake.execute("select sum(net_minor) from lake.raw.psp__adyen_lines").fetchone() == (0,)


def test_a_later_payment_brings_one_more_report_and_lands_only_that(settings, lake):
    for url in (stand_in_url(settings, name) for name in ("adyen", "stripe")):
        pay(url, "D-9", "2026-03-09T10:00:00Z")
        settle(url, "2026-03-12")

    fetched = fetch.fetch(settings, lake, today=date(2026, 3, 12))
    receipt = receive.receive(settings, lake, now=NOW)

    assert (fetched, receipt.refused) == ({"adyen": 1, "stripe": 1}, {})
    for table in ("psp__adyen_lines", "psp__stripe_lines"):
        assert lake.execute(f"""
            select count(*) filter (merchant_reference = 'D-9'), count(*) filter (merchant_reference = 'D-0')
            from lake.raw.{table}
        """).fetchone() == (1, 1)


def test_a_provider_that_is_down_is_told_and_keeps_nobody_from_the_others(settings, lake):
    unreachable = settings.model_copy(
        update={"psp_ports": settings.psp_ports | {"adyen": free_port()}}
    )

    told = fetch.fetch(unreachable, lake, today=date(2026, 3, 12))

    assert told == {"adyen": "/reports: ConnectError", "stripe": 0}
