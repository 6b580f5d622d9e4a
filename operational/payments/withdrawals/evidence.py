"""What there is to a stopped withdrawal or payout besides its reasons: where the money would go."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from operational.kit.money import Money
from operational.payments.models import Payment
from operational.payments.withdrawals import queries
from operational.payments.withdrawals.models import Destination, Payout, Withdrawal
from operational.review.models import Case
from operational.rules import queries as rule_queries

EARLIER_SHOWN_MAX = 10

Part = dict[str, Any]


def about(session: Session, case: Case) -> Part:
    """The withdrawal with its payouts and votes, and what the client asked for before."""
    if case.kind == "payout":
        payout = session.get_one(Payout, case.subject_id)
        return {"payouts": [_payout(session, payout)]}
    withdrawal = session.get_one(Withdrawal, case.subject_id)
    earlier = session.scalars(queries.of_client(case.client_id, EARLIER_SHOWN_MAX + 1))
    return {
        "withdrawal": _withdrawal(withdrawal),
        "payouts": [
            _payout(session, payout)
            for payout in session.scalars(queries.payouts_of(withdrawal.id))
        ],
        "votes": _votes(session, withdrawal),
        "votes_needed": votes_needed(session, withdrawal),
        "earlier": [_withdrawal(one) for one in earlier if one.id != withdrawal.id],
    }


def votes_needed(session: Session, withdrawal: Withdrawal) -> int:
    """How many people must let it go: what else was asked for within a day of it counts, too."""
    decision = rule_queries.get(session, withdrawal.decision_id)
    around = queries.asked_around(session, withdrawal)
    is_large = around > decision.outcome["two_persons_above_usd"]
    return max(withdrawal.votes_needed, 2 if is_large else 1)


def _withdrawal(withdrawal: Withdrawal) -> Part:
    return {
        "reference": withdrawal.reference,
        "amount": str(Money(withdrawal.amount_minor, withdrawal.currency)),
        "amount_usd": withdrawal.amount_usd,
        "status": withdrawal.status,
        "ip": withdrawal.ip,
        "requested_at": withdrawal.requested_at,
    }


def _payout(session: Session, payout: Payout) -> Part:
    deposit = session.get(Payment, payout.payment_id) if payout.payment_id else None
    target = session.get(Destination, payout.destination_id) if payout.destination_id else None
    return {
        "reference": payout.reference,
        "amount": str(Money(payout.amount_minor, payout.currency)),
        "status": payout.status,
        "psp": payout.psp,
        "method": payout.method,
        "deposit": deposit
        and {
            "reference": deposit.reference,
            "amount": str(Money(deposit.arrived_minor or deposit.amount_minor, deposit.currency)),
            "succeeded_at": deposit.succeeded_at,
        },
        "destination": target
        and {
            "label": target.label,
            "holder_name": target.holder_name,
            "holder_match_percent": target.holder_match_percent,
            "added_at": target.added_at,
            "usable_from": target.usable_from,
        },
    }


def _votes(session: Session, withdrawal: Withdrawal) -> Sequence[Part]:
    return [
        {"by": vote.voter_name, "verdict": vote.verdict, "note": vote.note, "at": vote.voted_at}
        for vote in session.scalars(queries.votes_of(withdrawal.id))
    ]
