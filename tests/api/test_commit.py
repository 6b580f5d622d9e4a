"""One request is one transaction, committed before the answer leaves."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from sqlalchemy import text

import operational
from api import errors
from api.app import create_app
from api.deps import SessionDep, public
from api.door import Doors, open_doors
from operational.kit.db import TRIES_MAX
from operational.kit.errors import DomainError
from tests.api.opened import Clock, Door, served

# Fails when the transaction commits, not before.
LATE = """
create temp table late (id int unique deferrable initially deferred) on commit drop;
insert into late values (1), (1)
"""
SERIALIZATION_FAILURE = "do $$ begin raise exception 'again' using errcode = '40001'; end $$"
LATE_SERIALIZATION_FAILURE = """
create temp table late (id int) on commit drop;
create function pg_temp.again() returns trigger language plpgsql as
  $$ begin raise exception 'again' using errcode = '40001'; end $$;
create constraint trigger late after insert on late deferrable initially deferred
  for each row execute function pg_temp.again();
insert into late values (1)
"""

router = Doors("/trap", tag="trap")
tries: list[str] = []


@router.post("/late", dependencies=[public("a test")])
def late(session: SessionDep) -> dict[str, str]:
    session.execute(text(LATE))
    return {"status": "ok"}


@router.post("/conflict/{times}", dependencies=[public("a test")])
def conflict(times: int, body: dict[str, str], session: SessionDep) -> dict[str, str]:
    tries.append(body["name"])
    if len(tries) <= times:
        session.execute(text(SERIALIZATION_FAILURE))
    return body


@router.post("/late-conflict/{times}", dependencies=[public("a test")])
def late_conflict(times: int, session: SessionDep) -> dict[str, str]:
    tries.append("late")
    if len(tries) <= times:
        session.execute(text(LATE_SERIALIZATION_FAILURE))
    return {"status": "ok"}


@router.post("/bug", dependencies=[public("a test")])
def bug(session: SessionDep) -> None:
    session.execute(text("select 1"))
    raise ZeroDivisionError("the secret is 42")


@pytest.fixture(scope="module")
def trapped(module_database) -> Iterator[Door]:
    """The API with routes that go wrong."""
    clock = Clock()
    app = create_app(module_database.settings, clock)
    app.router.routes[:0] = router.routes
    with served(app) as url, Door(app, url, module_database, clock) as door:
        yield door


@pytest.fixture(autouse=True)
def _no_tries():
    tries.clear()


def test_a_commit_that_fails_is_not_a_success(trapped):
    answer = trapped.visitor().post("/trap/late")

    assert answer.status_code == 500


def test_a_serialization_failure_runs_the_request_again_with_the_same_body(trapped):
    answer = trapped.visitor().post("/trap/conflict/3", json={"name": "Ann"})

    assert (answer.status_code, answer.json()) == (200, {"name": "Ann"})
    assert tries == ["Ann"] * 4


def test_a_serialization_failure_at_the_commit_runs_the_request_again_too(trapped):
    answer = trapped.visitor().post("/trap/late-conflict/1")

    assert answer.status_code == 200
    assert len(tries) == 2


def test_after_five_tries_the_hub_says_that_it_is_busy(trapped):
    answer = trapped.visitor().post("/trap/conflict/99", json={"name": "Ann"})

    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert answer.headers["retry-after"] == "1"
    assert len(tries) == TRIES_MAX


def test_a_bug_is_logged_and_not_told(trapped):
    answer = trapped.visitor().post("/trap/bug")

    assert (answer.status_code, answer.json()["code"]) == (500, "fault")
    assert "42" not in answer.text


def test_a_route_that_names_no_permission_stops_the_start(module_database):
    unguarded = Doors("/trap", tag="trap")
    unguarded.get("/open")(lambda: None)

    assert open_doors(unguarded.routes) == ["/trap/open"]
    assert open_doors(create_app(module_database.settings).routes) == []


def all_refusals() -> list[type[DomainError]]:
    """Every refusal the domain or the API defines."""
    for module in pkgutil.walk_packages(operational.__path__, "operational."):
        if module.name.endswith(".errors"):
            importlib.import_module(module.name)
    found, left = [], [DomainError]
    while left:
        children = [one for one in left.pop().__subclasses__() if "tests" not in one.__module__]
        found += children
        left += children
    return found


def test_every_refusal_of_the_domain_has_its_status():
    refusals = all_refusals()

    unplaced = [refusal for refusal in refusals if errors.status_of(refusal) not in range(400, 600)]
    unnamed = [
        refusal
        for refusal in refusals
        if refusal.__base__ is DomainError and refusal.code not in errors.STATUS
    ]

    assert len(refusals) > 50
    assert unplaced == []
    assert unnamed == []


def test_no_two_refusals_share_a_code_unless_they_mean_the_same():
    by_code: dict[str, set[int]] = {}
    for refusal in all_refusals():
        by_code.setdefault(refusal.code, set()).add(errors.status_of(refusal))

    assert {code: found for code, found in by_code.items() if len(found) > 1} == {}
