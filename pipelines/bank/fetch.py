"""Fetch from the bank's host-to-host door what lies ready: statements, and today's report so far."""

import re
from collections.abc import Iterator

import duckdb
import httpx

from operational.kit.settings import Settings
from operational.kit.vendors import keys
from operational.payments.psp import connect
from pipelines import inbox

BANK = "bank"
"""The PSP's name, and the sender's folder in the inbox."""
TIMEOUT_SECONDS = 30.0
_FILE_NAME = re.compile(r"([A-Za-z0-9-]{1,80})\.(camt\.05[23])\.xml")


class BankUnavailable(Exception):
    """The bank did not answer, or not with what was asked for; the next pass asks again."""


def fetch(settings: Settings, lake: duckdb.DuckDBPyConnection) -> int:
    """Put every new file into the inbox; say how many. None if there is no bank.

    Raises:
        BankUnavailable.
    """
    held = keys(settings, BANK)
    if not held:
        return 0
    headers = {"Authorization": f"Bearer {held['tokens'][0]}"}
    url = connect.url(settings, BANK, held)
    with httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_SECONDS) as client:
        return sum(_drop(settings, *file) for file in _new(client, lake))


def _drop(settings: Settings, name: str, content: bytes) -> bool:
    """Put a file into the inbox, unless that very one was refused."""
    if inbox.was_refused(settings, "bank", BANK, content):
        return False
    inbox.drop(settings, "bank", BANK, name, content)
    return True


def _new(client: httpx.Client, lake: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, bytes]]:
    landed = _landed(lake)
    try:
        names = [str(name) for name in _get(client, "/h2h/statements").json()]
    except (TypeError, ValueError) as error:
        raise BankUnavailable(f"/h2h/statements: no list of files: {error}") from error
    for name in names:
        if not _FILE_NAME.fullmatch(name):
            raise BankUnavailable(f"a file is called {name[:40]!r}")
        if name not in landed:
            yield name, _get(client, f"/h2h/statements/{name}").content


def _landed(lake: duckdb.DuckDBPyConnection) -> set[str]:
    """The names of what is there already: the statement's own id and its kind."""
    rows = lake.execute("select name from lake.raw.landed_files where source = 'camt'").fetchall()
    parts = (str(name).rsplit("/", 2) for (name,) in rows)
    return {f"{identifier}.{kind}.xml" for _, kind, identifier in parts}


def _get(client: httpx.Client, path: str) -> httpx.Response:
    try:
        answer = client.get(path)
    except httpx.HTTPError as error:
        raise BankUnavailable(f"{path}: {type(error).__name__}") from error
    if not answer.is_success:
        raise BankUnavailable(f"{path}: HTTP {answer.status_code}")
    return answer
