"""The application can add to the log and nothing else; the sealer never learns who did what."""

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from operational.kit import db
from tests.audit import sealing

TABLES = ("event", "sealed", "checkpoint", "personal", "personal_key")
CHANGES = [
    *(f"delete from audit.{table}" for table in TABLES),
    *(f"truncate audit.{table} cascade" for table in TABLES),
    "update audit.event set reason = 'mine'",
    "update audit.event set row_xid = '1'",
    "update audit.sealed set seq = seq + 1",
    "update audit.checkpoint set signature = ''",
    "update audit.personal_key set key = null",
    "alter table audit.event disable trigger all",
    "drop table audit.event cascade",
]
OF_THE_APPLICATION = [
    "insert into audit.sealed (seq, event_id, event_xid, leaf) select 1, id, row_xid, leaf from audit.event",
    """insert into audit.event (row_xid, id, at, actor_id, role, verb, subject_kind, leaf)
    select '1', gen_random_uuid(), at, actor_id, role, verb, subject_kind, leaf from audit.event""",
]
OF_THE_SEALER = [
    "select actor_name from audit.event",
    "select * from audit.personal",
    "select * from audit.personal_key",
    """insert into audit.event (id, at, actor_id, role, verb, subject_kind, leaf)
    values (gen_random_uuid(), now(), '', '', '', '', sha256(''))""",
]
OF_THE_EXTRACT = [
    "select * from audit.personal",
    "select * from audit.personal_key",
    "insert into audit.sealed values (1, gen_random_uuid(), '1', sha256(''))",
]


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        *(
            (role, change)
            for role in (db.API, db.WORKER, db.SEALER, db.EXTRACT)
            for change in CHANGES
        ),
        *((role, attempt) for role in (db.API, db.WORKER) for attempt in OF_THE_APPLICATION),
        *((db.SEALER, attempt) for attempt in OF_THE_SEALER),
        *((db.EXTRACT, attempt) for attempt in OF_THE_EXTRACT),
    ],
)
def test_the_log_is_closed_to(module_database, role, statement):
    with (
        module_database.engine(role).connect() as connection,
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
    ):
        connection.execute(text(statement))


@pytest.mark.parametrize("table", ["event", "sealed", "checkpoint"])
def test_a_mistake_of_the_owner_is_refused_too(database, table):
    sealing.act_now(database.engine(), "W-1")
    sealing.seal(database)
    owner = create_engine(database.admin_url)

    for statement in (f"delete from audit.{table}", f"truncate audit.{table} cascade"):
        with owner.connect() as connection, pytest.raises(ProgrammingError, match="only grows"):
            connection.execute(text(statement))
    owner.dispose()
