"""Partners and their plans on the staff screens: one drafts, another publishes."""

from datetime import UTC, timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from api.web.staff.plans import lines_of, rates_in
from operational.access.matrix import Role
from operational.kit.errors import InvalidInput
from tests.api import cast
from tests.api.opened import PASSWORD

RATES = "group forex 5.00 USD\nsymbol EURUSD 6.50 USD"
PAGE, TAKEN = httpx.codes.OK, httpx.codes.SEE_OTHER


@pytest.fixture(scope="module", autouse=True)
def _tables(opened):
    cast.prepare(opened)


@pytest.fixture(scope="module")
def manager(opened):
    return opened.signed_in(Role.MANAGEMENT)


def draft(opened, manager, name="standard"):
    later = opened.clock() + timedelta(days=1)
    form = {"name": name, "rates": RATES, "valid_from": f"{later:%Y-%m-%dT%H:%M}"}
    answer = manager.post("/staff/plans", data=form)
    assert answer.status_code == TAKEN, answer.text
    return answer.headers["location"].partition("?")[0]


def test_a_plan_is_drafted_by_one_and_published_by_another(opened, manager):
    finance, place = opened.signed_in(Role.FINANCE), draft(opened, manager)
    assert "Publish</button>" not in manager.get(place).text
    assert "Publish</button>" in finance.get(place).text
    assert manager.post(f"{place}/publish").status_code == httpx.codes.FORBIDDEN

    assert finance.post(f"{place}/publish").status_code == TAKEN

    page = manager.get(place).text
    assert "EURUSD" in page
    assert "6.50 USD" in page
    (version,) = manager.get("/api/plans/versions").json()
    assert version["published_by"] != version["made_by"]
    assert manager.get("/staff/plans").status_code == PAGE


def test_whoever_holds_both_rights_still_needs_another_person(opened):
    admin = opened.signed_in(Role.SUPER_ADMIN)
    place = draft(opened, admin, "alone")

    answer = admin.post(f"{place}/publish")

    assert answer.status_code == httpx.codes.FORBIDDEN
    assert "may not publish it" in answer.text


def test_a_partner_joins_under_another_and_takes_up_the_account(opened, manager):
    above = join(manager, "Alpha Partners", "ALPHA7")
    below = join(manager, "Beta Partners", "BETA7", parent_id=above["id"])

    for path in ("/staff/partners", "/staff/partners?text=alpha7"):
        assert "Alpha Partners" in manager.get(path).text
    assert "Beta Partners" in manager.get(f"/staff/partners/{above['id']}").text
    assert "Alpha Partners" in manager.get(f"/staff/partners/{below['id']}").text
    partner, place = opened.visitor(), urlsplit(below["link"]).path
    assert partner.get(place).status_code == PAGE
    assert partner.post(place, data={"password": PASSWORD}).status_code == TAKEN
    form = {"email": "beta7@example.com", "password": PASSWORD}
    assert partner.post("/sign-in", data=form).status_code == TAKEN
    assert "ref=BETA7" in partner.get("/partner").text


def join(manager, name, code, **more):
    form = {
        "email": f"{code.lower()}@example.com",
        "name": name,
        "code": code,
        "country": "CY",
        "currency": "USD",
        "plan_name": "standard",
    }
    answer = manager.post("/api/partners", json=form | more)
    assert answer.status_code == httpx.codes.CREATED, answer.text
    return answer.json()


def test_rates_are_written_as_they_are_read():
    rates = rates_in(RATES)

    assert [(rate.id, rate.symbol, rate.symbol_group) for rate in rates] == [
        ("forex", None, "forex"),
        ("eurusd", "EURUSD", None),
    ]
    stored = [{"symbol_group": "forex", "per_lot": "5.00", "currency": "USD"}]
    assert lines_of(stored) == RATES.splitlines()[0]


@pytest.mark.parametrize("line", ["forex 5.00 USD", "group forex 5.00", "pair EURUSD 5 USD"])
def test_a_line_that_is_no_rate_is_named(line):
    with pytest.raises(InvalidInput, match="Line 2"):
        rates_in(f"{RATES.splitlines()[0]}\n{line}")


def test_a_plan_pays_from_a_moment_in_utc(opened, manager):
    place = draft(opened, manager, "later")

    version = manager.get(f"/api/plans/versions/{place.rpartition('/')[2]}").json()

    later = opened.clock().astimezone(UTC) + timedelta(days=1)
    assert version["valid_from"].startswith(f"{later:%Y-%m-%dT%H:%M}")
