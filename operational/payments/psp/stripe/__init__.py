"""Stripe: cards."""

from collections.abc import Mapping
from typing import Any

import httpx

from operational.payments.psp import Provider, Psp
from operational.payments.psp.stripe.adapter import Stripe


def _connect(url: str, held: Mapping[str, Any], transport: httpx.BaseTransport | None) -> Psp:
    """`held` has `api_keys`, which say themselves whether they are live, and `webhook_secrets`."""
    return Stripe(
        url,
        api_key=held["api_keys"][0],
        webhook_secrets=held["webhook_secrets"],
        transport=transport,
    )


PROVIDER = Provider("stripe", "Stripe", stand_in_port=8101, connect=_connect, refunds=True)
