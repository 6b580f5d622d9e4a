"""The ledger's verbs: one SQL call each, because a lock held over the network is a lock held long."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from operational.kit.actor import Actor
from operational.kit.errors import DomainError
from operational.kit.money import Money
from operational.ledger import errors

_OPEN = text("select ledger.open_account(:code, :kind, :currency, :owner, :is_cached, :floor)")
_POST = text(
    "select ledger.post(:op_key, :kind, :effective_at, :actor, :accounts, :amounts, :currencies,"
    " cast(:meta as jsonb), :settles)"
)
_REVERSE = text(
    "select ledger.reverse(:journal, :op_key, :kind, :effective_at, :actor, cast(:meta as jsonb))"
)
_HOLD = text("select ledger.hold(:op_key, :account, :amount)")
_VOID = text("select ledger.void_hold(:op_key)")


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of a journal: what `account_id` is credited with; a debit is negative."""

    account_id: int
    money: Money


def client_wallet(session: Session, client_id: UUID, currency: str) -> int:
    """The client's wallet in one currency, opened when first asked for. It never goes below zero."""
    return _open(
        session, f"wallet:{client_id}:{currency}", "liability", currency, client_id, floor=0
    )


def control_account(session: Session, name: str, kind: str, currency: str) -> int:
    """One of the house's own accounts, such as `psp:stripe`: neither cached nor locked."""
    return _open(session, f"{name}:{currency}", kind, currency, None, floor=None, is_cached=False)


def post(
    session: Session,
    op_key: str,
    *,
    kind: str,
    legs: Sequence[Leg],
    effective_at: datetime,
    actor: Actor,
    meta: dict[str, Any] | None = None,
    settles: str | None = None,
) -> int:
    """Post one journal and return its id. The same key with the same legs is answered, not repeated.

    Args:
        session: an open transaction.
        op_key: the operation's own name, unique for ever.
        kind: what happened, such as `deposit`.
        legs: two or more, one per account, summing to zero per currency.
        effective_at: when it counts; when it was recorded is the database's to say.
        actor: who caused it.
        meta: what a person would want to know, kept as JSON.
        settles: the key of a hold that one of the legs takes its money from, or less; what is
            left of it is free again.

    Raises:
        Unbalanced, InsufficientFunds, OperationDiffers, HoldEnded, HoldExceeded, LedgerBusy.
    """
    with _refusals(session):
        journal: int = session.scalar(
            _POST,
            {
                "op_key": op_key,
                "kind": kind,
                "effective_at": effective_at,
                "actor": actor.id,
                "accounts": [leg.account_id for leg in legs],
                "amounts": [leg.money.minor for leg in legs],
                "currencies": [leg.money.currency for leg in legs],
                "meta": json.dumps(meta or {}),
                "settles": settles,
            },
        )
    return journal


def reverse(
    session: Session,
    journal_id: int,
    op_key: str,
    *,
    kind: str,
    effective_at: datetime,
    actor: Actor,
) -> int:
    """Post the mirror image of a journal; at most once per journal.

    Raises:
        AlreadyReversed, InsufficientFunds, LedgerBusy.
    """
    with _refusals(session):
        journal: int = session.scalar(
            _REVERSE,
            {
                "journal": journal_id,
                "op_key": op_key,
                "kind": kind,
                "effective_at": effective_at,
                "actor": actor.id,
                "meta": "{}",
            },
        )
    return journal


def hold(session: Session, op_key: str, account_id: int, amount: Money) -> None:
    """Set money aside. It is settled by a `post(settles=op_key)` or freed by `void_hold`.

    Raises:
        InsufficientFunds: less than that is available.
    """
    with _refusals(session):
        session.execute(_HOLD, {"op_key": op_key, "account": account_id, "amount": amount.minor})


def void_hold(session: Session, op_key: str) -> None:
    """Free what was held.

    Raises:
        HoldEnded: it was settled or voided before.
    """
    with _refusals(session):
        session.execute(_VOID, {"op_key": op_key})


def _open(
    session: Session,
    code: str,
    kind: str,
    currency: str,
    owner: UUID | None,
    *,
    floor: int | None,
    is_cached: bool = True,
) -> int:
    account: int = session.scalar(
        _OPEN,
        {
            "code": code,
            "kind": kind,
            "currency": currency,
            "owner": owner,
            "is_cached": is_cached,
            "floor": floor,
        },
    )
    return account


# Which of our refusals a database error is: by constraint where there is one, else by SQLSTATE.
_BY_CONSTRAINT: dict[str, type[DomainError]] = {
    "ck_balance_floor": errors.InsufficientFunds,
    "uq_journal_reverses": errors.AlreadyReversed,
    "hold_is_held": errors.HoldEnded,
    "hold_covers": errors.HoldExceeded,
    "uq_entry_journal_id_account_id": errors.Unbalanced,
}
_BY_SQLSTATE: dict[str, type[DomainError]] = {
    "23514": errors.Unbalanced,
    "23505": errors.OperationDiffers,
    "55P03": errors.LedgerBusy,
}


@contextmanager
def _refusals(session: Session) -> Iterator[None]:
    """Run inside a savepoint, so that a refusal leaves the caller's transaction usable."""
    try:
        with session.begin_nested():
            yield
    except DBAPIError as error:
        _refuse(error)


def _refuse(error: DBAPIError) -> NoReturn:
    diagnostics = getattr(error.orig, "diag", None)
    constraint = getattr(diagnostics, "constraint_name", None) or ""
    sqlstate = getattr(error.orig, "sqlstate", None) or ""
    refusal = _BY_CONSTRAINT.get(constraint) or _BY_SQLSTATE.get(sqlstate)
    if refusal is None:
        raise error
    raise refusal(getattr(diagnostics, "message_primary", None) or str(error)) from error
