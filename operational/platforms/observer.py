"""Looking at a platform: every account's rights and balance, written down where they changed."""

from datetime import datetime

from sqlalchemy import Engine

from operational.kit import db
from operational.platforms import mt5, queries, service
from operational.platforms.mt5 import Mt5
from operational.platforms.service import Sighting


def observe_once(engine: Engine, client: Mt5, now: datetime) -> int:
    """Ask first, then write; return how many accounts had changed.

    An account opened while the platform was answering is not in the answer, and is left alone.
    """
    with db.transaction(engine) as session:
        ours = {
            account.login: account.currency
            for account in session.scalars(queries.on_server(client.server))
            if account.login is not None
        }
    users = [user for user in client.users() if int(user["Login"]) in ours]
    sightings = [
        Sighting(
            int(user["Login"]),
            int(user["Rights"]),
            mt5.minor(user["Balance"], ours[int(user["Login"])]),
        )
        for user in users
    ]
    with db.transaction(engine) as session:
        return service.observe(session, client.server, sightings, known=frozenset(ours), now=now)
