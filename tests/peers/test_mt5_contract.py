"""Our side and the MetaTrader stand-in against the published wire facts."""

import json
import re

import pytest

from pipelines.platform import deals
from pipelines.platform.parse_deals import parse
from sandbox.mt5.calls import done
from sandbox.mt5.tables import DEAL_FIELDS

OURS = {"platform": "mt5", "server": "Live", "zone": "America/New_York+7"}


@pytest.fixture(scope="module")
def contract(data):
    if not data.is_dir():
        return {}
    return json.loads((data / "platform" / "mt5_webapi_contract.json").read_text())


def test_a_deal_has_exactly_the_published_fields_and_every_one_is_text(contract):
    assert set(DEAL_FIELDS) == set(contract["deal_fields"])
    assert all(isinstance(value, str) for value in DEAL_FIELDS.values())
    assert set(contract["deal_get"]["response"]["answer"]) <= set(DEAL_FIELDS)


def test_an_answer_has_the_published_envelope(contract):
    answer = json.loads(done({"Deal": "1"}).body)

    assert set(answer) == set(contract["envelope"]) == set(contract["deal_get"]["response"])
    assert answer["retcode"] == contract["envelope"]["retcode"]
    assert re.fullmatch(r"\d+ \w+", answer["retcode"])


def test_every_published_action_and_entry_is_let_in_and_no_unknown_one(contract):
    bounds = {each.arguments["column"]: each.arguments for each in deals.EXPECTATIONS}

    actions = sorted(map(int, contract["enum_action"]))
    assert actions == list(range(bounds["action"]["min_value"], bounds["action"]["max_value"] + 1))
    assert set(map(int, contract["enum_entry"])) <= set(bounds["entry"]["value_set"])


def test_the_published_deals_are_read_to_the_last_digit(contract):
    sample = contract["full_deal_sample_numeric_variant"]
    told = {
        {"positionID": "PositionID"}.get(name, name[0].upper() + name[1:]): str(value)
        for name, value in sample.items()
    }
    # This variant counts lots; the Web API itself counts their ten-thousandth parts.
    told |= {"Volume": "10000", "VolumeClosed": "10000"}

    (row,) = parse([told], **OURS).to_pylist()

    assert (row["deal"], row["login"], row["position"]) == (5_975_991, 85_003_439, 99_992_100)
    assert (row["action"], row["entry"], row["symbol"]) == (0, 0, "EURUSD")
    assert (str(row["profit"]), str(row["swap"])) == ("238.00000000", "-3.20000000")
    assert (row["volume_e8"], row["volume_closed_e8"]) == (100_000_000, 100_000_000)
    assert row["server_time"].isoformat() == "2025-03-27T05:51:58.787000"


def test_a_cancelled_deal_is_the_same_ticket_and_only_its_action_differs(contract):
    assert [contract["enum_action"][code] for code in ("13", "14")] == [
        "BUY_CANCELED",
        "SELL_CANCELED",
    ]
    deal = DEAL_FIELDS | {"Deal": "7", "Login": "1", "Action": "0", "Time": "1772000000"}

    before, after = parse([deal, deal | {"Action": "13"}], **OURS).to_pylist()

    assert before["content_sha256"] != after["content_sha256"]
    assert {name for name in before if before[name] != after[name]} == {"action", "content_sha256"}


def test_volume_in_its_finer_unit_wins_over_the_coarse_one(contract):
    assert any("VolumeExt in 1/100000000 lot" in quirk for quirk in contract["quirks"])
    deal = DEAL_FIELDS | {"Deal": "7", "Login": "1", "Time": "1772000000"}

    coarse, fine = parse(
        [deal | {"Volume": "12", "VolumeExt": ""}, deal | {"Volume": "12", "VolumeExt": "123456"}],
        **OURS,
    ).to_pylist()

    assert (coarse["volume_e8"], fine["volume_e8"]) == (120_000, 123_456)
