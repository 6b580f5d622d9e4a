"""What becomes of settlement reports that were fetched: whole, once, and never lost to another."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from pipelines import inbox
from pipelines.psp import fetch, receive
from tests.pipelines.provider import LISTING, Provider
from tests.pipelines.reports import (
    MOVEMENT,
    OTHER,
    PAYOUT,
    REFUND,
    SETTLED,
    a_report,
    an_itemised,
)  # fmt: skip

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.fixture
def provider() -> Iterator[Provider]:
    found = Provider()
    yield found
    found.close()


@pytest.fixture
def settings(database, provider):
    found = database.settings.model_copy(
        update={"psp_ports": dict.fromkeys(("adyen", "stripe"), provider.port)}
    )
    (found.root / "secrets" / "adyen.json").write_text(json.dumps({"api_keys": ["key"]}))
    return found


@pytest.fixture
def one_pass(settings, lake):
    def passed():
        told = fetch.fetch(settings, lake, today=date(2026, 3, 10))
        return told, receive.receive(settings, lake, now=NOW)

    return passed


@pytest.fixture
def payouts(lake):
    def found():
        rows = lake.execute(
            "select payout_id, sum(net_minor) from lake.raw.psp__stripe_lines group by 1 order by 1"
        )
        return rows.fetchall()

    return found


def of(account):
    return a_report(SETTLED | {"Merchant Account": account}, PAYOUT | {"Merchant Account": account})


def test_two_merchant_accounts_may_share_a_batch_number(provider, one_pass, lake):
    content = {name: of(name) for name in ("KingpostEU", "KingpostUK", "EU")}
    provider.reports("KingpostEU", content=content)
    one_pass()

    provider.reports("KingpostEU", "KingpostUK", "EU", content=content)
    told, receipt = one_pass()

    assert (told, receipt.refused) == ({"adyen": 2}, {})
    landed = lake.execute(
        "select distinct merchant_account from lake.raw.psp__adyen_lines order by 1"
    )
    assert landed.fetchall() == [("EU",), ("KingpostEU",), ("KingpostUK",)]


def test_a_refused_report_is_not_fetched_again_until_its_provider_mends_it(provider, one_pass):
    broken = of("KingpostEU").replace(b"98.50", b"98.51", 1)
    provider.reports("KingpostEU", content={"KingpostEU": broken})

    first, refused = one_pass()
    again, nothing = one_pass()

    assert (first, list(refused.refused)) == ({"adyen": 1}, ["adyen/KingpostEU_KingpostEU.csv"])
    assert (again, nothing) == ({"adyen": 0}, inbox.Receipt())

    provider.reports("KingpostEU", content={"KingpostEU": of("KingpostEU")})
    mended, receipt = one_pass()

    assert (mended, receipt.refused) == ({"adyen": 1}, {})


@pytest.mark.parametrize(
    "answer",
    [b"<html>Maintenance</html>", b"{}", b"[1]", b'[{"id": "a.csv"}]', b"null", b'{"error": "x"}'],
)
def test_a_provider_that_lists_nonsense_is_unavailable(provider, one_pass, answer):
    provider.answers[LISTING] = answer

    told, _ = one_pass()

    assert told["adyen"].startswith("/reports: no list of reports")


def test_a_provider_that_answers_with_no_report_is_unavailable(provider, settings, one_pass):
    (settings.root / "secrets" / "stripe.json").write_text(json.dumps({"api_keys": ["key"]}))
    provider.answers[LISTING] = b"[]"
    provider.answers["/v1/reporting/itemised_payouts.csv"] = b"<html>Maintenance</html>"

    told, _ = one_pass()

    assert told == {"adyen": 0, "stripe": "/v1/reporting: not a payout report"}


def test_a_refused_stripe_report_leaves_no_payout_behind(settings, lake, one_pass):
    # The second payout's last movement has no category, which only the border looks at.
    report = an_itemised(MOVEMENT, REFUND, OTHER | {"reporting_category": ""})
    inbox.drop(settings, "psp", "stripe", "march.csv", report)

    receipt = receive.receive(settings, lake, now=NOW)

    assert "reporting_category" in receipt.refused["stripe/march.csv"]
    assert lake.execute("select count(*) from lake.raw.landed_files").fetchone() == (0,)


def test_a_payout_told_otherwise_is_reported_and_keeps_nobody_from_the_later_ones(
    settings, lake, payouts
):
    inbox.drop(settings, "psp", "stripe", "monday.csv", an_itemised(MOVEMENT, REFUND))
    receive.receive(settings, lake, now=NOW)
    other_fee = MOVEMENT | {"fee": "3.00", "net": "97.00"}
    inbox.drop(settings, "psp", "stripe", "tuesday.csv", an_itemised(other_fee, REFUND, OTHER))

    receipt = receive.receive(settings, lake, now=NOW)

    assert payouts() == [("po_1", 7_680), ("po_2", 9_680)]
    assert receipt.landed == {"stripe/tuesday.csv": 1}
    assert receipt.refused == {
        "stripe/tuesday.csv: stripe/po_1": "told otherwise than before; what landed first stands"
    }
