"""Idempotency keys as the payment vendors keep them: the first answer is the answer."""

import hashlib
from collections.abc import Callable

from sandbox.vendor import Answer
from sandbox.world import World


class KeyReused(Exception):
    """The same key came with another call."""


def once(
    world: World, key: str | None, call: str, effect: Callable[[], Answer]
) -> tuple[Answer, bool]:
    """Carry out a call at most once per key; say whether the answer is a repeated one.

    Raises:
        KeyReused: the key was used for another call.
    """
    fingerprint = hashlib.sha256(call.encode()).hexdigest()
    with world.store.transaction() as db:
        if key is None:
            return effect(), False
        found = db.execute("select * from answers where key = ?", (key,)).fetchone()
        if found is None:
            answer = effect()
            db.execute(
                "insert into answers values (?, ?, ?, ?)",
                (key, fingerprint, answer.status, answer.body.decode()),
            )
            return answer, False
    if found["fingerprint"] != fingerprint:
        raise KeyReused(key)
    return Answer(found["status"], found["body"].encode()), True
