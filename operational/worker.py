"""The worker process: the two loops, the sweepers, the platform observer and the queue of jobs.

``python -m operational.worker``. It keeps nothing in memory that a crash could lose; any number of
them may run beside each other. SIGTERM and SIGINT stop it when the step at hand is done.
"""

import contextvars
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog
from procrastinate import App
from sqlalchemy import Engine

from operational.access.chores import chores
from operational.access.totp import FieldKey
from operational.kit import db, jobs, log
from operational.kit.clock import utc_now
from operational.kit.settings import Settings
from operational.messaging import inbox, outbox
from operational.messaging.attempt import attempt
from operational.messaging.inbox import Handler
from operational.messaging.outbox import Carrier
from operational.payments import service as payments
from operational.payments import sweeper
from operational.payments.adjustments import service as adjustments
from operational.payments.capturing import CapturePayment
from operational.payments.carrying import CreatePayment
from operational.payments.disputes import service as disputes
from operational.payments.disputes.carrying import AnswerDispute
from operational.payments.psp import Psp
from operational.payments.psp.connect import PROVIDERS
from operational.payments.psp.connect import connect as connect_psps
from operational.payments.transfers import service as transfers
from operational.payments.transfers.lines import SOURCE as BANK_LINES
from operational.payments.withdrawals import carrying as payout_carrying
from operational.payments.withdrawals.payouts import SEND_PAYOUT
from operational.platforms import carrying as platform_carrying
from operational.platforms import observer
from operational.platforms import service as platforms
from operational.platforms.connect import connect as connect_platform
from operational.platforms.mt5 import Mt5
from operational.rules import replays

PAUSE_SECONDS = 0.2
"""Between two looks at an empty queue."""
SLOW_PAUSE_SECONDS = 1.0
OBSERVE_SECONDS = 2.0
SWEEP_SECONDS = 60.0
RESCUE_SECONDS = 30.0
STOP_SECONDS = 15.0

Step = Callable[[Engine, Mapping[str, Handler], datetime], bool]

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Loop:
    """One thing done again and again: at once while there is work, else after a pause."""

    name: str
    step: Callable[[], object]
    pause_seconds: float
    is_greedy: bool = True


def handlers(psps: Mapping[str, Psp]) -> dict[str, Handler]:
    """Who applies the messages of which source."""
    found: dict[str, Handler] = {}
    for name in psps:
        found[name] = partial(payments.apply_callback, psps=psps)
        found[name + payments.POLLED] = partial(payments.apply_polled, psps=psps)
    if BANK_LINES in psps:
        found[BANK_LINES] = partial(transfers.apply_line, psps=psps)
    return found


def psp_carriers(psps: Mapping[str, Psp], settings: Settings, engine: Engine) -> dict[str, Carrier]:
    """Who carries the commands to PSPs about payments."""
    return_url = f"{settings.api_url}/room/deposits/{{reference}}"
    return {
        payments.CREATE_PAYMENT: CreatePayment(engine, psps, return_url),
        payments.CAPTURE_PAYMENT: CapturePayment(psps),
        SEND_PAYOUT: payout_carrying.SendPayout(psps, FieldKey.of(settings)),
    }


def dispute_carriers(psps: Mapping[str, Psp], engine: Engine) -> dict[str, Carrier]:
    """Who carries our answers to disputes."""
    return {disputes.ANSWER_DISPUTE: AnswerDispute(psps, engine)}


def platform_carriers(mt5: Mt5) -> dict[str, Carrier]:
    """Who carries the commands to the trading platform."""
    return {
        platforms.OPEN_ACCOUNT: platform_carrying.OpenAccount(mt5),
        platforms.TRANSFER: platform_carrying.MoveMoney(mt5),
        platforms.SET_RIGHTS: platform_carrying.SetRights(mt5),
    }


class Vendors:
    """Whom the worker talks to. Those whose keys are not there yet are looked for again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._psps: Mapping[str, Psp] = {}
        self._platforms: dict[str, Mt5] = {}

    def psps(self) -> Mapping[str, Psp]:
        if len(self._psps) < len(PROVIDERS):
            self._psps = connect_psps(self._settings, self._psps)
        return self._psps

    def platform(self, line: str) -> Mt5 | None:
        """A client of its own for each line, so that looking never waits for commanding."""
        if line not in self._platforms and (found := connect_platform(self._settings)):
            self._platforms[line] = found
        return self._platforms.get(line)


def loops(settings: Settings, engine: Engine, *, process: Step = inbox.process_one) -> list[Loop]:
    """Everything this process does, but for the queue of jobs."""
    vendors = Vendors(settings)

    def apply() -> bool:
        return process(engine, handlers(vendors.psps()), utc_now())

    def ask_psps() -> int:
        psps = vendors.psps()
        carriers = psp_carriers(psps, settings, engine) | dispute_carriers(psps, engine)
        return outbox.carry(engine, carriers, utc_now)

    def sweep() -> int:
        asked = sweeper.sweep(engine, vendors.psps(), utc_now())
        return asked + payout_carrying.sweep(engine, vendors.psps(), utc_now())

    def replay() -> bool:
        with db.transaction(engine) as session:
            return replays.advance(session, utc_now())

    def expire_adjustments() -> int:
        with db.transaction(engine) as session:
            return adjustments.expire(session, now=utc_now())

    def command_platform() -> int:
        mt5 = vendors.platform("commands")
        return outbox.carry(engine, platform_carriers(mt5), utc_now) if mt5 else 0

    def observe_platform() -> int:
        mt5 = vendors.platform("observation")
        return observer.observe_once(engine, mt5, utc_now()) if mt5 else 0

    return [
        Loop("inbox", apply, PAUSE_SECONDS),
        # Helps where there is a backlog, and costs next to nothing where there is none.
        Loop("inbox helper", apply, SLOW_PAUSE_SECONDS),
        Loop("psps", ask_psps, PAUSE_SECONDS),
        Loop("replays", replay, SLOW_PAUSE_SECONDS),
        Loop("sweeper", sweep, SWEEP_SECONDS, is_greedy=False),
        Loop("adjustments", expire_adjustments, SWEEP_SECONDS, is_greedy=False),
        Loop("platform", command_platform, PAUSE_SECONDS),
        Loop("observer", observe_platform, OBSERVE_SECONDS, is_greedy=False),
    ]


def run(settings: Settings, stop: threading.Event, *, process: Step = inbox.process_one) -> None:
    """Work until `stop` is set, then finish the steps at hand.

    Args:
        settings: where everything is.
        stop: set by a signal, or by a test.
        process: how one inbox message is applied.
    """
    engine = db.engine(settings, db.WORKER)
    address = db.url(settings, db.WORKER)
    rescue = Loop(
        "rescue", lambda: jobs.rescue(jobs.connect(address)), RESCUE_SECONDS, is_greedy=False
    )
    everything = [*loops(settings, engine, process=process), rescue]
    queue = partial(_queue, jobs.connect(address, chores(engine)), stop)
    threads = [_thread(loop.name, partial(repeat, loop, stop)) for loop in everything]
    threads.append(_thread("jobs", queue))
    logger.info("worker started", loops=[loop.name for loop in everything])
    stop.wait()
    for thread in threads:
        thread.join(STOP_SECONDS)
    engine.dispose()
    logger.info("worker stopped")


def repeat(loop: Loop, stop: threading.Event) -> None:
    """Step by step until told to stop. Whatever goes wrong, the next step is tried."""
    while not stop.is_set():
        if not once(loop) or not loop.is_greedy:
            stop.wait(loop.pause_seconds)


def once(loop: Loop) -> bool:
    """One step. False if there was nothing to do, or it went wrong."""
    did: list[object] = []
    error = attempt(lambda: did.append(loop.step()), loop=loop.name)
    return error is None and bool(did[0])


def _thread(name: str, work: Callable[[], None]) -> threading.Thread:
    """Start a thread whose log lines carry what this one's do."""
    thread = threading.Thread(
        target=contextvars.copy_context().run, args=(work,), name=name, daemon=True
    )
    thread.start()
    return thread


def _queue(app: App, stop: threading.Event) -> None:
    repeat(Loop("jobs", lambda: jobs.work(app, stop), 1.0, is_greedy=False), stop)


def main() -> None:
    log.configure("worker")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run(Settings(), stop)


if __name__ == "__main__":
    main()
