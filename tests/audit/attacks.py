"""Every way to falsify a log that we know of, each with the row it must be found at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from operational.audit.keys import Signer
from tests.audit.logs import SealedLog, a_log, root, sealed


@dataclass(frozen=True)
class Attack:
    name: str
    log: SealedLog
    seq: int
    """A row the finding must cover."""


Family = Callable[[SealedLog], Iterator[Attack]]


def a_field_is_changed(log: SealedLog) -> Iterator[Attack]:
    for event in log.events[::20]:
        for field in event.keys() - {"seq", "leaf", "before", "after"}:
            changed = event | {field: (event[field] or "") + "x"}
            yield Attack(f"{field} changed", log.with_row(changed), event["seq"])
        for field in ("before", "after"):
            changed = event | {field: {"was": event[field]}}
            yield Attack(f"{field} changed", log.with_row(changed), event["seq"])


def nothing_becomes_empty(log: SealedLog) -> Iterator[Attack]:
    for event in log.events[::4]:
        if event["reason"] is None:
            yield Attack(
                "no reason becomes an empty one", log.with_row(event | {"reason": ""}), event["seq"]
            )


def a_letter_slides_over_a_border(log: SealedLog) -> Iterator[Attack]:
    for event in log.events[::4]:
        if event["actor_name"]:
            name, role = event["actor_name"] + event["role"][:1], event["role"][1:]
            changed = event | {"actor_name": name, "role": role}
            yield Attack("a letter slides from role to name", log.with_row(changed), event["seq"])


def a_row_is_changed_with_its_leaf(log: SealedLog) -> Iterator[Attack]:
    for seq in range(1, len(log.events) + 1, 7):
        yield Attack("changed with its leaf", log.with_row(log.row(seq, reason="mine")), seq)


def a_row_is_deleted(log: SealedLog) -> Iterator[Attack]:
    for seq in range(1, len(log.events) + 1):
        yield Attack("deleted", log.but(events=log.events[: seq - 1] + log.events[seq:]), seq)


def a_row_is_deleted_and_the_rest_moves_up(log: SealedLog) -> Iterator[Attack]:
    for seq in range(1, len(log.events) + 1, 10):
        left = log.events[: seq - 1] + log.events[seq:]
        renumbered = [event | {"seq": place} for place, event in enumerate(left, start=1)]
        yield Attack("deleted, the rest renumbered", log.but(events=renumbered), seq)


def two_rows_are_swapped(log: SealedLog) -> Iterator[Attack]:
    for seq in range(1, len(log.events)):
        first, second = log.events[seq - 1], log.events[seq]
        swapped = log.with_row(second | {"seq": seq}).with_row(first | {"seq": seq + 1})
        yield Attack("swapped with the next", swapped, seq)


def two_lines_are_swapped(log: SealedLog) -> Iterator[Attack]:
    for seq in range(1, len(log.events), 10):
        events = list(log.events)
        events[seq - 1], events[seq] = events[seq], events[seq - 1]
        yield Attack("its line swapped with the next", log.but(events=events), seq)


def the_tail_is_cut(log: SealedLog) -> Iterator[Attack]:
    """Cut with care: the checkpoints over what is gone go too, and rows of a half batch."""
    for left in range(1, len(log.events)):
        checkpoints = [found for found in log.checkpoints if found.last_seq <= left]
        events = log.events[: checkpoints[-1].last_seq] if checkpoints else []
        yield Attack(f"cut to {left}", log.but(events=events, checkpoints=checkpoints), left + 1)


def the_tail_is_cut_within_a_batch(log: SealedLog) -> Iterator[Attack]:
    for left in range(1, len(log.events), 7):
        yield Attack(
            f"cut to {left}, checkpoints kept", log.but(events=log.events[:left]), left + 1
        )


def a_row_is_inserted(log: SealedLog) -> Iterator[Attack]:
    step = len(log.events) // 20
    for seq in range(1, len(log.events) + 1, step):
        forged = log.row(seq, id="01a20673-6ab2-784b-ab1a-775679324296", reason="forged")
        events = [*log.events[: seq - 1], forged, *log.events[seq - 1 :]]
        events = [event | {"seq": place} for place, event in enumerate(events, start=1)]
        yield Attack("inserted", log.but(events=events), seq)


def a_row_has_no_seal(log: SealedLog) -> Iterator[Attack]:
    for seq in range(1, len(log.events) + 1, 10):
        unsealed = log.events[seq - 1] | {"seq": None}
        events = [*log.events[: seq - 1], *log.events[seq:], unsealed]
        yield Attack("its seal taken", log.but(events=events), seq)


def history_is_rewritten(log: SealedLog) -> Iterator[Attack]:
    """Leaf, root and chain are all made to match; only the signatures cannot be."""
    for seq in (1, 58, len(log.events)):
        changed = log.with_row(log.row(seq, reason="never happened"))
        checkpoints = list(log.checkpoints)
        for n in range(log.batch_of(seq), len(checkpoints)):
            rows = changed.events[checkpoints[n].first_seq - 1 : checkpoints[n].last_seq]
            previous = checkpoints[n - 1].digest() if n else checkpoints[n].previous
            checkpoints[n] = replace(checkpoints[n], root=root(rows), previous=previous)
        yield Attack("rewritten", changed.but(checkpoints=checkpoints, outside=None), seq)


def history_is_rewritten_under_a_new_key(log: SealedLog) -> Iterator[Attack]:
    for seq in (1, 58, len(log.events)):
        changed = log.with_row(log.row(seq, reason="never happened"))
        checkpoints = sealed(changed.events, signer=Signer.generate())
        yield Attack("rewritten, new key", changed.but(checkpoints=checkpoints, outside=None), seq)


def history_is_rewritten_with_the_stolen_key(log: SealedLog) -> Iterator[Attack]:
    for seq in (1, 58, len(log.events)):
        changed = log.with_row(log.row(seq, reason="never happened"))
        yield Attack("rewritten, our key", changed.but(checkpoints=sealed(changed.events)), seq)


def a_batch_of_a_restored_copy_is_spliced_in(log: SealedLog) -> Iterator[Attack]:
    """The copy ran on after a restore and was sealed by the true sealer: every signature is real."""
    other = a_log(len(log.events), seed=99, frame=log.frame)
    half = len(log.events) // 2
    copy_events = log.events[:half] + other.events[half:]
    copy = sealed(copy_events)
    n = half // 10
    spliced = log.but(
        events=log.events[:half] + copy_events[half : half + 10] + log.events[half + 10 :],
        checkpoints=[*log.checkpoints[:n], copy[n], *log.checkpoints[n + 1 :]],
        outside=None,
    )
    # Its own predecessor is right; it is the checkpoint after it that names another.
    yield Attack("a batch of a copy", spliced, log.checkpoints[n + 1].first_seq)


def a_checkpoint_is_deleted(log: SealedLog) -> Iterator[Attack]:
    for n, gone in enumerate(log.checkpoints):
        checkpoints = log.checkpoints[:n] + log.checkpoints[n + 1 :]
        changed = log.but(checkpoints=checkpoints, outside=None)
        yield Attack("checkpoint deleted", changed, gone.first_seq)


def two_checkpoints_are_swapped(log: SealedLog) -> Iterator[Attack]:
    for n in range(len(log.checkpoints) - 1):
        checkpoints = list(log.checkpoints)
        checkpoints[n], checkpoints[n + 1] = checkpoints[n + 1], checkpoints[n]
        changed = log.but(checkpoints=checkpoints, outside=None)
        yield Attack("checkpoint swapped with the next", changed, checkpoints[n].first_seq)


def a_checkpoint_is_signed_anew(log: SealedLog) -> Iterator[Attack]:
    other = Signer.generate()
    for n, found in enumerate(log.checkpoints):
        checkpoints = list(log.checkpoints)
        checkpoints[n] = replace(found, key_id=other.key_id).signed_by(other)
        changed = log.but(checkpoints=checkpoints, outside=None)
        yield Attack("checkpoint signed with a new key", changed, found.first_seq)


FAMILIES: tuple[Family, ...] = (
    a_field_is_changed,
    nothing_becomes_empty,
    a_letter_slides_over_a_border,
    a_row_is_changed_with_its_leaf,
    a_row_is_deleted,
    a_row_is_deleted_and_the_rest_moves_up,
    two_rows_are_swapped,
    two_lines_are_swapped,
    the_tail_is_cut,
    the_tail_is_cut_within_a_batch,
    a_row_is_inserted,
    a_row_has_no_seal,
    history_is_rewritten,
    history_is_rewritten_under_a_new_key,
    history_is_rewritten_with_the_stolen_key,
    a_batch_of_a_restored_copy_is_spliced_in,
    a_checkpoint_is_deleted,
    two_checkpoints_are_swapped,
    a_checkpoint_is_signed_anew,
)
