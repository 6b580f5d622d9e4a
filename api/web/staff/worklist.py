"""What waits for a person, kept in one list: a part that makes people wait adds its line here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from api.web.shell import moment, money
from operational.access import queries as access
from operational.access.matrix import Permission
from operational.messaging import queries as messaging
from operational.partners import queries as partners
from operational.payments import health
from operational.payments.adjustments import queries as adjustments
from operational.payments.disputes import queries as disputes
from operational.payments.withdrawals import queries as withdrawals
from operational.platforms import queries as platforms
from operational.reconciliation import queries as reconciliation
from operational.review import queries as review
from operational.rules import queries as rules

P = Permission

SHOWN = 10
"""The oldest of each kind stand on the worklist; the rest is a click away."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that waits, in a line: what, since when, and where it is dealt with."""

    title: str
    since: datetime
    path: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One kind of thing that waits."""

    permission: Permission
    name: str
    path: str
    found: Callable[[], Select[Any]]
    """All of them: one entity, in no order."""
    line: Callable[[Any], Line] | None = None
    """How Finance's worklist shows one; left out, it is not Finance's."""
    since: str = "created_at"
    """The attribute that says since when."""


def _callback(message: Any) -> Line:
    title = f"{message.source}: {message.external_id}"
    return Line(title, message.created_at, f"/staff/messages#m{message.id}", message.error or "")


def _command(message: Any) -> Line:
    title = f"{message.topic} for {message.aggregate}"
    return Line(title, message.created_at, f"/staff/messages#m{message.id}", message.error or "")


def _adjustment(adjustment: Any) -> Line:
    amount = money(adjustment.amount_minor, adjustment.currency)
    path = f"/staff/adjustments/{adjustment.reference}"
    remark = f"{adjustment.agrees.capitalize()} must agree: {adjustment.note}"
    return Line(f"{adjustment.reference}: {amount}", adjustment.asked_at, path, remark)


def _break(item: Any) -> Line:
    title = f"{item.reference}: {money(item.difference_minor, item.currency)}"
    remark = f"{item.kind.replace('_', ' ')} at {item.counterpart}"
    return Line(title, item.due_at, f"/staff/breaks/{item.reference}", remark)


def _report(report: Any) -> Line:
    title = f"{report.day}, version {report.version}"
    return Line(title, report.prepared_at, f"/staff/client-money/{report.id}", report.reason or "")


def _asked_about_break(approval: Any) -> Line:
    asked = approval.payload
    title = f"{asked['break']}: {asked['action'].replace('_', ' ')}"
    return Line(title, approval.created_at, "/staff/breaks/approvals", approval.reason)


def _transfer(transfer: Any) -> Line:
    title = f"{transfer.reference}: {money(transfer.amount_minor, transfer.currency)}"
    path = f"/staff/accounts/{transfer.trading_account_id}"
    return Line(title, transfer.requested_at, path, "The platform did not answer; it is looked up.")


def _refund(approval: Any) -> Line:
    asked = approval.payload
    path = f"/staff/payments/{asked['payment']}"
    title = f"{asked['payment']}: {asked['amount']}"
    return Line(title, approval.created_at, path, approval.reason)


def _dispute(dispute: Any) -> Line:
    amount = money(dispute.amount_minor, dispute.currency)
    remark = f"Answer due {moment(dispute.due_at)}" if dispute.due_at else dispute.reason or ""
    path = f"/staff/disputes/{dispute.reference}"
    return Line(f"{dispute.reference}: {amount}", dispute.opened_at, path, remark)


def _withdrawal(withdrawal: Any) -> Line:
    amount = money(withdrawal.amount_minor, withdrawal.currency)
    path = f"/staff/withdrawals/{withdrawal.reference}"
    return Line(f"Withdrawal {withdrawal.reference} of {amount}", withdrawal.requested_at, path)


def _destination(destination: Any) -> Line:
    title = f"{destination.label}, held by {destination.holder_name}"
    return Line(title, destination.added_at, "/staff/destinations?status=pending")


def _switch(switch: Any) -> Line:
    what = switch.psp if switch.method == health.ANY else f"{switch.psp}, {switch.method}"
    return Line(f"{what} is switched off", switch.off_at, "/staff/psps", switch.reason)


def _breaker(breaker: Any) -> Line:
    title = f"{breaker.psp}, {breaker.method}: breaker {breaker.state.replace('_', ' ')}"
    return Line(title, breaker.since, f"/staff/psps#{breaker.psp}")


WAITING: tuple[Waiting, ...] = (
    Waiting(P.REVIEW_READ, "Cases for review", "/staff/review", review.open_cases),
    Waiting(
        P.WITHDRAWALS_DECIDE,
        "Withdrawals in review",
        "/staff/withdrawals?status=review",
        partial(withdrawals.matching, status="review"),
        _withdrawal,
        since="requested_at",
    ),
    Waiting(
        P.DESTINATIONS_APPROVE,
        "Destinations to approve",
        "/staff/destinations?status=pending",
        partial(withdrawals.destinations, "pending"),
        _destination,
        since="added_at",
    ),
    Waiting(
        P.MESSAGES_READ,
        "Parked callbacks",
        "/staff/messages",
        messaging.parked_callbacks,
        _callback,
    ),
    Waiting(
        P.MESSAGES_READ,
        "Parked commands",
        "/staff/messages",
        messaging.parked_commands,
        _command,
    ),
    Waiting(
        P.PLATFORMS_READ,
        "Transfers in doubt",
        "/staff/accounts",
        platforms.transfers_in_doubt,
        _transfer,
        "requested_at",
    ),
    Waiting(
        P.REFUNDS_APPROVE,
        "Refunds to agree to",
        "/staff/finance",
        partial(access.waiting_approvals, "refund"),
        _refund,
    ),
    Waiting(
        P.DISPUTES_ANSWER,
        "Disputes to answer",
        "/staff/disputes",
        disputes.unanswered,
        _dispute,
        "opened_at",
    ),
    Waiting(
        P.ADJUSTMENTS_APPROVE,
        "Adjustments to agree to",
        "/staff/adjustments?status=waiting",
        adjustments.waiting,
        _adjustment,
        "asked_at",
    ),
    Waiting(
        P.PAYMENTS_READ,
        "PSPs switched off",
        "/staff/psps",
        health.switches_off,
        _switch,
        "off_at",
    ),
    Waiting(
        P.PAYMENTS_READ,
        "Breakers not closed",
        "/staff/psps",
        health.breakers_open,
        _breaker,
        "since",
    ),
    Waiting(
        P.PLATFORMS_READ, "Accounts in contradiction", "/staff/accounts", platforms.contradictions
    ),
    Waiting(
        P.RECONCILIATION_READ,
        "Breaks of nobody",
        "/staff/breaks?owner=nobody",
        reconciliation.unowned,
        _break,
        "due_at",
    ),
    Waiting(
        P.RECONCILIATION_AGREE,
        "Breaks to agree on",
        "/staff/breaks/approvals",
        partial(access.waiting_approvals, "break"),
        _asked_about_break,
    ),
    Waiting(
        P.RECONCILIATION_SIGN,
        "Client-money reports to sign",
        "/staff/client-money",
        reconciliation.to_sign,
        _report,
        "day",
    ),
    Waiting(P.RULES_PUBLISH, "Rule drafts", "/staff/rules", rules.drafts),
    Waiting(P.PARTNERS_PUBLISH_PLAN, "Plan drafts", "/staff/plans", partners.plan_drafts),
    Waiting(P.USERS_READ, "Approvals", "/staff/users", access.waiting_approvals),
)
"""Who may see it, and where. What a reader's permissions do not allow is not counted for them."""


def counts(session: Session, held: frozenset[Permission]) -> list[tuple[Waiting, int]]:
    """How many of each kind wait for somebody with these permissions."""
    return [
        (waiting, session.scalar(select(func.count()).select_from(waiting.found().subquery())) or 0)
        for waiting in WAITING
        if waiting.permission in held
    ]


def oldest(session: Session, waiting: Waiting) -> list[Line]:
    """The lines of those that wait longest."""
    assert waiting.line
    found = waiting.found()
    entity = found.column_descriptions[0]["entity"]
    first = found.order_by(None).order_by(getattr(entity, waiting.since)).limit(SHOWN)
    return [waiting.line(row) for row in session.scalars(first)]
