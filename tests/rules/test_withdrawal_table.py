"""The shipped withdrawal table, stop by stop: break exactly one thing, expect exactly one reason."""

import pytest

from operational.rules import engine, tables

FINE = {
    "country": "DE",
    "kyc_days": 100,
    "route": "source",
    "amount_usd": 500,
    "day_count": 1,
    "week_count": 1,
    "month_count": 1,
    "day_usd": 500,
    "week_usd": 500,
    "month_usd": 500,
    "paid_count": 5,
    "largest_usd": 500,
    "device": "known",
    "device_hours": 72,
    "ip_hours": 0,
    "password": "changed",
    "password_hours": 72,
    "destination": "none",
    "new_destinations": 0,
    "holder_match_percent": 100,
    "shared_destination_count": 0,
    "chargeback_count": 0,
    "open_dispute_count": 0,
    "deposited_usd": 500,
    "moved_percent": 100,
    "traded": "yes",
    "negative_accounts": 0,
    "score_band": "unknown",
}
STOPS = {
    "country_not_served": {"country": "IR"},
    "old_kyc": {"kyc_days": 366},
    "new_device": {"device_hours": 71},
    "password_changed": {"password_hours": 71},
    "bank_details_changed": {"new_destinations": 1},
    "chargeback_history": {"chargeback_count": 1},
    "open_dispute": {"chargeback_count": 1, "open_dispute_count": 1},
    "large_amount": {"amount_usd": 2001, "largest_usd": 2001},
    "unusual_amount": {"amount_usd": 1501},
    "unusual_frequency": {"week_count": 4, "month_count": 5},
    "unusual_destination": {"destination": "first"},
    "third_party": {"holder_match_percent": 84},
    "shared_destination": {"shared_destination_count": 1},
    "no_trading": {"traded": "no"},
    "velocity_day": {"day_count": 4},
    "velocity_week": {"week_usd": 10_001},
    "velocity_month": {"month_usd": 25_001},
    "high_score": {"score_band": "high"},
}
JUST_FINE = [
    {"kyc_days": 365},
    {"amount_usd": 2000, "largest_usd": 700},
    {"amount_usd": 1500},
    {"day_count": 3, "day_usd": 5000},
    {"week_usd": 10_000, "month_usd": 25_000},
    {"week_count": 4, "month_count": 6},
    {"holder_match_percent": 85, "destination": "used"},
    {"traded": "no", "deposited_usd": 0},
    {"device": "none", "device_hours": 0},
    {"password": "never", "password_hours": 0},
    {"score_band": "medium"},
]


def decided(**changes):
    return engine.evaluate(tables.shipped(tables.WITHDRAWAL), FINE | changes)


@pytest.mark.parametrize("change", [{}, *JUST_FINE])
def test_who_is_at_the_edge_of_every_rule_is_paid_at_once(change):
    assert (decided(**change).outcome["outcome"], decided(**change).outcome["reasons"]) == (
        "approve",
        [],
    )


@pytest.mark.parametrize("code", STOPS)
def test_one_thing_wrong_stops_it_for_that_reason_in_a_sentence_with_what_it_saw(code):
    found = decided(**STOPS[code])

    assert found.outcome["outcome"] == "review"
    assert [reason["code"] for reason in found.outcome["reasons"]] == [code]
    assert found.outcome["reasons"][0]["sentence"].endswith((".", "?"))
    assert found.outcome["reasons"][0]["desk"] in {"finance", "compliance"}
    assert [row["rule"]["_id"] for row in found.trace["steps"][0]["rows"]]


def test_all_that_is_wrong_is_said_and_money_owed_on_the_platform_refuses():
    everything = {name: value for stop in STOPS.values() for name, value in stop.items()}

    stopped = decided(**everything | {"amount_usd": 9_000, "largest_usd": 100})
    refused = decided(negative_accounts=1).outcome

    codes = [reason["code"] for reason in stopped.outcome["reasons"]]
    # A dispute still open is said instead of the chargebacks before it.
    assert set(codes) == set(STOPS) - {"chargeback_history"}
    assert (refused["outcome"], len(refused["reasons"])) == ("refuse", 1)


def test_every_row_of_the_table_is_one_of_these():
    [table] = [
        node
        for node in tables.shipped(tables.WITHDRAWAL)["nodes"]
        if node["type"] == "decisionTableNode"
    ]
    codes = {row["code"].strip("'") for row in table["content"]["rules"]}

    assert codes == {*STOPS, "account_below_zero"}
