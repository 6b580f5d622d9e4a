"""Planted bugs: ways to verify a log wrongly, each with the forgery it lets through."""

from collections.abc import Iterator
from dataclasses import dataclass

from operational.audit import checks
from operational.audit.checkpoint import Checkpoint
from operational.audit.checks import Check, Method
from operational.audit.rows import Finding
from tests.audit import attacks


@dataclass(frozen=True)
class Mutation:
    method: Method
    lets_through: attacks.Family


def no_length_prefix(field: bytes | None) -> bytes:
    """Fields run into each other."""
    return field or b""


def separated(field: bytes | None) -> bytes:
    """Fields are joined by a sign; nothing and the empty text look the same."""
    return (field or b"") + b"|"


def tail_not_compared(_last_seq: int, _kept: list[Checkpoint]) -> Iterator[Finding]:
    return iter(())


def without(check: Check) -> Method:
    return Method(checks=tuple(kept for kept in checks.CHECKS if kept is not check))


NAMED = {
    "no length prefix": Mutation(
        Method(frame=no_length_prefix), attacks.a_letter_slides_over_a_border
    ),
    "fields joined by a sign": Mutation(Method(frame=separated), attacks.nothing_becomes_empty),
    "tail not compared": Mutation(Method(tail=tail_not_compared), attacks.the_tail_is_cut),
    "leaf not recomputed": Mutation(without(checks.rows_are_unaltered), attacks.a_field_is_changed),
    "root not compared": Mutation(
        without(checks.root_stands), attacks.a_row_is_changed_with_its_leaf
    ),
    "signature not checked": Mutation(
        without(checks.signature_stands), attacks.history_is_rewritten
    ),
    "chain not compared": Mutation(
        without(checks.chain_is_unbroken), attacks.a_batch_of_a_restored_copy_is_spliced_in
    ),
    "outside not compared": Mutation(
        without(checks.outside_agrees), attacks.history_is_rewritten_with_the_stolen_key
    ),
}
