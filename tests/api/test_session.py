"""Signing in and out over HTTP."""

import httpx

from operational.access.matrix import Role
from tests.api.opened import PASSWORD


def test_signing_in_opens_a_session_that_signing_out_ends_at_once(opened):
    user, _ = opened.someone(Role.CLIENT)
    browser = opened.visitor()

    answer = browser.post("/session", json={"email": user.email, "password": PASSWORD})
    assert answer.status_code == 201
    assert browser.get("/session").json()["roles"] == ["client"]

    token = browser.cookies["kingpost_session"]
    assert browser.delete("/session").status_code == 204
    thief = opened.visitor(Authorization=f"Bearer {token}")
    assert thief.get("/session").status_code == 401


def test_only_what_a_person_asks_for_keeps_a_session_open(opened):
    officer = opened.signed_in(Role.SUPPORT)
    itself = {"X-Kingpost-By-Itself": "1"}
    for _ in range(2):
        opened.clock.pass_(minutes=10)
        assert officer.get("/staff/accounts").status_code == 200
    opened.clock.pass_(minutes=10)
    assert officer.get("/staff/accounts", headers=itself).status_code == 200
    opened.clock.pass_(minutes=10)

    assert officer.get("/staff/accounts", headers=itself).status_code == httpx.codes.SEE_OTHER
