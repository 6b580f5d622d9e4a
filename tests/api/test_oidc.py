"""The dashboards sign people in through us."""

import base64
import hashlib
import secrets
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from api import oidc
from operational.access.matrix import Role
from tests.api.opened import PASSWORD


@pytest.fixture
def program(opened):
    """The dashboards' side: discovery, client id and secret, where browsers come back to."""
    oidc.dashboards(opened.database.settings)
    found = opened.visitor().get("/.well-known/openid-configuration").json()
    # The issuer's address is the configured one; this test's API listens elsewhere.
    paths = {name: urlsplit(url).path for name, url in found.items() if name.endswith("endpoint")}
    return {
        **paths,
        "jwks": urlsplit(found["jwks_uri"]).path,
        "issuer": found["issuer"],
        "client_id": "dashboards",
        "client_secret": (opened.database.settings.root / "secrets/dashboards_client").read_text(),
        "redirect_uri": f"{opened.database.settings.dashboards_url}/oauth2callback",
    }


def asked(program, **changes):
    return {
        "response_type": "code",
        "client_id": "dashboards",
        "redirect_uri": program["redirect_uri"],
        "scope": "openid profile email",
        "state": "xyz",
        "nonce": "n-1",
    } | changes


def code_of(answer: httpx.Response) -> str:
    assert answer.status_code == 302, answer.text
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query["state"] == ["xyz"]
    return query["code"][0]


def exchange(opened, program, code, **changes):
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": program["redirect_uri"],
    }
    secret = (program["client_id"], program["client_secret"])
    return opened.visitor().post(program["token_endpoint"], data=form | changes, auth=secret)


def test_a_manager_signs_in_to_the_dashboards_through_the_sign_in_page(opened, program):
    user, _ = opened.someone(Role.MANAGEMENT)
    code = opened.code(opened.secret_of(user))
    browser = opened.visitor()

    to_sign_in = browser.get(program["authorization_endpoint"], params=asked(program))
    assert to_sign_in.status_code == 303
    target = parse_qs(urlsplit(to_sign_in.headers["location"]).query)["next"][0]
    form = {"email": user.email, "password": PASSWORD, "code": code, "next": target}
    back = browser.post("/sign-in", data=form)
    assert back.headers["location"] == target
    answer = exchange(opened, program, code_of(browser.get(target)))

    tokens = answer.json()
    keys = KeySet.import_key_set(opened.visitor().get(program["jwks"]).json())
    claims = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (
        program["issuer"],
        "dashboards",
        "n-1",
    )
    assert (claims["sub"], claims["email"], claims["roles"]) == (
        str(user.id),
        user.email,
        ["management"],
    )
    dashboards = opened.visitor(Authorization=f"Bearer {tokens['access_token']}")
    assert "kpis.read" in dashboards.get("/session").json()["permissions"]
    assert dashboards.get(program["userinfo_endpoint"]).json()["sub"] == str(user.id)

    assert browser.post("/sign-out").status_code == 303

    assert dashboards.get("/session").status_code == 401


def test_signing_out_of_the_dashboards_signs_out_of_the_hub(opened, program):
    manager = opened.signed_in(Role.MANAGEMENT)
    code = code_of(manager.get(program["authorization_endpoint"], params=asked(program)))
    hint = exchange(opened, program, code).json()["id_token"]

    query = {"id_token_hint": hint, "post_logout_redirect_uri": program["redirect_uri"]}
    answer = opened.visitor().get(program["end_session_endpoint"], params=query)

    assert answer.headers["location"] == program["redirect_uri"]
    assert manager.get("/session").status_code == 401


def test_a_code_works_once_and_for_a_minute_only(opened, program):
    manager = opened.signed_in(Role.MANAGEMENT)
    first, second = (
        code_of(manager.get(program["authorization_endpoint"], params=asked(program)))
        for _ in range(2)
    )

    assert exchange(opened, program, first).status_code == 200
    assert exchange(opened, program, first).status_code == 400
    opened.clock.pass_(seconds=61)
    assert exchange(opened, program, second).json()["error"] == "invalid_grant"


def test_with_a_challenge_only_its_verifier_redeems_the_code(opened, program):
    manager = opened.signed_in(Role.MANAGEMENT)
    verifier = secrets.token_urlsafe(40)
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    pkce = asked(program, code_challenge=challenge, code_challenge_method="S256")

    codes = [code_of(manager.get(program["authorization_endpoint"], params=pkce)) for _ in range(3)]

    assert exchange(opened, program, codes[0]).status_code == 400
    assert exchange(opened, program, codes[1], code_verifier="x" * 43).status_code == 400
    assert exchange(opened, program, codes[2], code_verifier=verifier).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [{"client_id": "other"}, {"redirect_uri": "https://evil.example/oauth2callback"}],
    ids=["another program", "another address"],
)
def test_nobody_is_sent_to_a_stranger(opened, program, changes):
    manager = opened.signed_in(Role.MANAGEMENT)

    answer = manager.get(program["authorization_endpoint"], params=asked(program, **changes))

    assert answer.status_code == 401
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"code_challenge": "x", "code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_a_request_the_provider_cannot_serve_goes_back_with_its_error(
    opened, program, changes, error
):
    manager = opened.signed_in(Role.MANAGEMENT)

    answer = manager.get(program["authorization_endpoint"], params=asked(program, **changes))

    assert parse_qs(urlsplit(answer.headers["location"]).query)["error"] == [error]


def test_the_wrong_secret_gets_nothing(opened, program):
    manager = opened.signed_in(Role.MANAGEMENT)
    code = code_of(manager.get(program["authorization_endpoint"], params=asked(program)))
    stranger = program | {"client_secret": "wrong"}

    answer = exchange(opened, stranger, code)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"] == "Basic"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password", "username": "a"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "invalid_grant"),
        ({}, "invalid_request"),
    ],
)
def test_a_token_that_cannot_be_given_is_refused_in_the_words_of_the_standard(
    opened, program, form, error
):
    secret = (program["client_id"], program["client_secret"])

    answer = opened.visitor().post(program["token_endpoint"], data=form, auth=secret)

    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.json()["error_description"]


@pytest.mark.parametrize("role", [Role.CLIENT, Role.PARTNER, Role.SUPPORT])
def test_who_may_not_see_figures_gets_no_code(opened, program, role):
    outsider = opened.signed_in(role)

    answer = outsider.get(program["authorization_endpoint"], params=asked(program))

    assert answer.status_code == 403
