"""The MetaTrader stand-in against the published wire facts."""

import json
from pathlib import Path

from sandbox.mt5.tables import DEAL_FIELDS


def test_a_deal_has_exactly_the_published_fields(data: Path):
    contract = json.loads((data / "platform" / "mt5_webapi_contract.json").read_text())

    assert set(DEAL_FIELDS) == set(contract["deal_fields"])
