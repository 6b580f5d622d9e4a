"""Fetch the settlement reports that lie ready at the providers into the inbox, each once."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import duckdb
import httpx

from operational.kit.settings import Settings
from operational.kit.vendors import keys
from operational.payments.psp import connect
from pipelines import inbox

TIMEOUT_SECONDS = 30.0
OVERLAP = timedelta(days=7)
"""Stripe's report is asked again over its last days; a payout that is landed is passed over."""
FIRST_DAY = date(2000, 1, 1)

_FILE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,120}\.csv")


class SourceUnavailable(Exception):
    """A provider did not answer, or not with a report; the next pass asks again."""


def fetch(
    settings: Settings, lake: duckdb.DuckDBPyConnection, *, today: date
) -> dict[str, int | str]:
    """Ask every provider we hold keys of; say how many reports came, or why none did.

    One provider that is down keeps nobody from the others' reports.
    """
    told: dict[str, int | str] = {}
    asks: dict[str, Callable[[str, str], Iterator[tuple[str, bytes]]]] = {
        "adyen": lambda url, key: _adyen(url, key, lake),
        "stripe": lambda url, key: _stripe(url, key, lake, today),
    }
    for name, ask in asks.items():
        held = keys(settings, name)
        if not held:
            continue
        try:
            told[name] = sum(
                _drop(settings, name, file_name, content)
                for file_name, content in ask(
                    connect.url(settings, name, held), held["api_keys"][0]
                )
            )
        except SourceUnavailable as error:
            told[name] = str(error)
    return told


def _drop(settings: Settings, provider: str, name: str, content: bytes) -> bool:
    """Put a report into the inbox, unless that very one was refused."""
    if inbox.was_refused(settings, "psp", provider, content):
        return False
    inbox.drop(settings, "psp", provider, name, content)
    return True


def _adyen(url: str, key: str, lake: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, bytes]]:
    """Reports of batches not landed yet. Adyen tells of each by notification too.

    Batches are numbered by merchant account, so only the two together name one.
    """
    # The folder of a second connection, such as `adyen-eu`, is part of the lake's name.
    landed = {name.partition("/")[2] for name in _landed_names(lake, "adyen_settlement")}
    with _client(url, {"X-API-Key": key}) as client:
        for report, account, batch in _listed(_get(client, "/reports")):
            if f"{account}/{batch}" not in landed:
                name = f"{account}_{report}"
                if not _FILE_NAME.fullmatch(name):
                    raise SourceUnavailable(f"a report is called {name[:40]!r}")
                yield name, _get(client, f"/reports/{report}").content


def _listed(answer: httpx.Response) -> list[tuple[str, str, str]]:
    """Each report's id, merchant account and batch number.

    Raises:
        SourceUnavailable: it is no list of reports.
    """
    fields = ("id", "merchantAccount", "batch")
    try:
        reports = answer.json()
        found = [tuple(str(report[name]) for name in fields) for report in reports]
    except (LookupError, TypeError, ValueError) as error:
        raise SourceUnavailable(f"/reports: no list of reports: {error!r}") from error
    if not isinstance(reports, list):
        raise SourceUnavailable(f"/reports: no list of reports: {answer.text[:40]!r}")
    return found  # type: ignore[return-value]


def _stripe(
    url: str, key: str, lake: duckdb.DuckDBPyConnection, today: date
) -> Iterator[tuple[str, bytes]]:
    """One report since shortly before the newest landed payout, if it holds any new one."""
    landed = {name.rpartition("/")[2] for name in _landed_names(lake, "stripe_payout")}
    since = _newest_payout(lake) - OVERLAP if landed else FIRST_DAY
    window = {"since": since.isoformat(), "until": today.isoformat()}
    with _client(url, {"Authorization": f"Bearer {key}"}) as client:
        content = _get(client, "/v1/reporting/itemised_payouts.csv", window).content
    report = content.decode("utf-8", "replace")
    if "automatic_payout_id" not in report.partition("\n")[0]:
        raise SourceUnavailable("/v1/reporting: not a payout report")
    payouts = set(re.findall(r"\bpo_[A-Za-z0-9]+", report))
    if payouts - landed:
        yield f"itemised_payouts_{window['since']}_{window['until']}.csv", content


def _newest_payout(lake: duckdb.DuckDBPyConnection) -> date:
    row = lake.execute(
        "select max(payout_effective_at)::date from lake.raw.psp__stripe_lines"
    ).fetchone()
    assert row is not None
    assert isinstance(row[0], date), "a landed payout has lines"
    return row[0]


def _landed_names(lake: duckdb.DuckDBPyConnection, source: str) -> set[str]:
    rows = lake.execute("select name from lake.raw.landed_files where source = ?", [source])
    return {str(name) for (name,) in rows.fetchall()}


def _client(url: str, headers: dict[str, str]) -> httpx.Client:
    return httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_SECONDS)


def _get(client: httpx.Client, path: str, query: dict[str, str] | None = None) -> httpx.Response:
    try:
        answer = client.get(path, params=query)
    except httpx.HTTPError as error:
        raise SourceUnavailable(f"{path}: {type(error).__name__}") from error
    if not answer.is_success:
        raise SourceUnavailable(f"{path}: HTTP {answer.status_code}")
    return answer
