"""How often a client may ask for what a colleague must look at again."""

from fastapi import Depends

from api.deps import HubDep, NowDep
from api.me import MeDep
from operational.access import throttle
from operational.kit import db

IDENTITY_STEPS_MAX = 20
"""A quarter of an hour of one client; each may make a reviewer look again."""


def identity(hub: HubDep, me: MeDep, now: NowDep) -> None:
    """Count a changed profile or a check asked for, whatever comes of it.

    Raises:
        TooManyTries: of this client.
    """
    with db.transaction(hub.engine) as session:
        key = f"identity:{me.id}"
        throttle.count_try(session, key, tries_max=IDENTITY_STEPS_MAX, now=now)


IDENTITY = Depends(identity, scope="function")
