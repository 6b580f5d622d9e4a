"""A5: a person is erased, and the log still verifies."""

from sqlalchemy import text

from operational.audit import personal
from operational.audit.service import record
from operational.audit.tags import Tag
from operational.kit import db
from tests.audit import sealing
from tests.audit.test_record import CLIENT


def test_erasing_a_person_leaves_no_trace_of_the_person_and_an_intact_log(database):
    with db.transaction(database.engine()) as session:
        event_id = record(
            session,
            Tag.CLIENT_CHANGE_PROFILE,
            subject="C-1",
            actor=CLIENT,
            now=sealing.NOW,
            personal={"phone": "+353 1 555 0100"},
        )
    sealing.seal(database)

    with sealing.intruder(database) as connection:
        connection.execute(text("update audit.personal_key set key = null"))

    with db.transaction(database.engine()) as session:
        assert personal.read(session, event_id) is None
        later = record(
            session, Tag.CLIENT_CHANGE_STAGE, subject="C-1", actor=CLIENT, now=sealing.NOW
        )
        assert personal.read(session, later) is None
    sealing.seal(database)
    assert sealing.verified(database).findings == []
    export = (database.settings.root / "export" / "events.jsonl").read_text()
    assert not any(trace in export for trace in ("Zoë", "555 0100", "198.51.100.23"))
