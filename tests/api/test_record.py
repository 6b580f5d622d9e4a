"""A2: every change leaves exactly its record; what is refused or breaks leaves exactly one of that."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import event

from operational.access.matrix import Role
from operational.audit import queries as audit
from operational.kit.ids import uuid7
from tests.api import cast
from tests.api.cookbook import RECIPES
from tests.api.recipes import Attempt


def changing(app) -> set[tuple[str, str]]:
    """Every route that changes something. A callback is only stored; it is recorded when applied."""
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    return {(method, route.path) for route in routes for method in route.methods if method != "GET"}


@pytest.fixture(scope="module", autouse=True)
def _platform(opened) -> Iterator[None]:
    """The platform stand-in: one route calls it."""
    cast.prepare(opened)
    settings = opened.app.state.hub.settings
    command = [sys.executable, "-m", "sandbox.mt5", "--port", str(settings.mt5_port)]
    process = subprocess.Popen([*command, "--home", str(settings.root / "sandbox")])
    while True:
        try:
            httpx.get(f"{settings.mt5_url}/sandbox/health", timeout=1).raise_for_status()
            break
        except httpx.HTTPError:
            assert process.poll() is None
    yield
    process.terminate()
    process.wait()


def call(method: str, attempt: Attempt, client: httpx.Client) -> tuple[httpx.Response, str]:
    request_id = uuid7().hex
    sent = dict(attempt.sent)
    headers = {**sent.pop("headers", {}), "X-Request-Id": request_id}
    return client.request(method, attempt.path, headers=headers, **sent), request_id


def record_of(opened, request_id):
    return opened.query(lambda session: session.scalars(audit.of_request(request_id)).all())


@contextmanager
def broken_commit(opened) -> Iterator[list[str]]:
    """The commit of the next transaction that recorded something fails."""
    engine, broken = opened.app.state.hub.engine, []

    def notice(connection, _cursor, statement, *_):
        if "audit.event" in statement and "insert" in statement.lower():
            connection.info["recorded"] = True

    def fail(connection):
        if connection.info.pop("recorded", False) and not broken:
            broken.append("commit")
            raise ConnectionError("the disk is full")

    event.listen(engine, "after_cursor_execute", notice)
    event.listen(engine, "commit", fail)
    yield broken
    event.remove(engine, "after_cursor_execute", notice)
    event.remove(engine, "commit", fail)


def test_every_changing_route_is_tried_here(opened):
    assert changing(opened.app) == set(RECIPES)


@pytest.mark.parametrize(("method", "path"), sorted(RECIPES), ids=map(" ".join, sorted(RECIPES)))
def test_a_change_leaves_its_record_a_refusal_one_and_a_fault_one(opened, method, path):
    done = RECIPES[method, path](opened)
    answer, request_id = call(method, done, done.client)
    record = record_of(opened, request_id)
    assert answer.status_code in {200, 201, 202, 204, 303}, answer.text
    assert Counter(one.verb for one in record) == Counter(done.verbs)
    assert all(one.actor_id and one.subject_id for one in record)

    refused = RECIPES[method, path](opened)
    answer, request_id = call(method, refused, whoever_may_not(opened, method, path, refused))
    record = record_of(opened, request_id)
    assert answer.status_code in {303, 401, 403, 409, 422}, answer.text
    assert [one.verb for one in record] in (["request:refuse"], ["user:sign_in_refuse"])
    assert record[0].actor_id
    assert record[0].reason

    fault = RECIPES[method, path](opened)
    with broken_commit(opened) as broken:
        answer, request_id = call(method, fault, fault.client)
    record = record_of(opened, request_id)
    assert broken == ["commit"]
    assert answer.status_code == 500
    assert [(one.verb, one.reason) for one in record] == [("request:refuse", "fault")]


def whoever_may_not(opened, method, path, attempt) -> httpx.Client:
    """Somebody without the permission; at public doors, the request itself is spoiled."""
    if path in {"/session", "/sign-in"} and method == "POST":
        next(iter(attempt.sent.values()))["password"] = "wrong password"
        return opened.visitor()
    if path == "/oidc/token":
        attempt.sent["auth"] = ("dashboards", "wrong")
        return opened.visitor()
    if path in {"/register", "/api/clients/registrations"}:
        taken, _ = opened.someone(Role.CLIENT)
        next(iter(attempt.sent.values()))["email"] = taken.email
        return opened.visitor()
    if path == "/welcome/{token}":
        attempt.sent["data"]["code"] = "none"
        return opened.visitor()
    if path.startswith(("/session", "/sign-out", "/account", "/api/account")):
        return opened.visitor()
    return opened.signed_in(Role.ANALYST)
