"""A client's own withdrawals and destinations as JSON."""

from typing import Any
from uuid import UUID

from fastapi import Response
from sqlalchemy.orm import Session

from api.deps import ActorDep, HubDep, NowDep, SessionDep, needs
from api.door import Doors
from api.me import MeDep
from api.once import KeyDep, OnceDep
from api.schemas.withdrawals import (
    AvailableOut,
    DestinationForm,
    DestinationOut,
    WithdrawalForm,
    WithdrawalOut,
)
from operational.access.matrix import Permission
from operational.ledger import queries as ledger
from operational.payments.withdrawals import destinations, queries, service

router = Doors("/api/me", tag="me")

WITHDRAW = needs(Permission.PAYMENTS_WITHDRAW)


def told(session: Session, withdrawal: Any) -> WithdrawalOut:
    """A withdrawal in words for its client."""
    return WithdrawalOut.of(withdrawal, queries.legs_of(session, withdrawal.id))


@router.get("/withdrawable", dependencies=[WITHDRAW])
def withdrawable(session: SessionDep, me: MeDep) -> list[AvailableOut]:
    """What may be taken out of each wallet now."""
    return [
        AvailableOut.of(service.available(session, me.id, currency))
        for currency, _, _ in session.execute(ledger.wallets(me.id))
    ]


@router.get("/withdrawals", dependencies=[WITHDRAW])
def withdrawals(session: SessionDep, me: MeDep) -> list[WithdrawalOut]:
    own_ones = session.scalars(queries.of_client(me.id)).all()
    legs = queries.legs_by_withdrawal(session, [one.id for one in own_ones])
    return [WithdrawalOut.of(one, legs[one.id]) for one in own_ones]


@router.post("/withdrawals", status_code=202, response_model=WithdrawalOut, dependencies=[WITHDRAW])
def request_withdrawal(
    form: WithdrawalForm,
    key: KeyDep,
    *,
    session: SessionDep,
    actor: ActorDep,
    me: MeDep,
    once: OnceDep,
    now: NowDep,
) -> Response:
    """Ask for money; it is held at once. `status` says whether it goes, waits for a person, or not."""

    def work() -> WithdrawalOut:
        found = service.request_withdrawal(
            session, me.id, form.money, destination_id=form.destination_id, actor=actor, now=now
        )
        return told(session, found)

    return once.answer(key, 202, work)


@router.get("/withdrawals/{reference}", dependencies=[WITHDRAW])
def withdrawal(reference: str, session: SessionDep, me: MeDep) -> WithdrawalOut:
    return told(session, queries.own(session, me.id, reference))


@router.post("/withdrawals/{withdrawal}/cancel", dependencies=[WITHDRAW])
def cancel(
    withdrawal: str, session: SessionDep, actor: ActorDep, me: MeDep, now: NowDep
) -> WithdrawalOut:
    """Take it back while it waits for a person."""
    found = queries.own(session, me.id, withdrawal)
    return told(session, service.cancel(session, found.id, actor=actor, now=now))


@router.get("/destinations", dependencies=[WITHDRAW])
def own_destinations(session: SessionDep, me: MeDep) -> list[DestinationOut]:
    found = session.scalars(queries.destinations_of(me.id))
    return [DestinationOut.model_validate(one) for one in found]


@router.post("/destinations", status_code=201, dependencies=[WITHDRAW])
def add_destination(
    form: DestinationForm,
    *,
    session: SessionDep,
    actor: ActorDep,
    me: MeDep,
    hub: HubDep,
    now: NowDep,
) -> DestinationOut:
    """Name an account of one's own; a person looks at it, and a day later it can be used."""
    added = destinations.add(
        session,
        me.id,
        method=form.method,
        details=form.details,
        holder_name=form.holder_name,
        key=hub.key,
        actor=actor,
        now=now,
    )
    return DestinationOut.model_validate(added)


@router.post("/destinations/{destination_id}/remove", dependencies=[WITHDRAW])
def remove_destination(
    destination_id: UUID, session: SessionDep, actor: ActorDep, me: MeDep, now: NowDep
) -> DestinationOut:
    removed = destinations.remove(session, me.id, destination_id, actor=actor, now=now)
    return DestinationOut.model_validate(removed)
