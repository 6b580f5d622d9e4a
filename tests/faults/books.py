"""What must be true of the books when everything has been killed and everything is done."""

import json
from collections import Counter

from tests.faults.crowd import Crowd
from tests.faults.savers import refunds
from tests.faults.stage import Stage

UNBALANCED = """
select count(*) from (
    select 1 from ledger.entry group by journal_id, currency having sum(amount) <> 0
) broken
"""
WRONG_BALANCES = """
select count(*) from ledger.balance b
where posted <> (select coalesce(sum(amount), 0) from ledger.entry e where e.account_id = b.account_id)
   or held <> (select coalesce(sum(amount), 0) from ledger.hold h
               where h.account_id = b.account_id and h.status = 'held')
   or posted < 0
"""


def lost_callbacks(stage: Stage, crowd: Crowd) -> set[str]:
    """Deposits whose callback we said yes to, and whose money is not in the books."""
    posted = {str(key) for (key,) in stage.rows("select op_key from ledger.journal")}
    return {
        one.reference for one in crowd.acknowledged if f"deposit:{one.payment_id}" not in posted
    }


def hollow_answers(stage: Stage, crowd: Crowd) -> set[str]:
    """Answers that say yes, with nothing behind them."""
    payments = {str(ref) for (ref,) in stage.rows("select reference from payments.payment")}
    transfers = {str(ref) for (ref,) in stage.rows("select reference from platforms.transfer")}
    withdrawals = {str(ref) for (ref,) in stage.rows("select reference from payments.withdrawal")}
    promised = {
        json.loads(body)["reference"]
        for told in crowd.answers.values()
        for status, body in told
        if status == 202
    }
    return promised - payments - transfers - withdrawals


def check_money(stage: Stage) -> None:
    """M1, M2 and M3 at the end; nothing held; the platform booked each transfer once."""
    assert stage.one(UNBALANCED) == 0
    assert stage.one(WRONG_BALANCES) == 0
    assert stage.one("select count(*) from ledger.hold where status = 'held'") == 0
    done = stage.rows("select reference from platforms.transfer where status = 'done'")
    booked = stage.platform_deals()
    assert booked == {str(reference): 1 for (reference,) in done}


def check_callbacks(stage: Stage, crowd: Crowd) -> None:
    """Every callback we said yes to is in the inbox, done, and in the books once."""
    assert lost_callbacks(stage, crowd) == set()
    inbox = dict(stage.rows("select external_id, status from messaging.inbox"))
    assert set(inbox.values()) <= {"done"}
    assert {f"evt_{one.reference}" for one in crowd.acknowledged} <= set(inbox)
    # The journal's key is unique for ever; so twice can only mean another key or other legs.
    twice = "select count(*) from ledger.journal where kind = 'deposit'"
    assert stage.one(twice) == len(crowd.acknowledged) + len(stage.savers)


def check_returns(stage: Stage, crowd: Crowd) -> None:
    """What was taken back is in the books once, whichever of the two was heard of first."""
    kinds = {"refund.created": "refund", "charge.dispute.created": "chargeback"}
    wanted = {(str(one.payment_id), kinds[kind]) for one, kind in crowd.taken_back.items()}
    posted = stage.rows(
        "select split_part(op_key, ':', 2), kind from ledger.journal"
        " where kind in ('refund', 'chargeback')"
    )
    assert len(posted) == len(wanted)
    assert {(str(payment), str(kind)) for payment, kind in posted} == wanted


def check_answers(stage: Stage, crowd: Crowd) -> None:
    """Every key has one answer, every answer its effect, every effect one answer."""
    assert all(len(told) == 1 for told in crowd.answers.values())
    assert hollow_answers(stage, crowd) == set()
    keys = [key for _, key in crowd.answers]
    known = [one.reference for one in stage.asked] + [one.deposit for one in stage.savers]
    made = "select count(*) from payments.payment where reference not in (%s)"
    before = ", ".join(f"'{one}'" for one in known) or "''"
    assert stage.one(made % before) == sum(key.startswith("deposit") for key in keys)
    refused = {
        body for key, told in crowd.answers.items() if key[1].startswith("refused") for body in told
    }
    assert all(status == 409 and b"insufficient_funds" in body for status, body in refused)
    transfers = stage.one("select count(*) from platforms.transfer")
    assert transfers == sum(key.startswith("transfer") for key in keys)
    withdrawals = stage.one("select count(*) from payments.withdrawal")
    assert withdrawals == sum(key.startswith("withdrawal") for key in keys)
    assert stage.one("select count(*) from messaging.idempotency") == len(keys)


def check_withdrawals(stage: Stage, crowd: Crowd) -> None:
    """What the provider gave back is what left the books, payout by payout; nothing is in doubt."""
    ended = Counter(status for (status,) in stage.rows("select status from payments.withdrawal"))
    assert set(ended) == {"paid", "cancelled"}
    cancelled = stage.rows("select reference from payments.withdrawal where status = 'cancelled'")
    assert {str(reference) for (reference,) in cancelled} == crowd.cancelled

    given = sorted(
        (one["metadata"]["reference"], one["amount"], one["currency"].upper())
        for one in refunds(stage.settings)
    )
    settled = stage.rows(
        "select p.reference, (-e.amount)::bigint, e.currency from payments.payout p"
        " join ledger.journal j on j.op_key = 'payout:' || p.id"
        " join ledger.entry e on e.journal_id = j.id and e.amount < 0"
    )
    assert given == sorted(settled)
    paid = stage.rows("select reference from payments.payout where status = 'paid'")
    assert {reference for reference, _, _ in given} == {reference for (reference,) in paid}
    journals = "select count(*) from ledger.journal where kind like 'payout%'"
    assert stage.one(journals) == len(given)
