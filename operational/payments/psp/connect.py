"""The providers a hub is connected to: an adapter for each one whose keys are there."""

from collections.abc import Mapping
from typing import Any

from operational.kit.settings import Settings
from operational.kit.vendors import keys
from operational.payments.psp import Psp
from operational.payments.psp.adyen import Adyen
from operational.payments.psp.stripe import Stripe

PROVIDERS = ("stripe", "adyen")


def connect(settings: Settings, known: Mapping[str, Psp]) -> Mapping[str, Psp]:
    """Adapters by name: the `known`, and those made from ``<home>/secrets/<name>.json`` since.

    ``stripe.json`` holds `api_keys` and `webhook_secrets`; ``adyen.json`` `api_keys`, `hmac_keys`
    and `merchant_accounts`: lists, of which a call uses the first and a signature may use any. A
    Stripe key says whether it is live; for Adyen ``"is_live": true`` does.
    """
    makers = {"stripe": _stripe, "adyen": _adyen}
    found = {name: keys(settings, name) for name in makers if name not in known}
    return {**known} | {name: makers[name](settings, held) for name, held in found.items() if held}


def _stripe(settings: Settings, held: Mapping[str, Any]) -> Psp:
    return Stripe(
        settings.stripe_url,
        api_key=held["api_keys"][0],
        webhook_secrets=held["webhook_secrets"],
    )


def _adyen(settings: Settings, held: Mapping[str, Any]) -> Psp:
    return Adyen(
        settings.adyen_url,
        api_key=held["api_keys"][0],
        hmac_keys=held["hmac_keys"],
        merchant=held["merchant_accounts"][0],
        is_live=held.get("is_live") is True,
    )
