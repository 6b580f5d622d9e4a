"""Every role at every route, generated from the routes themselves: nobody passes who may not."""

import re

import pytest
from fastapi.routing import APIRoute

from api.deps import Needs, Public, SignedIn, StaffOnly
from api.routes import me
from operational.access.matrix import MATRIX, OUTSIDERS, Permission, Role
from operational.kit.ids import uuid7

OPEN = {401, 403}


def routes_of(app) -> list[APIRoute]:
    return [route for route in app.routes if isinstance(route, APIRoute)]


def rules_of(route: APIRoute) -> list[object]:
    return [
        inner.call for inner in route.dependant.dependencies if hasattr(inner.call, "door_rule")
    ]


def may(role: Role, rule: object) -> bool:
    match rule:
        case Needs(permission=permission):
            return permission in MATRIX[role]
        case StaffOnly():
            return role not in OUTSIDERS
        case Public() | SignedIn():
            return True
    raise AssertionError(f"unknown rule {rule}")


def ask(client, route: APIRoute):
    """The route with ids of nothing and an empty body: who may pass is told before what is wrong."""
    path = re.sub(r"{(box|source)}", "inbox", route.path)
    path = re.sub(r"{\w+}", str(uuid7()), path)
    method = min(route.methods)
    body = {} if method == "GET" else {"json": {}}
    return client.request(method, path, **body)


def is_refused(answer) -> bool:
    is_sent_to_sign_in = answer.status_code == 303 and "/sign-in" in answer.headers["location"]
    return answer.status_code in OPEN or is_sent_to_sign_in


def test_every_route_names_one_rule(opened):
    assert [route.path for route in routes_of(opened.app) if len(rules_of(route)) != 1] == []


def test_nothing_is_reachable_beside_the_routes_but_styles_and_the_description(opened):
    others = [route.path for route in opened.app.routes if not isinstance(route, APIRoute)]

    assert others == ["/openapi.json", "/callbacks/{source}", "/static"]


@pytest.mark.parametrize("role", list(Role))
def test_a_role_passes_where_the_matrix_says_and_nowhere_else(opened, role):
    client, deviations = opened.signed_in(role), []
    for route in routes_of(opened.app):
        if route.path in {"/session", "/sign-out"}:
            continue  # Anybody signed in may; the tests of sessions show what happens.
        (rule,) = rules_of(route)
        refused = is_refused(ask(client, route))
        is_public = isinstance(rule, Public)
        if not is_public and refused == may(role, rule):
            deviations.append(f"{min(route.methods)} {route.path}")

    assert deviations == []


def test_a_stranger_passes_only_where_everybody_may(opened):
    stranger = opened.visitor()
    deviations = [
        route.path
        for route in routes_of(opened.app)
        if not isinstance(rules_of(route)[0], Public) and not is_refused(ask(stranger, route))
    ]

    assert deviations == []


def test_a_disabled_colleague_is_a_stranger_at_the_next_request(opened):
    user, token = opened.someone(Role.SUPER_ADMIN)
    colleague = opened.visitor(Authorization=f"Bearer {token}")
    assert colleague.get("/api/users").status_code == 200

    admin = opened.signed_in(Role.SUPER_ADMIN)
    admin.post(f"/api/users/{user.id}/disable", json={"reason": "left the company"})

    assert colleague.get("/api/users").status_code == 401


def test_a_role_that_is_taken_is_gone_at_the_next_request(opened):
    user, token = opened.someone(Role.SUPPORT)
    colleague = opened.visitor(Authorization=f"Bearer {token}")
    assert colleague.get("/api/cases").status_code == 200
    first, second = (opened.signed_in(Role.SUPER_ADMIN) for _ in range(2))
    change = {"role": "support", "change": "revoke", "reason": "moves to another team"}

    approval = first.post(f"/api/users/{user.id}/roles", json=change).json()
    second.post(f"/api/users/approvals/{approval['id']}", json={"verdict": "agree"})

    assert colleague.get("/api/cases").status_code == 401


def test_every_permission_is_held_by_somebody_and_outsiders_hold_none_of_staff():
    held = frozenset().union(*MATRIX.values())
    outside = frozenset().union(*(MATRIX[role] for role in OUTSIDERS))
    inside = frozenset().union(*(MATRIX[role] for role in Role if role not in OUTSIDERS))

    assert held == frozenset(Permission)
    assert outside & inside == frozenset()


ELSEWHERE = {
    Permission.ADJUSTMENTS_APPROVE_LARGE: "decides about adjustments over the limit",
    Permission.CLIENTS_CONTACT: "fields of clients are masked without it",
    Permission.RECONCILIATION_WRITE_OFF: "asking for a loss needs it besides",
    Permission.WITHDRAWALS_CLEAR_AML: "letting one go that Compliance stopped needs it besides",
    Permission.WITHDRAWALS_APPROVE_LARGE: "being the second of two needs it besides",
    Permission.REPORTS_BUILD: "opens pages of the dashboards",
}
"""Permissions that open no route by themselves."""


def test_every_permission_opens_something(opened):
    rules = [rule for route in routes_of(opened.app) for rule in rules_of(route)]
    asked = {rule.permission for rule in rules if isinstance(rule, Needs)}

    assert asked | ELSEWHERE.keys() == set(Permission)
    assert asked.isdisjoint(ELSEWHERE)


def test_a_client_never_names_another_client():
    """Routes of one's own affairs take no client id, so there is none to guess."""
    assert [route.path for route in me.router.routes if "client_id" in route.path] == []
