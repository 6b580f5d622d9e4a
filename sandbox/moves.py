"""Many moves in one call, each at its own time: how a demo loads two months in seconds."""

import json
from collections.abc import Callable, Sequence
from typing import Literal, Protocol, TypeVar

from sandbox.clock import moment, travel
from sandbox.once import once
from sandbox.store import Document
from sandbox.vendor import Answer
from sandbox.world import World

Mode = Literal["now", "later", "return", "waiting", "never"]


class Timed(Protocol):
    """A step that says when it happens: epoch seconds or ISO 8601."""

    at: str


Step = TypeVar("Step", bound=Timed)


def make(
    world: World,
    moves: Sequence[Step],
    carry_out: Callable[[World, Step], Document],
    on_timer: Callable[[World, str], None],
    *,
    deliver: Mode,
    key: str | None = None,
) -> Document:
    """Do the steps in order, all or none, and what has fallen due by them.

    With `deliver` "return" the signed callbacks are handed back instead of sent, "waiting" hands
    back those of earlier calls besides, "never" drops them; "now" (seen by the edge) sends them
    before the answer leaves. A call with a key is done once; repeated, it gets the same answer.
    """

    def effect() -> Answer:
        before = world.deliveries.last_id()
        objects = []
        for move in moves:
            with travel(moment(move.at)):
                objects.append(carry_out(world, move))
        world.timers.run(lambda subject: on_timer(world, subject))
        if deliver == "never":
            world.deliveries.drop(before)
        callbacks = world.deliveries.hand_over(before) if deliver == "return" else []
        if deliver == "waiting":
            callbacks = world.deliveries.hand_over_waiting(world.clock.epoch())
        return Answer(200, json.dumps({"objects": objects, "callbacks": callbacks}).encode())

    answer, _ = once(world, key, repr(moves), effect)
    done: Document = json.loads(answer.body)
    return done
