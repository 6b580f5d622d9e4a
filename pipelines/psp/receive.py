"""Which parser reads which file of a payment provider; the provider is the sender."""

from collections.abc import Callable, Sequence
from datetime import datetime

import duckdb

from operational.kit.settings import Settings
from pipelines import inbox
from pipelines.contracts import Batch, FileRefused
from pipelines.inbox import Arrival, Receipt
from pipelines.psp import parse_adyen, parse_paypal, parse_stripe
from pipelines.psp.checks import EXPECTATIONS

SCHEMAS = {
    "psp__adyen_lines": parse_adyen.LINES,
    "psp__paypal_lines": parse_paypal.LINES,
    "psp__stripe_lines": parse_stripe.LINES,
}

PARSERS: dict[tuple[str, str], Callable[[bytes], Sequence[Batch]]] = {
    ("adyen", ".csv"): lambda content: [parse_adyen.parse_csv(content)],
    ("adyen", ".xlsx"): lambda content: [parse_adyen.parse_excel(content)],
    ("adyen", ".xls"): lambda content: [parse_adyen.parse_excel(content)],
    ("paypal", ".csv"): parse_paypal.parse,
    ("stripe", ".csv"): parse_stripe.parse,
}
"""By the first word of the sender's folder (`adyen-eu` is Adyen too) and the ending. Adyen has
sent workbooks under the old ending, so the content decides what they are."""


def read(arrival: Arrival) -> Sequence[Batch]:
    """Read one settlement report.

    Raises:
        FileRefused: no report of a provider we know, or one that breaks its contract.
    """
    (file,) = arrival.files
    provider = arrival.sender.partition("-")[0].lower()
    parse = PARSERS.get((provider, file.suffix.lower()))
    if parse is None:
        raise FileRefused(f"{provider} sends no {file.suffix or 'files without ending'}")
    return parse(file.read_bytes())


def receive(settings: Settings, lake: duckdb.DuckDBPyConnection, *, now: datetime) -> Receipt:
    """Land what lies in `<home>/inbox/psp`; see `inbox.receive`."""
    arrivals = inbox.waiting(inbox.folder(settings, "psp"))
    return inbox.receive(lake, arrivals, read, expectations=EXPECTATIONS, now=now)
