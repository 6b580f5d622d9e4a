"""M4: kill -9 anywhere, at any time, loses nothing and applies nothing twice."""

import random
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from operational.kit import db
from operational.kit.clock import utc_now
from operational.payments.psp.connect import connect
from operational.payments.withdrawals import carrying
from tests.faults import books, planted, processes, roles
from tests.faults.crowd import CLIENTS, Crowd, operations
from tests.faults.processes import Crew
from tests.faults.stage import Stage, set_up
from tests.times import TIMES

OPERATIONS = 10_000
KILLS_MIN = 100
BACKEND_KILLS = 3
# The API is one process in five of those killed: it takes half a second to come back.
API_SHARE = 0.2


def is_drained(stage: Stage) -> bool:
    """Nothing waits any more, in or out."""
    return stage.is_up() and bool(
        stage.one(
            "select not exists (select from messaging.inbox where status = 'new')"
            " and not exists (select from messaging.outbox where status = 'pending')"
        )
    )


def ask_about_payouts(stage: Stage) -> None:
    """The worker's sweeper, which does not wait until a provider has been silent for long."""
    engine = db.engine(stage.settings, db.WORKER)
    psps = connect(stage.settings, {})
    while carrying.sweep(engine, psps, utc_now(), older_than=timedelta(0)) == carrying.BATCH:
        pass
    for psp in psps.values():
        psp.close()
    engine.dispose()


def run(
    stage: Stage,
    crowd: Crowd,
    dice: random.Random,
    *,
    serve: Callable[..., None] = roles.serve,
    work: Callable[..., None] = roles.work,
    kills_min: int,
    backend_kills: int = 0,
    api_share: float = API_SHARE,
) -> tuple[int, int]:
    """Kill processes while the crowd asks; then let those that are left finish the work.

    Kills fall due by progress, and the crowd waits for those that are due, so their number is
    the same however fast the machine is.

    Returns:
        How many processes, and how many server processes of PostgreSQL, were killed.
    """
    api = Crew(dice, [partial(processes.start, serve, stage.settings)])
    workers = Crew(dice, [partial(processes.start, work, stage.settings)] * 2)
    total = crowd.left.qsize()
    backends, due_at = 0, 0
    # Some are under way whenever a kill falls due.
    crowd.allow(2 * CLIENTS)
    pause = threading.Event()
    with api, workers:
        while crowd.is_busy:
            if crowd.done_count < due_at:
                pause.wait(0.002)
                continue
            (api if dice.random() < api_share else workers).kill_one()
            if backends < backend_kills and due_at > total * (backends + 1) / (backend_kills + 1):
                backends += stage.kill_backend(dice)
            gap = 1 + int(dice.random() * 2 * total / (kills_min * 1.3))
            due_at += gap
            crowd.allow(gap)
        done = partial(is_drained, stage)
        processes.wait_until(done, "all is done", seconds=300, pause=0.2)
        ask_about_payouts(stage)
        processes.wait_until(done, "what was asked is done", seconds=60, pause=0.2)
    return api.kill_count + workers.kill_count, backends


@pytest.mark.parametrize("number", range(3 * TIMES))
def test_ten_thousand_operations_survive_a_hundred_kills(durable, home, number):
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - to repeat a red run
    dice = random.Random(seed)
    with set_up(durable, home, deposit_count=2_500, saver_count=40) as stage:
        crowd = Crowd(stage)
        wanted = operations(
            stage,
            dice,
            total=OPERATIONS,
            deposits=450,
            transfers=250,
            refused=100,
            returns=200,
            withdrawals=240,
        )
        crowd.begin(wanted)
        kills, backends = run(stage, crowd, dice, kills_min=KILLS_MIN, backend_kills=BACKEND_KILLS)

        print(f"{crowd.done_count} operations, {crowd.calls} calls, {kills}+{backends} kills")  # noqa: T201
        assert crowd.done_count >= OPERATIONS
        assert (kills >= KILLS_MIN, backends) == (True, BACKEND_KILLS)
        books.check_callbacks(stage, crowd)
        books.check_returns(stage, crowd)
        books.check_answers(stage, crowd)
        books.check_withdrawals(stage, crowd)
        books.check_money(stage)


def test_marking_a_callback_done_before_its_effect_loses_callbacks(durable, home):
    """Planted bug A."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201
    dice = random.Random(seed)
    with set_up(durable, home, deposit_count=1_500) as stage:
        crowd = Crowd(stage)
        crowd.begin(operations(stage, dice, total=3_000, deposits=0, transfers=0))
        run(stage, crowd, dice, work=planted.work_marking_first, kills_min=30, api_share=0)

        assert books.lost_callbacks(stage, crowd)


def test_keeping_an_answer_before_its_effect_promises_what_never_happens(durable, home):
    """Planted bug B."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201
    dice = random.Random(seed)
    with set_up(durable, home, deposit_count=0) as stage:
        crowd = Crowd(stage)
        crowd.begin(operations(stage, dice, total=330, deposits=300, transfers=0))
        run(stage, crowd, dice, serve=planted.serve_answering_first, kills_min=40, api_share=1)

        assert books.hollow_answers(stage, crowd)
