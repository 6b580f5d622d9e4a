"""Payments: the list, and what providers told of one."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import Form, Query, Request, Response

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.schemas.adjustments import VerdictForm
from api.schemas.money import AgreeForm
from api.schemas.refunds import RefundForm, RefundOut
from api.web import words
from api.web.door import Pages
from api.web.listing import listed
from api.web.shell import page, see_other
from operational.access.matrix import Permission, permissions
from operational.access.queries import approvals_of
from operational.clients import queries as clients
from operational.payments import agreeing, queries, refunds
from operational.payments.errors import PaymentNotFound
from operational.payments.psp.connect import PROVIDERS
from operational.payments.states import Method, PaymentStatus
from operational.payments.story import story as told

router = Pages("/staff/payments")

PAYMENTS = needs(Permission.PAYMENTS_READ)

STORY_PATHS: dict[str, tuple[Permission, str]] = {
    "decision": (Permission.RULES_READ, "/staff/rules/decisions/"),
    "wallet": (Permission.LEDGER_READ, "/staff/ledger/"),
    "message": (Permission.MESSAGES_READ, "/staff/messages#m"),
    "payment": (Permission.PAYMENTS_READ, "/staff/payments/"),
    "dispute": (Permission.DISPUTES_READ, "/staff/disputes/"),
}
"""Where each kind of `story.Opens` is, and what it takes to go there."""


@router.get("", dependencies=[PAYMENTS])
def payment_list(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    *,
    status: str = "",
    text: Annotated[str, Query(max_length=200)] = "",
    psp: str = "",
    method: str = "",
    amount: str = "",
    since: str = "",
    until: str = "",
) -> Response:
    """Found by any of these together; a field left empty, or with nonsense in it, asks nothing."""
    sees_clients = Permission.CLIENTS_READ in permissions(actor.roles)
    is_name = bool(text.strip()) and sees_clients
    wanted = queries.Sought(
        text,
        client_ids=clients.ids_matching(text) if is_name else None,
        status=status if status in set(PaymentStatus) else None,
        psp=psp,
        method=method,
        amount=_amount(amount),
        since=_day(since),
        until=_day(until),
    )
    found = listed(request, session, queries.matching(wanted), by="requested_at")
    return page(
        request,
        "staff/payments.html",
        payments=found,
        sought={
            "text": text, "status": status, "psp": psp, "method": method,
            "amount": amount, "since": since, "until": until,
        },
        counts=queries.counts(session),
        statuses=[(one.value, words.word(one.value)) for one in PaymentStatus],
        psps=[(name, one.title) for name, one in PROVIDERS.items()],
        methods=[(one.value, words.word(one.value)) for one in Method],
        clients={
            client.id: client
            for client in session.scalars(clients.by_ids({p.client_id for p in found.rows}))
        },
    )  # fmt: skip


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _amount(text: str) -> Decimal | None:
    """At most eighteen digits, as amounts have; what is none is no condition."""
    plain = text.replace(",", "").strip()
    return Decimal(plain) if re.fullmatch(r"\d{1,10}(\.\d{1,8})?", plain) else None


@router.get("/{reference}", dependencies=[PAYMENTS])
def payment(request: Request, reference: str, session: SessionDep, actor: ActorDep) -> Response:
    """One payment, with its whole story."""
    found = session.scalar(queries.by_reference(reference))
    if found is None:
        raise PaymentNotFound(f"There is no payment {reference}.")
    return page(
        request,
        "staff/payment.html",
        payment=found,
        client=clients.get(session, found.client_id),
        story=told(session, found, permissions(actor.roles)),
        paths=STORY_PATHS,
        refunds=[
            RefundOut.of(one) for one in session.scalars(approvals_of(refunds.KIND, found.id))
        ],
    )


@router.post("/{reference}/agree", dependencies=[needs(Permission.MESSAGES_REPLAY)])
def agree(
    reference: str,
    form: Annotated[AgreeForm, Form()],
    *,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    agreeing.agree(session, reference, form.money, reason=form.reason, actor=actor, now=now)
    return see_other(f"/staff/payments/{reference}", "piece_agreed")


@router.post("/{reference}/refunds", dependencies=[needs(Permission.REFUNDS_ASK)])
def ask_refund(
    reference: str,
    form: Annotated[RefundForm, Form()],
    *,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    """Ask for the deposit to be given back; another person must agree."""
    refunds.ask(session, reference, form.money, reason=form.reason, actor=actor, now=now)
    return see_other(f"/staff/payments/{reference}", "asked")


@router.post("/refunds/{approval_id}", dependencies=[needs(Permission.REFUNDS_APPROVE)])
def decide_refund(
    approval_id: UUID,
    form: Annotated[VerdictForm, Form()],
    *,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    """Agree or refuse as the second person."""
    is_agreed = form.verdict == "agree"
    decided = refunds.decide(
        session, approval_id, agree=is_agreed, shown=form.shown, actor=actor, now=now
    )
    path = f"/staff/payments/{decided.payload['payment']}"
    return see_other(path, "agreed" if is_agreed else "declined")
