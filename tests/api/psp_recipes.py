"""How PSPs are switched off and on so that it succeeds."""

from typing import Any

from sqlalchemy import text

from operational.access.matrix import Role
from operational.kit import db
from tests.api.opened import Door
from tests.api.recipes import Attempt, body, recipe

_ON_AGAIN = text(
    "update payments.psp_switch set on_by = off_by, on_at = off_at"
    " where psp = :psp and method = :method and on_at is null"
)


def a_way_that_is_on(door: Door, method: str) -> dict[str, Any]:
    """One that no payment of another recipe goes, whoever switched it off before."""
    way = {"psp": "adyen", "method": method}
    with db.transaction(door.database.engine()) as session:
        session.execute(_ON_AGAIN, way)
    return way


@recipe("POST", "/api/psps/switches", "/staff/psps")
def switch_off(door: Door, path: str) -> Attempt:
    form = {**a_way_that_is_on(door, "ideal"), "reason": "the provider has an outage"}
    return Attempt(door.signed_in(Role.FINANCE), path, ["psp:switch_off"], body(path, form))


@recipe("POST", "/api/psps/switches/{switch_id}/on", "/staff/psps/{switch_id}/on")
def switch_on(door: Door, path: str) -> Attempt:
    finance = door.signed_in(Role.FINANCE)
    form = {**a_way_that_is_on(door, "crypto"), "reason": "an outage"}
    switch = finance.post("/api/psps/switches", json=form).json()["id"]
    sent = body(path, {"reason": "the provider says it is back"})
    return Attempt(finance, path.format(switch_id=switch), ["psp:switch_on"], sent)
