"""Long lists: nothing is cut silently, and the way on misses no row and shows none twice."""

import re
from html import unescape

from operational.access.matrix import Role
from operational.clients.states import Stage
from operational.kit.ids import uuid7
from tests.api import cast

NEXT = re.compile(r'rel="next" href="([^"]+)"')
COUNT = re.compile(r'class="row between muted small rest"><span>(\d+) of ([\d,]+)<')
RECORD = re.compile(r'data-id="([0-9a-f-]{36})"')


def test_following_the_link_shows_every_record_once(opened):
    cast.prepare(opened)
    for _ in range(45):
        cast.a_client(opened)
    officer, path = opened.signed_in(Role.COMPLIANCE), "/staff/audit"
    seen, totals = [], []
    while path:
        text = officer.get(path).text
        shown, total = COUNT.search(text).groups()
        found = RECORD.findall(text)
        assert len(found) == int(shown)
        seen += found
        totals.append(int(total.replace(",", "")))
        further = NEXT.search(text)
        path = unescape(further[1]) if further else None

    assert len(totals) > 1
    assert len(seen) == len(set(seen)) == totals[0]


def test_a_program_goes_through_a_list_by_the_last_id_it_has(opened):
    officer, seen, query = opened.signed_in(Role.SALES), [], {"limit": 20}
    whole = [row["id"] for row in officer.get("/api/clients", params={"limit": 200}).json()]
    while rows := officer.get("/api/clients", params=query).json():
        seen += [row["id"] for row in rows]
        query["after"] = seen[-1]

    assert seen == whole
    assert len(seen) >= 45


def test_what_is_no_id_begins_at_the_beginning(opened):
    officer = opened.signed_in(Role.SALES)

    assert officer.get("/staff/clients?after=nonsense").status_code == 200
    assert officer.get("/api/clients?after=nonsense").status_code == 422


def test_a_payment_and_an_account_are_found_by_the_names_people_have_for_them(opened):
    person, other = (cast.a_client(opened, Stage.VERIFIED) for _ in range(2))
    for one, login in ((person, 700_001), (other, 700_002)):
        cast.an_account(opened, one, login=login)
    asked = {"amount": "250.00", "currency": "USD"}
    keys = [{"Idempotency-Key": uuid7().hex} for _ in range(2)]
    paid, _ = (person.client.post("/api/me/deposits", json=asked, headers=key) for key in keys)
    reference = paid.json()["reference"]
    officer = opened.signed_in(Role.SUPPORT)

    payments = officer.get("/api/payments", params={"text": reference.lower()}).json()
    accounts = officer.get("/api/trading-accounts", params={"text": "700001"}).json()

    assert [one["reference"] for one in payments] == [reference]
    assert [one["login"] for one in accounts] == [700_001]
    page = officer.get("/staff/accounts", params={"text": accounts[0]["reference"]}).text
    assert "700001" in page
    assert "700002" not in page
    assert COUNT.search(officer.get("/staff/payments").text).groups() == ("2", "2")
