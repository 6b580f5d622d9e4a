"""The bank: clients' transfers in, quoting our reference; payouts as credit-transfer files."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx

from operational.payments.psp import Account, Provider, Psp
from operational.payments.psp.bank.adapter import Bank


def _connect(url: str, held: Mapping[str, Any], transport: httpx.BaseTransport | None) -> Psp:
    """`held` has `tokens`, `holders`, `bics`, and `accounts`: a currency and an IBAN each."""
    accounts = [
        Account(currency, iban, held["bics"][0], held["holders"][0])
        for currency, iban in (one.split() for one in held["accounts"])
    ]
    return Bank(
        url,
        token=held["tokens"][0],
        accounts=accounts,
        is_live=held.get("is_live") is True,
        transport=transport,
    )


PROVIDER = Provider("bank", "Bank", stand_in_port=8107, connect=_connect, life=timedelta(days=14))
