"""The Trader's Room: money out of the wallet, and where it may go."""

from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response

from api.deps import ActorDep, HubDep, NowDep, SessionDep, needs
from api.me import MeDep
from api.once import OnceDep
from api.schemas.withdrawals import DestinationForm, WithdrawalPageForm
from api.web.door import Pages
from api.web.shell import money, page, see_other
from api.web.words import word
from operational.access.matrix import Permission
from operational.ledger import queries as ledger
from operational.payments.states import Network
from operational.payments.withdrawals import destinations, queries, service, words
from operational.payments.withdrawals.states import OPEN, WithdrawalStatus
from operational.platforms import queries as platforms

router = Pages("/room")

WITHDRAW = needs(Permission.PAYMENTS_WITHDRAW)


@router.get("/withdraw", dependencies=[WITHDRAW])
def withdraw(request: Request, session: SessionDep, me: MeDep, now: NowDep) -> Response:
    wallets = [
        service.available(session, me.id, currency)
        for currency, _, _ in session.execute(ledger.wallets(me.id))
    ]
    own_ones = session.scalars(queries.of_client(me.id)).all()
    legs = queries.legs_by_withdrawal(session, [one.id for one in own_ones])
    usable = session.scalars(queries.usable_destinations(me.id, now)).all()
    return page(
        request,
        "room_withdraw.html",
        client=me,
        wallets=wallets,
        accounts=[
            account
            for account in session.scalars(platforms.of_client(me.id))
            if account.observed_balance_minor
        ],
        places=[
            ("", "Nowhere: only back to where I paid from"),
            *((str(one.id), one.label) for one in usable),
        ],
        withdrawals=own_ones,
        told={one.id: words.sentence(one, legs[one.id]) for one in own_ones},
        moving=any(one.status == WithdrawalStatus.APPROVED for one in own_ones),
    )


@router.post("/withdraw", dependencies=[WITHDRAW])
def request_withdrawal(
    form: Annotated[WithdrawalPageForm, Form()],
    *,
    session: SessionDep,
    actor: ActorDep,
    me: MeDep,
    once: OnceDep,
    now: NowDep,
) -> Response:
    def work() -> str:
        found = service.request_withdrawal(
            session, me.id, form.money, destination_id=form.target, actor=actor, now=now
        )
        return f"/room/withdrawals/{found.reference}"

    return once.page(form.once, work)


@router.get("/withdrawals/{reference}", dependencies=[WITHDRAW])
def withdrawal(request: Request, reference: str, session: SessionDep, me: MeDep) -> Response:
    """One withdrawal: where it is, where its parts go, and what became of each."""
    found = queries.own(session, me.id, reference)
    legs = queries.legs_of(session, found.id)
    return page(
        request,
        "room_withdrawal.html",
        withdrawal=found,
        told=words.sentence(found, legs),
        legs=[
            (money(leg.amount_minor, leg.currency), leg, words.payout_sentence(leg)) for leg in legs
        ],
        moving=found.status in OPEN,
    )


@router.post("/withdrawals/{withdrawal}/cancel", dependencies=[WITHDRAW])
def cancel(
    withdrawal: str, session: SessionDep, actor: ActorDep, me: MeDep, now: NowDep
) -> Response:
    found = queries.own(session, me.id, withdrawal)
    service.cancel(session, found.id, actor=actor, now=now)
    return see_other(f"/room/withdrawals/{withdrawal}", "withdrawal_cancelled")


@router.get("/destinations", dependencies=[WITHDRAW])
def own_destinations(request: Request, session: SessionDep, me: MeDep, now: NowDep) -> Response:
    return page(
        request,
        "room_destinations.html",
        client=me,
        destinations=session.scalars(queries.destinations_of(me.id)).all(),
        networks={network.value: word(network) for network in Network},
        now=now,
    )


@router.post("/destinations", dependencies=[WITHDRAW])
def add_destination(
    form: Annotated[DestinationForm, Form()],
    *,
    session: SessionDep,
    actor: ActorDep,
    me: MeDep,
    hub: HubDep,
    now: NowDep,
) -> Response:
    destinations.add(
        session,
        me.id,
        method=form.method,
        details=form.details,
        holder_name=form.holder_name,
        key=hub.key,
        actor=actor,
        now=now,
    )
    return see_other("/room/destinations", "destination_added")


@router.post("/destinations/{destination_id}/remove", dependencies=[WITHDRAW])
def remove_destination(
    destination_id: UUID, session: SessionDep, actor: ActorDep, me: MeDep, now: NowDep
) -> Response:
    destinations.remove(session, me.id, destination_id, actor=actor, now=now)
    return see_other("/room/destinations", "destination_removed")
