"""Adyen: cards, iDEAL, bank transfers."""

from collections.abc import Mapping
from typing import Any

import httpx

from operational.payments.psp import Provider, Psp
from operational.payments.psp.adyen.adapter import Adyen


def _connect(url: str, held: Mapping[str, Any], transport: httpx.BaseTransport | None) -> Psp:
    """`held` has `api_keys`, `hmac_keys`, `merchant_accounts`, and ``"is_live": true`` if it is."""
    return Adyen(
        url,
        api_key=held["api_keys"][0],
        hmac_keys=held["hmac_keys"],
        merchant=held["merchant_accounts"][0],
        is_live=held.get("is_live") is True,
        transport=transport,
    )


PROVIDER = Provider("adyen", "Adyen", stand_in_port=8102, connect=_connect, refunds=True)
