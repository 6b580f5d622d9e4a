"""Foreign pages, large bodies, many tries: what is turned away at the border."""

from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import text

from api.routes.sessions import TRIES_PER_ADDRESS_MAX
from api.web import words
from operational.access.matrix import Role
from operational.kit.ids import uuid7
from tests.api.opened import PASSWORD

FOREIGN = {
    "another site": {"Sec-Fetch-Site": "cross-site"},
    "a sister site": {"Sec-Fetch-Site": "same-site"},
    "another origin": {"Origin": "https://evil.example"},
    "a null origin": {"Origin": "null"},
    "no header at all": {},
}


def browser(opened, token, **headers):
    """A browser that sends its session by itself, with only these hints of who asked."""
    client = opened.visitor(Cookie=f"kingpost_session={token}", **headers)
    if "Sec-Fetch-Site" not in headers:
        del client.headers["Sec-Fetch-Site"]
    return client


@pytest.mark.parametrize("hints", FOREIGN.values(), ids=FOREIGN.keys())
@pytest.mark.parametrize("path", ["/sign-out", "/room/deposit", "/api/me/deposits"])
def test_a_page_of_another_site_changes_nothing_with_a_clients_cookie(opened, path, hints):
    _, token = opened.someone(Role.CLIENT)

    answer = browser(opened, token, **hints).post(path, data={})

    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")
    assert opened.visitor(Authorization=f"Bearer {token}").get("/session").status_code == 200


def test_a_page_of_another_site_cannot_even_sign_somebody_in(opened):
    user, _ = opened.someone(Role.CLIENT)
    stranger = opened.visitor(**{"Sec-Fetch-Site": "cross-site"})

    answer = stranger.post("/sign-in", data={"email": user.email, "password": PASSWORD})

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_our_own_page_may(opened, site):
    _, token = opened.someone(Role.CLIENT)

    answer = browser(opened, token, **{"Sec-Fetch-Site": site}).post("/sign-out")

    assert answer.status_code == 303


def test_an_older_browser_is_told_by_its_origin(opened):
    _, token = opened.someone(Role.CLIENT)

    answer = browser(opened, token, Origin=opened.url).post("/sign-out")

    assert answer.status_code == 303


def test_two_cookies_of_one_name_are_no_session(opened):
    _, token = opened.someone(Role.CLIENT)
    pair = f"kingpost_session={token}; kingpost_session={token}"

    assert opened.visitor(Cookie=pair).get("/session").status_code == 401


@pytest.mark.parametrize("token", ["x" * 5000, "ü", "undefined"])
def test_a_token_that_is_none_is_no_session(opened, token):
    headers = {"Authorization": f"Bearer {token}".encode()}

    assert opened.visitor().get("/session", headers=headers).status_code == 401


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(opened):
    user, _ = opened.someone(Role.CLIENT)
    plain, proxied = opened.visitor(), opened.visitor(**{"X-Forwarded-Proto": "https"})
    form = {"email": user.email, "password": PASSWORD}

    here = plain.post("/sign-in", data=form).headers["set-cookie"]
    behind_tls = proxied.post("/sign-in", data=form).headers["set-cookie"]

    assert here.startswith("kingpost_session=")
    assert "HttpOnly" in here
    assert "SameSite=lax" in here
    assert behind_tls.startswith("__Host-kingpost_session=")
    assert "Secure" in behind_tls


def test_every_answer_carries_the_security_headers(opened):
    for path in ("/", "/sign-in", "/health", "/nowhere", "/static/kingpost.css"):
        headers = opened.visitor().get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"
        assert len(headers["x-request-id"]) >= 8


def test_a_callers_request_id_is_kept_if_it_is_sane(opened):
    ours = opened.visitor().get("/health", headers={"X-Request-Id": "trace-0123456789"})
    theirs = opened.visitor().get("/health", headers={"X-Request-Id": "<script>alert(1)"})

    assert ours.headers["x-request-id"] == "trace-0123456789"
    assert "<" not in theirs.headers["x-request-id"]


@pytest.mark.parametrize(
    ("path", "size"),
    [("/session", 65_537), ("/callbacks/stripe", 65_537), ("/room/documents", 17 * 1024 * 1024)],
)
def test_a_body_over_the_limit_is_refused(opened, path, size):
    _, token = opened.someone(Role.CLIENT)
    client = opened.visitor(Authorization=f"Bearer {token}")

    assert client.post(path, content=b"x" * size).status_code == 413


def test_an_endless_body_is_refused_while_it_streams(opened):
    sent = []

    def endless():
        while len(sent) < 10_000:
            sent.append(1)
            yield b"x" * 65_536

    # The hub answers and hangs up; whoever is still sending may see only the latter.
    with suppress(httpx.TransportError):
        assert opened.visitor().post("/session", content=endless()).status_code == 413

    assert len(sent) < 1_000


@pytest.mark.parametrize(
    "path",
    ["/api/clients?limit=1000000", "/api/audit?limit=0", "/api/payments?limit=-1"],
)
def test_a_page_of_a_million_rows_is_refused(opened, path):
    assert opened.signed_in(Role.COMPLIANCE).get(path).status_code == 422


def test_the_eleventh_try_at_one_account_is_not_even_compared(opened):
    user, _ = opened.someone(Role.CLIENT)
    form = {"email": user.email, "password": "wrong password"}

    codes = [opened.visitor().post("/session", json=form).status_code for _ in range(12)]
    locked = opened.visitor().post("/session", json=form | {"password": PASSWORD})

    assert codes == [401] * 10 + [429] * 2
    assert locked.status_code == 429
    assert int(locked.headers["retry-after"]) > 0

    opened.clock.pass_(minutes=31)
    assert opened.visitor().post("/session", json=form | {"password": PASSWORD}).status_code == 201


def test_a_crowd_of_sign_ins_from_one_address_is_throttled(opened):
    opened.clock.pass_(hours=1)
    address = text("insert into access.rate_window values (:key, :at, :count)")
    window = opened.clock().replace(minute=opened.clock().minute // 15 * 15, second=0)
    row = {"key": "sign_in:address:127.0.0.1", "at": window, "count": TRIES_PER_ADDRESS_MAX}
    opened.query(lambda session: session.execute(address, row))

    form = {"email": "nobody@example.com", "password": "x" * 8}
    answer = opened.visitor().post("/sign-in", data=form)
    opened.clock.pass_(hours=1)

    assert answer.status_code == 429


def test_a_password_never_comes_back(opened):
    secret = "s3cret-canary-77"

    pages = [
        opened.visitor().post("/sign-in", data={"email": "a@example.com", "password": secret}),
        opened.visitor().post("/register", data={"email": "bad", "password": secret}),
        opened.visitor().post("/session", json={"email": "a@example.com", "password": [secret]}),
        opened.visitor().post("/api/clients/registrations", json={"password": secret}),
    ]

    officer = opened.signed_in(Role.SUPPORT)
    pages += [
        officer.post("/account", data={"old": secret, "new": secret * 2}),
        officer.put("/api/account/password", json={"old": secret, "new": [secret]}),
    ]

    assert [secret in page.text for page in pages] == [False] * 6


def test_nobody_is_led_to_a_stranger_after_signing_in(opened):
    user, _ = opened.someone(Role.CLIENT)
    form = {"email": user.email, "password": PASSWORD}

    for target in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"):
        answer = opened.visitor().post("/sign-in", data=form | {"next": target})
        assert answer.headers["location"] == "/"


PERSON = {"Accept": "text/html,application/xhtml+xml"}


@pytest.mark.parametrize(
    ("method", "path", "status", "sentence"),
    [
        ("GET", "/nowhere", 404, "There is no such page."),
        ("GET", "/staff/users/approvals/1", 405, "There is no page at this address."),
        ("POST", "/room/documents", 413, "at most 15 MB"),
    ],
)
def test_a_person_reads_a_page_and_a_program_json(opened, method, path, status, sentence):
    content = b"x" * (17 * 1024 * 1024) if status == httpx.codes.REQUEST_ENTITY_TOO_LARGE else None
    client = opened.signed_in(Role.CLIENT)

    shown = client.request(method, path, headers=PERSON, content=content)
    told = client.request(method, path, headers={"Accept": "*/*"}, content=content)

    assert (shown.status_code, told.status_code) == (status, status)
    assert shown.headers["content-type"].startswith("text/html")
    assert sentence in shown.text
    assert told.json()["code"] == f"http_{status}"


def test_a_program_that_takes_anything_is_told_in_json(opened):
    assert opened.visitor().get("/api/nowhere", headers=PERSON).json()["code"] == "http_404"


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/staff/users/approvals/{id}", "/staff/users"),
        ("/staff/messages/inbox/{id}/replay", "/staff/messages"),
        ("/staff/rules/{id}/publish", "/staff/rules/{id}"),
        ("/room/deposit", "/room/deposit"),
        ("/sign-out", ""),
    ],
)
def test_after_signing_in_again_people_come_to_a_page(opened, path, page):
    mark = uuid7()

    answer = opened.visitor().post(path.format(id=mark), data={})

    assert answer.status_code == httpx.codes.SEE_OTHER
    target = parse_qs(urlsplit(answer.headers["location"]).query).get("next", [""])[0]
    assert target == page.format(id=mark)


def test_measurements_are_for_this_machine_alone(opened):
    from_afar = opened.visitor(**{"X-Forwarded-For": "203.0.113.9"})

    assert opened.visitor().get("/metrics").status_code == httpx.codes.OK
    assert from_afar.get("/metrics").status_code == httpx.codes.FORBIDDEN


def test_after_a_change_the_page_says_what_was_done_in_our_words_alone(opened):
    client = opened.signed_in(Role.CLIENT)

    assert words.DONE["session_ended"] in client.get("/account?done=session_ended").text
    assert 'role="status"' not in client.get("/account?done=<b>made up</b>").text
    assert 'role="status"' not in client.get("/account").text
