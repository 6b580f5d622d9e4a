"""Payments: the list, and what providers told of one."""

from typing import Annotated

from fastapi import Query, Request, Response

from api.deps import SessionDep, needs
from api.web.door import Pages
from api.web.listing import listed
from api.web.shell import page
from operational.access.matrix import Permission
from operational.clients import queries as clients
from operational.payments import queries
from operational.payments.errors import PaymentNotFound
from operational.payments.states import PaymentStatus

router = Pages("/staff/payments")

PAYMENTS = needs(Permission.PAYMENTS_READ)


@router.get("", dependencies=[PAYMENTS])
def payment_list(
    request: Request,
    session: SessionDep,
    status: PaymentStatus | None = None,
    text: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    wanted = queries.matching(text, status)
    found = listed(request, session, wanted, by="requested_at")
    return page(
        request,
        "staff/payments.html",
        payments=found,
        wanted=status,
        text=text,
        counts=queries.counts(session),
        statuses=list(PaymentStatus),
        clients={
            client.id: client
            for client in session.scalars(clients.by_ids({p.client_id for p in found.rows}))
        },
    )


@router.get("/{reference}", dependencies=[PAYMENTS])
def payment(request: Request, reference: str, session: SessionDep) -> Response:
    found = session.scalar(queries.by_reference(reference))
    if found is None:
        raise PaymentNotFound(f"There is no payment {reference}.")
    return page(
        request,
        "staff/payment.html",
        payment=found,
        client=clients.get(session, found.client_id),
        events=session.scalars(queries.events_of(found.id)).all(),
    )
