"""What is locked is what was waited for, not what this transaction had read before."""

from sqlalchemy import select

from operational.clients import service as clients
from operational.clients.models import Client
from operational.kit import db
from operational.rules import service as decisions
from tests.kyc.people import NOW, a_client

ELSEWHERE = "+4915199999999"


def test_a_locked_row_is_read_anew_and_what_is_not_yet_written_is_kept(module_database):
    engine = module_database.engine(db.API)
    with db.transaction(engine) as session:
        decisions.install_defaults(session, NOW)
        client_id = a_client(session).id

    with db.transaction(engine) as session:
        seen = session.get_one(Client, client_id)
        with db.transaction(engine) as other:
            other.get_one(Client, client_id).phone = ELSEWHERE
        assert seen.phone != ELSEWHERE

        assert clients.locked(session, client_id).phone == ELSEWHERE
        seen.language = "de"
        locked = select(Client).where(Client.id == client_id).with_for_update()
        assert (session.scalar(locked), seen.language) == (seen, "de")
