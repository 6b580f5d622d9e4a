"""How the routes about what stopped are called: parked messages, and a piece too large for the rule."""

from datetime import date
from typing import Any

from sqlalchemy import text

from operational.access.matrix import Role
from operational.kit import db
from operational.kit.ids import uuid7
from operational.payments.transfers.lines import LINE, SOURCE, Line
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


@recipe(
    "POST",
    "/api/messages/inbox/{message_id}/assign",
    "/staff/messages/inbox/{message_id}/assign",
)
def assign(door: Door, path: str) -> Attempt:
    client = cast.a_client(door)
    find = text("select reference from clients.client where id = :id")
    reference = door.query(lambda session: session.scalar(find, {"id": client.id}))
    place = path.format(message_id=a_parked_transfer(door))
    form = {"client": reference, "reason": "her statement shows it"}
    return Attempt(door.signed_in(Role.FINANCE), place, ["transfer:assign"], body(path, form))


def a_parked_transfer(door: Door) -> Any:
    line = Line(
        uuid7().hex, "LT1", 7_000, "EUR", date(2026, 3, 2), "Lena Weber", None, "for me", None
    )
    return a_parked_message(door, SOURCE, LINE.dump_json(line))


def a_parked_message(door: Door, source: str = "test", told: bytes = b"{}") -> Any:
    mark = uuid7().hex
    find = text("select id from messaging.inbox where external_id = :mark")
    park = text("update messaging.inbox set status = 'parked' where external_id = :mark")
    with db.transaction(door.database.engine()) as session:
        receive(session, source, mark, told, now=door.clock())
        session.execute(park, {"mark": mark})
        return session.scalar(find, {"mark": mark})
