"""NOWPayments: crypto."""

from collections.abc import Mapping
from typing import Any

import httpx

from operational.payments.psp import Provider, Psp
from operational.payments.psp.nowpayments.adapter import NowPayments


def _connect(url: str, held: Mapping[str, Any], transport: httpx.BaseTransport | None) -> Psp:
    """`held` has `api_keys`, `ipn_secrets`, `emails`, `passwords` and `totp_secrets`.

    The last three are of the account that may list payments and pay out; ``"is_live": true`` if it
    is. Where callbacks go is set in the provider's own pages.
    """
    return NowPayments(
        url,
        api_key=held["api_keys"][0],
        ipn_secrets=held["ipn_secrets"],
        email=held["emails"][0],
        password=held["passwords"][0],
        totp_secret=held["totp_secrets"][0],
        is_live=held.get("is_live") is True,
        transport=transport,
    )


PROVIDER = Provider("nowpayments", "NOWPayments", stand_in_port=8105, connect=_connect)
