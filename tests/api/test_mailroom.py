"""Whatever is put into the mailroom, the next callback finds somebody there."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from api.mailroom import Mailroom, NotStored
from operational.kit import db
from operational.messaging.arrivals import Arrived
from operational.messaging.inbox import Refused


@pytest.fixture
def mailroom(opened) -> Iterator[Mailroom]:
    engine = opened.database.engine(db.API)
    found = Mailroom(engine, opened.clock)
    found.start()
    yield found
    found.close()


def a_letter(external_id: str) -> list[Arrived]:
    return [Arrived("stripe", external_id, {}, b"{}")]


def test_a_message_nobody_can_write_down_is_not_stored_and_holds_up_no_other(mailroom):
    for poison in ("evt_\ud800", "evt_\0"):
        with pytest.raises(NotStored):
            asyncio.run(mailroom.store(a_letter(poison)))

    asyncio.run(mailroom.store(a_letter("evt_good")))

    assert mailroom.is_open


def test_a_refusal_nobody_can_count_holds_up_nobody(mailroom):
    mailroom.refuse(Refused("stripe", "\ud800", {}, b""))

    asyncio.run(mailroom.store(a_letter("evt_after_refusal")))

    assert mailroom.is_open


def test_an_api_that_stores_no_callbacks_is_not_well(opened, mailroom):
    assert opened.visitor().get("/health").status_code == 200
    hub = opened.app.state.hub
    mailroom.close()

    opened.app.state.hub = replace(hub, mailroom=mailroom)
    answer = opened.visitor().get("/health")
    opened.app.state.hub = hub

    assert (answer.status_code, answer.json()["code"]) == (503, "mailroom_shut")
