"""How the routes about what stopped are called: parked messages, and a piece too large for the rule."""

from typing import Any

from sqlalchemy import text

from operational.access.matrix import Role
from operational.kit import db
from operational.kit.ids import uuid7
from tests.api import cast
from tests.api.opened import Door
from tests.api.recipes import Attempt, body, recipe
from tests.messaging.letters import receive


@recipe(
    "POST",
    "/api/messages/{box}/{message_id}/replay",
    "/staff/messages/{box}/{message_id}/replay",
)
def replay(door: Door, path: str) -> Attempt:
    place = path.format(box="inbox", message_id=a_parked_message(door))
    return Attempt(door.signed_in(Role.FINANCE), place, ["inbox:replay"])


@recipe("POST", "/api/payments/{reference}/agree", "/staff/payments/{reference}/agree")
def agree_to_piece(door: Door, path: str) -> Attempt:
    place = path.format(reference=cast.a_payment(door))
    form = {"amount": "500.00", "currency": "USD", "reason": "one transfer for two deposits"}
    return Attempt(door.signed_in(Role.FINANCE), place, ["deposit:agree"], body(path, form))


@recipe(
    "POST",
    "/api/messages/{box}/{message_id}/close",
    "/staff/messages/{box}/{message_id}/close",
)
def close(door: Door, path: str) -> Attempt:
    place = path.format(box="inbox", message_id=a_parked_message(door))
    form = {"reason": "the provider took it back"}
    return Attempt(door.signed_in(Role.FINANCE), place, ["inbox:close"], body(path, form))


def a_parked_message(door: Door) -> Any:
    mark = uuid7().hex
    find = text("select id from messaging.inbox where external_id = :mark")
    park = text("update messaging.inbox set status = 'parked' where external_id = :mark")
    with db.transaction(door.database.engine()) as session:
        receive(session, "test", mark, b"{}", now=door.clock())
        session.execute(park, {"mark": mark})
        return session.scalar(find, {"mark": mark})
