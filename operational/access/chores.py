"""Jobs of access that nobody waits for. Each may run twice."""

from procrastinate import Blueprint
from sqlalchemy import Engine

from operational.access import throttle
from operational.kit import db
from operational.kit.clock import utc_now


def chores(engine: Engine) -> Blueprint:
    """Forget, every five minutes, the counters of tries that no longer count."""
    blueprint = Blueprint()

    @blueprint.periodic(cron="*/5 * * * *")
    @blueprint.task(name="forget_rate_windows", pass_context=False)
    def forget_rate_windows(timestamp: int) -> None:
        del timestamp
        with db.transaction(engine) as session:
            throttle.forget_old(session, utc_now())

    return blueprint
