"""The queue of everything that moves no money: Procrastinate, and a sweeper outside it.

Procrastinate runs a job at least once, and a job whose worker was killed stays `doing` until
somebody looks. So jobs are idempotent, and the sweeper looks.
"""

import asyncio
import threading

from procrastinate import App, Blueprint, PsycopgConnector
from procrastinate.jobs import Status
from sqlalchemy import URL

SCHEMA = "jobs"
TRIES_MAX = 5
"""A job that kills its worker this often is given up."""
STALLED_SECONDS = 30


def connect(address: URL, *blueprints: Blueprint) -> App:
    """The queue in our database, with the tasks of some blueprints, each used in one app only."""
    plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
    connector = PsycopgConnector(
        conninfo=plain, kwargs={"options": f"-c search_path={SCHEMA}"}, min_size=1, max_size=4
    )
    app = App(connector=connector)
    for blueprint in blueprints:
        app.add_tasks_from(blueprint, namespace="kingpost")
    return app


def work(app: App, stop: threading.Event) -> None:
    """Do jobs in this thread until told to stop; a job begun is finished first."""
    asyncio.run(_work(app, stop))


async def _work(app: App, stop: threading.Event) -> None:
    done = threading.Event()

    def wait() -> None:
        while not (stop.wait(0.5) or done.is_set()):
            pass

    async with app.open_async():
        worker = asyncio.create_task(
            app.run_worker_async(install_signal_handlers=False, update_heartbeat_interval=5)
        )
        stopped = asyncio.create_task(asyncio.to_thread(wait))
        try:
            await asyncio.wait({worker, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            done.set()
            worker.cancel()
            outcome, _ = await asyncio.gather(worker, stopped, return_exceptions=True)
    # A queue that lost its database is reported, and begun anew by whoever called.
    if isinstance(outcome, Exception):
        raise outcome


def rescue(app: App, *, stalled_seconds: float = STALLED_SECONDS) -> int:
    """Put jobs of dead workers back, or give them up; return how many. Run it outside the queue."""
    return asyncio.run(_rescue(app, stalled_seconds))


async def _rescue(app: App, stalled_seconds: float) -> int:
    async with app.open_async():
        stalled = list(
            await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=stalled_seconds)
        )
        for job in stalled:
            if job.attempts + 1 < TRIES_MAX:
                await app.job_manager.retry_job(job)
            else:
                await app.job_manager.finish_job(job, Status.FAILED, delete_job=False)
        return len(stalled)
