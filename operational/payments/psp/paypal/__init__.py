"""PayPal: wallets; payments agreed to there are taken when we ask, payouts go to e-mail addresses."""

from collections.abc import Mapping
from typing import Any

import httpx

from operational.payments.psp import Provider, Psp
from operational.payments.psp.paypal.adapter import PayPal


def _connect(url: str, held: Mapping[str, Any], transport: httpx.BaseTransport | None) -> Psp:
    """`held` has `client_ids`, `client_secrets`, `webhook_ids`, and ``"is_live": true`` if it is.

    With `root_certificates` (PEM) callbacks' certificates must come from those, without from the
    authorities everybody believes.
    """
    return PayPal(
        url,
        credentials=(held["client_ids"][0], held["client_secrets"][0]),
        webhook_ids=held["webhook_ids"],
        roots=held.get("root_certificates", ()),
        is_live=held.get("is_live") is True,
        transport=transport,
    )


PROVIDER = Provider(
    "paypal", "PayPal", stand_in_port=8106, connect=_connect, asks_back=True, refunds=True
)
