"""An adjustment becomes money in the books: held while it waits, posted when a second person agreed."""

from datetime import datetime

from sqlalchemy.orm import Session

from operational.kit.actor import Actor
from operational.kit.money import Money
from operational.ledger import queries as books
from operational.ledger import service as ledger
from operational.ledger.service import Leg
from operational.payments import booking
from operational.payments.adjustments.errors import NotThatMuchDebt
from operational.payments.adjustments.models import Adjustment
from operational.payments.adjustments.states import HOUSES, ReasonCode


def key(adjustment: Adjustment) -> str:
    """The name of the money held for an adjustment, and of its journal."""
    return f"adjustment:{adjustment.id}"


def hold(session: Session, adjustment: Adjustment) -> None:
    """Keep what is to be taken from being spent.

    Raises:
        InsufficientFunds: it is not there.
        NotThatMuchDebt: less is owed than is to be written off.
    """
    if _is_held(adjustment):
        wallet = ledger.client_wallet(session, adjustment.client_id, adjustment.currency)
        ledger.hold(session, key(adjustment), wallet, -_amount(adjustment))
    elif _is_write_off(adjustment):
        _check_debt(session, adjustment)


def free(session: Session, adjustment: Adjustment) -> None:
    """It will not be taken."""
    if _is_held(adjustment):
        ledger.void_hold(session, key(adjustment))


def post(session: Session, adjustment: Adjustment, *, actor: Actor, now: datetime) -> None:
    """Move the money, or undo the journal of the adjustment this one reverses.

    Raises:
        InsufficientFunds: the wallet no longer has what the reversal takes.
        NotThatMuchDebt: it was paid meanwhile.
        AlreadyReversed.
    """
    if adjustment.reverses_id is not None:
        journal = books.journal_of(session, f"adjustment:{adjustment.reverses_id}")
        assert journal is not None, "only what is posted is reversed"
        ledger.reverse(
            session,
            journal,
            key(adjustment),
            kind="adjustment_reversal",
            effective_at=now,
            actor=actor,
        )
        return
    house = HOUSES[ReasonCode(adjustment.reason_code)]
    ours = ledger.control_account(session, house.name, house.kind, adjustment.currency)
    ledger.post(
        session,
        key(adjustment),
        kind="adjustment",
        legs=[Leg(ours, -_amount(adjustment)), *_client_legs(session, adjustment)],
        effective_at=now,
        actor=actor,
        meta={"adjustment": adjustment.reference, "reason": adjustment.reason_code},
        settles=key(adjustment) if _is_held(adjustment) else None,
    )


def _client_legs(session: Session, adjustment: Adjustment) -> list[Leg]:
    amount = _amount(adjustment)
    if _is_write_off(adjustment):
        _check_debt(session, adjustment)
        debt = ledger.control_account(session, _debt(adjustment), "asset", adjustment.currency)
        return [Leg(debt, amount)]
    if _is_held(adjustment):
        wallet = ledger.client_wallet(session, adjustment.client_id, adjustment.currency)
        return [Leg(wallet, amount)]
    return booking.client_legs(session, adjustment.client_id, amount)


def _check_debt(session: Session, adjustment: Adjustment) -> None:
    """Nobody is forgiven more than they owe; a payment at the same time waits."""
    booking.lock_debt(session, adjustment.client_id)
    owed = -books.control_balance(session, _debt(adjustment), adjustment.currency)
    if owed < _amount(adjustment):
        raise NotThatMuchDebt(f"The client owes {owed}.")


def _is_held(adjustment: Adjustment) -> bool:
    return adjustment.amount_minor < 0 and adjustment.reverses_id is None


def _is_write_off(adjustment: Adjustment) -> bool:
    is_reversal = adjustment.reverses_id is not None
    return adjustment.reason_code == ReasonCode.DEBT_WRITE_OFF and not is_reversal


def _amount(adjustment: Adjustment) -> Money:
    return Money(adjustment.amount_minor, adjustment.currency)


def _debt(adjustment: Adjustment) -> str:
    return booking.debt_name(adjustment.client_id)
