"""Breaks on their pages: found by every filter, added up, and ended by one person or by two."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import httpx
import pytest

from operational.access.matrix import Role
from operational.kit import db
from operational.reconciliation.intake import take
from tests.api import cast
from tests.api.opened import Door
from tests.reconciliation.breaks import CANDIDATES, FEE, MISSING, PROOF, replace

REFERENCE = re.compile(r"B-[0-9A-Z]{8}")
SAFE = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def found(opened: Door) -> dict[str, str]:
    """Four breaks of two currencies and ages; their references by what they are about."""
    cast.prepare(opened)
    now = opened.clock()
    old = now - timedelta(days=40)
    breaks = [
        MISSING,
        FEE,
        replace(MISSING, break_key="euro", currency="EUR", our_reference="D-3", due_at=old),
        replace(FEE, break_key="bank", leg="bank_line", counterpart="DE89", our_reference="D-4"),
    ]
    with db.transaction(opened.database.engine()) as session:
        take(session, breaks, as_of=now, snapshot=1, now=now)
    rows = opened.signed_in(Role.FINANCE).get("/api/breaks").json()
    return {row["our_reference"]: row["reference"] for row in rows}


def shown(client: httpx.Client, **query: str) -> set[str]:
    page = client.get(f"/staff/breaks?{urlencode(query)}", headers=SAFE)
    assert page.status_code == httpx.codes.OK
    return set(REFERENCE.findall(page.text))


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({}, {"D-1", "D-2", "D-3", "D-4"}),
        ({"leg": "bank_line"}, {"D-4"}),
        ({"kind": "missing_external"}, {"D-1", "D-3"}),
        ({"counterpart": "DE89"}, {"D-4"}),
        ({"age": ">30"}, {"D-3"}),
        ({"age": "2-3"}, {"D-1", "D-2", "D-4"}),
        ({"text": "D-2"}, {"D-2"}),
        ({"owner": "nobody", "leg": "psp_line"}, {"D-1", "D-2", "D-3"}),
        ({"status": "void"}, set()),
        ({"status": "all", "text": "nothing"}, set()),
    ],
)
def test_every_filter_finds_what_it_says(opened, found, query, wanted):
    assert shown(opened.signed_in(Role.MANAGEMENT), **query) == {found[one] for one in wanted}


def test_the_list_adds_up_by_currency_and_age_and_draws_it(opened, found):
    page = opened.signed_in(Role.FINANCE).get("/staff/breaks", headers=SAFE).text

    for amount in ("100.00 EUR", "106.00 USD"):
        assert f"<strong>{amount}</strong>" in page
    assert 'aria-label="Breaks by age in days"' in page
    assert 'href="/staff/breaks?age=%3E30"' in page
    assert f'href="/staff/breaks?age={"0-1"}"' in page


def test_one_break_shows_both_sides_and_is_matched_only_by_lines_that_add_up(opened, found):
    person = opened.signed_in(Role.FINANCE)
    place = f"/staff/breaks/{found['D-1']}"
    first, six, four, _ = (each["line_id"] for each in CANDIDATES)
    form = {"action": "match", "reason_code": "split", "note": "paid in two parts"}

    page = person.get(place, headers=SAFE).text
    wrong = person.post(f"{place}/end", data=form | {"lines": [six]}, headers=SAFE)

    assert "100.00 USD" in page
    assert all(line in page for line in (first, six, four))
    assert wrong.status_code == httpx.codes.CONFLICT
    assert "do not add up" in wrong.text
    right = person.post(f"{place}/end", data=form | {"lines": [six, four]})
    assert right.headers["location"] == f"{place}?done=break_matched"
    after = person.get(place, headers=SAFE).text
    assert "Matched" in after
    assert 'name="action"' not in after
    again = person.post(f"{place}/end", data=form | {"lines": [first]}, headers=SAFE)
    assert (again.status_code, "is closed" in again.text) == (httpx.codes.CONFLICT, True)


def test_a_loss_is_shown_to_a_second_person_who_alone_may_agree_once(opened, found):
    ann, bob = opened.signed_in(Role.FINANCE), opened.signed_in(Role.FINANCE)
    officer = opened.signed_in(Role.COMPLIANCE)
    place = f"/staff/breaks/{found['D-2']}"
    form = {"action": "write_off", "reason_code": "fee", "note": "not worth a call"}
    form |= {"evidence_link": PROOF, "account": ""}

    assert ann.post(f"{place}/end", data=form).headers["location"] == f"{place}?done=asked"
    waiting = bob.get("/staff/breaks/approvals", headers=SAFE).text
    (approval,) = ann.get("/api/breaks/approvals").json()
    path = f"/staff/breaks/approvals/{approval['id']}"
    assert "Write off: -3.00 USD" in waiting
    assert f'action="{path}"' in waiting
    for reader in (ann, officer):
        assert f'action="{path}"' not in reader.get("/staff/breaks/approvals", headers=SAFE).text
        answer = reader.post(path, data={"verdict": "agree"}, headers=SAFE)
        assert answer.status_code == httpx.codes.FORBIDDEN

    assert bob.post(path, data={"verdict": "agree"}).headers["location"].endswith("done=agreed")
    twice = bob.post(path, data={"verdict": "agree"}, headers=SAFE)

    assert twice.status_code == httpx.codes.CONFLICT
    page = ann.get(place, headers=SAFE).text
    assert "Written off" in page
    assert "break_loss" in page
    assert PROOF in page


def test_what_waits_is_on_the_worklist_of_finance(opened, found):
    page = opened.signed_in(Role.FINANCE).get("/staff/finance", headers=SAFE).text

    assert f"/staff/breaks/{found['D-3']}" in page
    assert "Breaks of nobody" in page
