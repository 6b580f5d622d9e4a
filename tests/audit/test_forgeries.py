"""A1: whatever is done to a sealed log is found, at the right place; an honest log raises no alarm."""

import pytest

from operational.audit.checkpoint import Checkpoint
from operational.audit.checks import Batch, Trust, rows_are_unaltered
from operational.audit.leaf import length_prefixed
from operational.audit.rows import Row
from operational.audit.verify import Log, verify
from tests.audit import attacks, mutations
from tests.audit.logs import SIGNER, SealedLog, a_log, covers, lines


@pytest.fixture(scope="module")
def log() -> SealedLog:
    return a_log()


@pytest.mark.parametrize("family", attacks.FAMILIES, ids=lambda family: family.__name__)
def test_every_forgery_is_found_at_its_place(log, family):
    missed = [
        attack.name
        for attack in family(log)
        if not any(covers(finding, attack.seq) for finding in attack.log.verify().findings)
    ]

    assert missed == []


@pytest.mark.parametrize("seed", range(10))
def test_an_honest_log_raises_no_alarm(seed):
    report = a_log(200 + seed, batch=7 + seed, seed=seed).verify()

    assert report.findings == []
    assert report.notes == []


def test_a_changed_field_is_found_at_its_row_and_nowhere_else(log):
    for attack in attacks.a_field_is_changed(log):
        assert [finding.first_seq for finding in attack.log.verify().findings] == [attack.seq]


def test_no_byte_of_any_row_can_be_flipped_unseen(log):
    unseen = [
        (seq, place)
        for seq, line in enumerate(lines(log.events), start=1)
        for place in range(len(line))
        if not _is_seen(log.checkpoints[0], seq, flipped(line, place))
    ]

    assert unseen == []


def test_no_byte_of_any_checkpoint_can_be_flipped_unseen():
    log = a_log(3, batch=1)
    signed = [found.to_line().encode() for found in log.checkpoints]

    for outside in (None, signed):
        for n, line in enumerate(signed):
            for place in range(len(line)):
                forged = [*signed[:n], flipped(line, place), *signed[n + 1 :]]
                assert verify(Log(lines(log.events), forged), SIGNER.public, outside).findings


def test_no_byte_kept_outside_can_be_flipped_unseen():
    log = a_log(3, batch=1)
    signed = [found.to_line().encode() for found in log.checkpoints]

    for n, line in enumerate(signed):
        for place in range(len(line)):
            forged = [*signed[:n], flipped(line, place), *signed[n + 1 :]]
            assert verify(Log(lines(log.events), signed), SIGNER.public, forged).findings


@pytest.mark.parametrize("name", mutations.NAMED)
def test_a_verifier_with_a_planted_bug_lets_its_forgery_through(name):
    mutation = mutations.NAMED[name]
    log = a_log(frame=mutation.method.frame)

    assert log.verify(mutation.method).is_clean
    assert all(attack.log.verify(mutation.method).is_clean for attack in mutation.lets_through(log))


def test_a_log_without_outside_checkpoints_says_what_cannot_be_seen(log):
    report = log.but(outside=None).verify()

    assert report.is_clean
    assert report.notes == ["No checkpoints from outside were given: a cut tail cannot be seen."]


def test_a_finding_is_a_sentence_that_names_the_row(log):
    event = log.events[57]
    who = event["actor_name"] or event["actor_id"]

    report = log.with_row(event | {"reason": "mine"}).verify()

    name = f"Row 58 ({event['verb']} by {who} at {event['at']})"
    assert report.lines() == [
        f"{name} was altered: its fields do not give its leaf.",
        "Audit log NOT intact: 1 finding in 200 rows.",
    ]


def test_a_log_of_rubbish_is_refused_and_not_believed():
    deep = b"[" * 100_000
    rubbish = [b"", b"null", b"[]", b"{}", b"\xff", deep, b'{"seq":1,"leaf":"zz"}']

    report = verify(Log(rubbish, rubbish), SIGNER.public, rubbish)

    assert len(report.findings) == 3 * len(rubbish)


def flipped(line: bytes, place: int) -> bytes:
    """The line with one bit of one byte turned, each bit in its turn."""
    return line[:place] + bytes([line[place] ^ 1 << place % 8]) + line[place + 1 :]


def _is_seen(checkpoint: Checkpoint, seq: int, line: bytes) -> bool:
    """Is the line unreadable, out of its place, or altered? The verifier's own steps for one row."""
    try:
        row = Row.from_line(line)
    except ValueError:
        return True
    batch = Batch(checkpoint, None, [row], [])
    return row.seq != seq or any(rows_are_unaltered(batch, Trust({}, length_prefixed)))
