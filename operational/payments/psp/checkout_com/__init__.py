"""Checkout.com: cards."""

from collections.abc import Mapping
from typing import Any

import httpx

from operational.payments.psp import Provider, Psp
from operational.payments.psp.checkout_com.adapter import CheckoutCom


def _connect(url: str, held: Mapping[str, Any], transport: httpx.BaseTransport | None) -> Psp:
    """`held` has `api_keys`, `signature_keys` and `processing_channels`.

    An API key says itself whether it is live. With `authorization_keys`, callbacks must bring one.
    """
    return CheckoutCom(
        url,
        api_key=held["api_keys"][0],
        signature_keys=held["signature_keys"],
        authorization_keys=held.get("authorization_keys", ()),
        processing_channel=held["processing_channels"][0],
        transport=transport,
    )


PROVIDER = Provider(
    "checkout_com", "Checkout.com", stand_in_port=8104, connect=_connect, refunds=True
)
