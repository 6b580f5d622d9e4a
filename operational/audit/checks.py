"""What must agree: the checks on each batch of rows, and the one on the log's end."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from operational.audit import keys, merkle
from operational.audit.checkpoint import NOTHING, Checkpoint
from operational.audit.leaf import Frame, leaf, length_prefixed, moment
from operational.audit.rows import Finding, Row, span


@dataclass(frozen=True)
class Batch:
    """One checkpoint and all that must agree with it."""

    checkpoint: Checkpoint
    before: Checkpoint | None
    rows: list[Row]
    outside: list[Checkpoint]
    """The outside's checkpoints that end after `before` and not after `checkpoint`."""

    @property
    def name(self) -> str:
        return span(self.checkpoint.first_seq, self.checkpoint.last_seq)

    def finding(self, sentence: str) -> Finding:
        return Finding(sentence, self.checkpoint.first_seq, self.checkpoint.last_seq)


@dataclass(frozen=True)
class Trust:
    """What the verifier believes without proof."""

    keys: keys.PublicKeys
    frame: Frame


Check = Callable[[Batch, Trust], Iterator[Finding]]
Tail = Callable[[int, list[Checkpoint]], Iterator[Finding]]


def rows_are_unaltered(batch: Batch, trust: Trust) -> Iterator[Finding]:
    """The fields of every row give its leaf."""
    for row in batch.rows:
        if leaf(row.event, trust.frame) != row.leaf:
            yield row.finding("was altered: its fields do not give its leaf")


def no_row_is_missing(batch: Batch, _: Trust) -> Iterator[Finding]:
    """Every number of the batch has its row, and no row stands before it uncovered."""
    expected = batch.checkpoint.first_seq
    for row in batch.rows:
        if row.seq < batch.checkpoint.first_seq:
            yield row.finding("is covered by no checkpoint")
            continue
        if row.seq > expected:
            yield Finding(f"{span(expected, row.seq - 1)} missing", expected, row.seq - 1)
        expected = row.seq + 1
    if expected <= batch.checkpoint.last_seq:
        last = batch.checkpoint.last_seq
        yield Finding(f"{span(expected, last)} missing", expected, last)


def root_stands(batch: Batch, _: Trust) -> Iterator[Finding]:
    """The leaves of the batch, in order, give the signed root."""
    found = merkle.root([row.leaf for row in batch.rows])
    if found != batch.checkpoint.root:
        yield batch.finding(
            f"{batch.name} do not give the signed root: "
            "a row among them was changed, removed, added or moved"
        )


def chain_is_unbroken(batch: Batch, _: Trust) -> Iterator[Finding]:
    """Each checkpoint begins where the one before ends, and names its hash."""
    before = batch.before
    if batch.checkpoint.first_seq != (before.last_seq if before else 0) + 1:
        yield batch.finding(
            f"the checkpoint over {batch.name} does not begin where the one before it ends"
        )
    if batch.checkpoint.previous != (before.digest() if before else NOTHING):
        yield batch.finding(
            f"the checkpoint over {batch.name} names another predecessor: "
            "a checkpoint was removed, added, moved or signed anew"
        )


def signature_stands(batch: Batch, trust: Trust) -> Iterator[Finding]:
    """The checkpoint is signed by a key we trust."""
    if batch.checkpoint.key_id not in trust.keys:
        yield batch.finding(
            f"the checkpoint over {batch.name} is signed with the unknown key "
            f"{batch.checkpoint.key_id}"
        )
    elif not batch.checkpoint.stands(trust.keys):
        yield batch.finding(f"the signature of the checkpoint over {batch.name} is not valid")


def outside_agrees(batch: Batch, _: Trust) -> Iterator[Finding]:
    """A checkpoint kept outside is in the log, unchanged."""
    for kept in batch.outside:
        if kept != batch.checkpoint:
            name = span(kept.first_seq, kept.last_seq)
            yield Finding(
                f"the checkpoint over {name} kept outside is not in the log: it was rewritten",
                kept.first_seq,
                kept.last_seq,
            )


CHECKS: tuple[Check, ...] = (
    rows_are_unaltered,
    no_row_is_missing,
    root_stands,
    chain_is_unbroken,
    signature_stands,
    outside_agrees,
)


def tail_stands(last_seq: int, kept: list[Checkpoint]) -> Iterator[Finding]:
    """The log is as long as the newest checkpoint outside says. `kept`: those past `last_seq`."""
    if kept:
        end = kept[-1]
        yield Finding(
            f"the log ends with row {last_seq}, but the newest checkpoint kept outside, "
            f"signed {moment(end.signed_at)}, ends with row {end.last_seq}: "
            f"{span(last_seq + 1, end.last_seq)} cut off",
            last_seq + 1,
            end.last_seq,
        )


@dataclass(frozen=True)
class Method:
    """How a log is verified. There is one right way; the tests also plant wrong ones."""

    frame: Frame = length_prefixed
    """How a field is framed in a leaf."""
    checks: tuple[Check, ...] = CHECKS
    """What is asked of every batch."""
    tail: Tail = tail_stands
    """What is asked of the log's end."""
