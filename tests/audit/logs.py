"""Sealed logs made in memory, as the sealer and the export would make them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from operational.audit import merkle
from operational.audit.checkpoint import NOTHING, Checkpoint
from operational.audit.checks import Method
from operational.audit.keys import Signer
from operational.audit.leaf import Frame, canonical, leaf, length_prefixed, plain
from operational.audit.rows import Finding
from operational.audit.tags import Tag
from operational.audit.verify import THE_METHOD, Log, Report, verify

DAWN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SIGNER = Signer.generate()


@dataclass(frozen=True)
class SealedLog:
    """What a database and the outside hold; an attack changes a copy of it."""

    events: list[dict[str, Any]]
    checkpoints: list[Checkpoint]
    outside: list[Checkpoint] | None
    frame: Frame = length_prefixed

    def but(self, **changed: Any) -> "SealedLog":
        return replace(self, **changed)

    def row(self, seq: int, **changed: Any) -> dict[str, Any]:
        """The row with these fields changed and its leaf made to match."""
        event = self.events[seq - 1] | changed
        return event | {"leaf": leaf(event, self.frame).hex()}

    def with_row(self, event: dict[str, Any]) -> "SealedLog":
        events = list(self.events)
        events[event["seq"] - 1] = event
        return self.but(events=events)

    def batch_of(self, seq: int) -> int:
        """The index of the checkpoint over a row."""
        return next(n for n, found in enumerate(self.checkpoints) if found.last_seq >= seq)

    def verify(self, method: Method = THE_METHOD) -> Report:
        log = Log(lines(self.events), [found.to_line().encode() for found in self.checkpoints])
        outside = self.outside and [found.to_line().encode() for found in self.outside]
        return verify(log, SIGNER.public, outside, method)


def lines(events: list[dict[str, Any]]) -> list[bytes]:
    return [canonical(event).encode() for event in events]


def a_log(
    rows: int = 200, *, batch: int = 10, seed: int = 0, frame: Frame = length_prefixed
) -> SealedLog:
    """A clean log whose newest checkpoint is also outside."""
    dice = Random(seed)
    events = []
    for seq in range(1, rows + 1):
        event = plain(_event(dice, seq))
        events.append(event | {"seq": seq, "leaf": leaf(event, frame).hex()})
    checkpoints = sealed(events, batch=batch)
    return SealedLog(events, checkpoints, checkpoints, frame)


def sealed(
    events: list[dict[str, Any]], *, batch: int = 10, signer: Signer = SIGNER
) -> list[Checkpoint]:
    """The chain of checkpoints over rows numbered from 1."""
    checkpoints: list[Checkpoint] = []
    for start in range(0, len(events), batch):
        part = events[start : start + batch]
        checkpoint = Checkpoint(
            first_seq=start + 1,
            last_seq=start + len(part),
            root=root(part),
            previous=checkpoints[-1].digest() if checkpoints else NOTHING,
            signed_at=DAWN + timedelta(seconds=start),
            key_id=signer.key_id,
        )
        checkpoints.append(checkpoint.signed_by(signer))
    return checkpoints


def root(events: list[dict[str, Any]]) -> bytes:
    return merkle.root([bytes.fromhex(event["leaf"]) for event in events])


def covers(finding: Finding, seq: int) -> bool:
    if finding.first_seq is None or finding.last_seq is None:
        return False
    return finding.first_seq <= seq <= finding.last_seq


def _event(dice: Random, seq: int) -> dict[str, Any]:
    tag = dice.choice(list(Tag))
    return {
        "id": UUID(int=dice.getrandbits(128)),
        "at": DAWN + timedelta(microseconds=seq * 777_777),
        "actor_id": dice.choice(["system:worker", str(UUID(int=dice.getrandbits(128)))]),
        "actor_name": dice.choice(["ann", "Zoë Ó Briain", "王芳", None]),
        "role": dice.choice(["admin", "compliance", "finance+support", "client"]),
        "session_id": dice.choice([None, UUID(int=dice.getrandbits(128))]),
        "ip": dice.choice([None, "203.0.113.7", "2001:db8::7"]),
        "verb": tag.value,
        "subject_kind": tag.subject_kind,
        "subject_id": dice.choice([None, "", "W-7K3MQ0TR", "MT5|live|10023"]),
        "reason": dice.choice([None, "", 'says "no"', "line\nline", "a\\b/c\u2028"]),
        "before": dice.choice([None, {}, {"status": "open", "amount": "10.50"}]),
        "after": dice.choice(
            [None, [], {"status": "done", "n": 10**20, "deep": {"b": 1, "a": [True]}}]
        ),
        "rule_version": dice.choice([None, "kyc@3"]),
        "decision_id": dice.choice([None, UUID(int=dice.getrandbits(128))]),
        "evidence_id": dice.choice([None, UUID(int=dice.getrandbits(128))]),
        "request_id": dice.choice([None, f"{dice.getrandbits(64):x}"]),
        "pii_commitment": dice.choice([None, f"{dice.getrandbits(256):064x}"]),
    }
