"""A person looked at a piece that is too large for the rule, and found that it is the client's."""

from datetime import datetime

from sqlalchemy.orm import Session

from operational.access import service as access
from operational.access.matrix import Permission
from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit.actor import Actor
from operational.kit.errors import InvalidInput
from operational.kit.money import Money
from operational.payments import errors, queries
from operational.payments.models import Payment


def agree(
    session: Session, reference: str, amount: Money, *, reason: str, actor: Actor, now: datetime
) -> Payment:
    """Let a piece of up to this much be credited once its parked callback is replayed.

    Raises:
        Forbidden: without `messages.replay`; it puts right what stopped a message.
        PaymentNotFound.
        InvalidInput: in another currency than the payment's.
    """
    access.require(actor, Permission.MESSAGES_REPLAY)
    payment = queries.locked_by_reference(session, reference)
    if payment is None:
        raise errors.PaymentNotFound(f"There is no payment {reference}.")
    if amount.currency != payment.currency:
        raise InvalidInput(f"{reference} is in {payment.currency}.")

    before, payment.agreed_minor = payment.agreed_minor, amount.minor

    audit.record(
        session,
        Tag.DEPOSIT_AGREE,
        subject=payment.id,
        actor=actor,
        now=now,
        reason=reason,
        before={"agreed_minor": before},
        after={"agreed_minor": amount.minor},
    )
    return payment
