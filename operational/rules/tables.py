"""The tables the hub ships with: one JSON file each, in `tables/`."""

import json
from importlib.resources import files
from typing import Any

from operational.access.matrix import Permission

LEAD_ROUTING = "lead_routing"
"""Which team takes a new lead."""
KYC = "kyc"
"""Whether an identity check approves, stops or refuses a client."""
PSP_ROUTING = "psp_routing"
"""Which payment service providers to try for a deposit, in which order."""
DISPUTE_RATIOS = "dispute_ratios"
"""How near a provider's disputes come to what card schemes tolerate."""
ADJUSTMENTS = "adjustments"
"""Who must agree to a manual adjustment."""
WITHDRAWAL = "withdrawal"
"""Whether a withdrawal is paid at once, stopped with every reason, or refused."""
PAYOUT_ROUTING = "payout_routing"
"""Which payment service providers to try for a transfer to a client, in which order."""
PSP_BREAKER = "psp_breaker"
"""When payments are kept from a PSP, and when it is tried again."""
DEPOSIT_METHODS = "deposit_methods"
"""How a client may pay in, and how much."""
BREAK_DEADLINE = "break_deadline"
"""By when a break should be closed."""

READ_WITH: dict[str, Permission] = {KYC: Permission.KYC_READ}
"""Tables whose decisions tell who a person is, and what it takes to read those."""

NAMES = (
    LEAD_ROUTING,
    KYC,
    PSP_ROUTING,
    WITHDRAWAL,
    PAYOUT_ROUTING,
    PSP_BREAKER,
    DEPOSIT_METHODS,
    ADJUSTMENTS,
    BREAK_DEADLINE,
    DISPUTE_RATIOS,
)


def shipped(name: str) -> dict[str, Any]:
    """The content of one shipped table."""
    text = (files("operational.rules") / "tables" / f"{name}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found
