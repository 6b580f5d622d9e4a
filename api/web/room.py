"""The Trader's Room: a client's own money, documents and trading accounts."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Form, Query, Request, Response
from sqlalchemy.orm import Session

from api import throttles
from api.deps import ActorDep, HubDep, NowDep, SessionDep, needs
from api.hub import Hub
from api.me import MeDep
from api.once import OnceDep
from api.schemas.platforms import AccountOut
from api.schemas.room import AccountPageForm, DepositPageForm, FundPageForm
from api.web import words
from api.web.door import Pages
from api.web.shell import page, see_other
from operational.access.matrix import Permission
from operational.clients import service as clients
from operational.clients.forms import ProfileForm
from operational.clients.states import Stage
from operational.ledger import queries as ledger
from operational.payments import offering
from operational.payments import queries as payments
from operational.payments import service as deposits
from operational.payments.errors import PaymentNotFound
from operational.payments.psp import Account, TakesTransfers
from operational.platforms import passwords
from operational.platforms import queries as platforms
from operational.platforms import rules as offers
from operational.platforms import service as accounts
from operational.platforms.connect import connect
from operational.platforms.errors import TradingAccountNotFound

router = Pages("/room")

# A page that shows something on its way asks for itself again until it has arrived.
_MOVING_PAYMENTS = frozenset({"created", "pending", "authorised"})
_MOVING_TRANSFERS = frozenset({"requested", "in_doubt"})

DEPOSITS = needs(Permission.PAYMENTS_DEPOSIT)
OPENINGS = needs(Permission.PLATFORMS_OPEN_ACCOUNT)
FUNDING = needs(Permission.PLATFORMS_FUND)


@router.get("", dependencies=[DEPOSITS])
def overview(request: Request, session: SessionDep, me: MeDep) -> Response:
    own_payments = session.scalars(payments.of_client(me.id)).all()
    own_accounts = session.scalars(platforms.of_client(me.id)).all()
    own_transfers = session.scalars(platforms.transfers_of(me.id)).all()
    return page(
        request,
        "room.html",
        client=me,
        wallets=session.execute(ledger.wallets(me.id)).all(),
        accounts=own_accounts,
        payments=own_payments,
        moving=any(payment.status in _MOVING_PAYMENTS for payment in own_payments)
        or any(account.login is None for account in own_accounts)
        or any(transfer.status in _MOVING_TRANSFERS for transfer in own_transfers),
    )


@router.get("/profile", dependencies=[needs(Permission.CLIENTS_EDIT_PROFILE)])
def profile(request: Request, me: MeDep) -> Response:
    return page(request, "room_profile.html", client=me)


@router.post(
    "/profile",
    dependencies=[
        needs(Permission.CLIENTS_EDIT_PROFILE),
        throttles.IDENTITY,
    ],
)
def complete_profile(
    form: Annotated[ProfileForm, Form()],
    session: SessionDep,
    actor: ActorDep,
    me: MeDep,
    now: NowDep,
) -> Response:
    clients.complete_profile(session, me.id, form, actor=actor, now=now)
    return see_other("/room/documents", "profile")


@router.get("/deposit", dependencies=[DEPOSITS])
def deposit(
    request: Request, session: SessionDep, me: MeDep, now: NowDep, currency: str = ""
) -> Response:
    """What the client may pay in with, in the currency chosen above the form."""
    typed = getattr(request.state, "typed", {}).get("currency") or currency
    chosen = typed if typed in words.CURRENCIES else words.CURRENCIES[0]
    offers = offering.offered(session, me, chosen, now=now) if me.stage == Stage.VERIFIED else []
    return page(request, "room_deposit.html", client=me, currency=chosen, offers=offers)


@router.post("/deposit", dependencies=[DEPOSITS])
def request_deposit(
    form: Annotated[DepositPageForm, Form()],
    *,
    session: SessionDep,
    actor: ActorDep,
    me: MeDep,
    once: OnceDep,
    now: NowDep,
) -> Response:
    def work() -> str:
        payment = deposits.request_deposit(
            session, me.id, form.money, method=form.method, actor=actor, now=now
        )
        return f"/room/deposits/{payment.reference}"

    return once.page(form.once, work)


@router.get("/deposits/{reference}", dependencies=[DEPOSITS])
def payment(
    request: Request,
    reference: str,
    *,
    session: SessionDep,
    me: MeDep,
    hub: HubDep,
    now: NowDep,
    session_result: Annotated[str | None, Query(alias="sessionResult")] = None,
) -> Response:
    """One deposit. The PSP sends browsers back here; whatever they claim, nothing is credited."""
    found = session.scalar(payments.by_reference(reference))
    if found is None or found.client_id != me.id:
        raise PaymentNotFound(f"There is no payment {reference}.")
    if session_result:
        deposits.keep_session_result(found, session_result)
    is_stuck = deposits.is_stuck(found, now)
    account = _account(hub, found.psp, found.currency)
    return page(
        request,
        "room_payment.html",
        payment=found,
        account=account,
        is_stuck=is_stuck,
        # A transfer takes a day; nobody sits in front of the page for so long.
        moving=found.status in _MOVING_PAYMENTS and not is_stuck and account is None,
    )


def _account(hub: Hub, psp: str, currency: str) -> Account | None:
    """Where a client must send the money, at a provider that takes transfers."""
    found = hub.providers.get(psp)
    return found.account(currency) if isinstance(found, TakesTransfers) else None


@router.get("/accounts", dependencies=[OPENINGS])
def trading_accounts(request: Request, session: SessionDep, me: MeDep) -> Response:
    own = session.scalars(platforms.of_client(me.id)).all()
    return page(
        request,
        "room_accounts.html",
        client=me,
        accounts=own,
        leverages=[(str(leverage), f"1:{leverage}") for leverage in offers.LEVERAGES],
        moving=any(account.login is None for account in own),
    )


@router.post("/accounts", dependencies=[OPENINGS])
def open_account(
    form: Annotated[AccountPageForm, Form()],
    *,
    session: SessionDep,
    actor: ActorDep,
    me: MeDep,
    once: OnceDep,
    now: NowDep,
) -> Response:
    def work() -> str:
        account = accounts.request_account(
            session, me.id, currency=form.currency, leverage=form.leverage, actor=actor, now=now
        )
        return f"/room/accounts/{account.reference}"

    return once.page(form.once, work)


@router.get("/accounts/{reference}", dependencies=[OPENINGS])
def trading_account(
    request: Request, reference: str, session: SessionDep, me: MeDep, hub: HubDep
) -> Response:
    account = _own_account(session, me.id, reference)
    own = session.scalars(platforms.transfers_of(me.id)).all()
    transfers = [transfer for transfer in own if transfer.trading_account_id == account.id]
    wallets = {
        currency: posted - held for currency, posted, held in session.execute(ledger.wallets(me.id))
    }
    return page(
        request,
        "room_account.html",
        account=account,
        transfers=transfers,
        wallet_minor=wallets.get(account.currency, 0),
        terminal_url=f"{hub.settings.mt5_url}/terminal",
        moving=account.login is None or any(t.status in _MOVING_TRANSFERS for t in transfers),
    )


@router.post("/accounts/{reference}", dependencies=[FUNDING])
def fund(
    reference: str,
    form: Annotated[FundPageForm, Form()],
    *,
    session: SessionDep,
    actor: ActorDep,
    me: MeDep,
    once: OnceDep,
    now: NowDep,
) -> Response:
    account = _own_account(session, me.id, reference)

    def work() -> str:
        accounts.fund(session, account.id, form.signed, actor=actor, now=now)
        return f"/room/accounts/{reference}"

    return once.page(form.once, work)


@router.post("/accounts/{reference}/password", dependencies=[OPENINGS])
def new_password(
    request: Request,
    reference: str,
    *,
    session: SessionDep,
    actor: ActorDep,
    me: MeDep,
    hub: HubDep,
    now: NowDep,
) -> Response:
    """A fresh password for the terminal, shown this once and kept nowhere here."""
    account = _own_account(session, me.id, reference)
    password = passwords.renew(
        session, account.id, platform=partial(connect, hub.settings), actor=actor, now=now
    )
    return page(
        request,
        "room_password.html",
        account=account,
        password=password,
        terminal_url=f"{hub.settings.mt5_url}/terminal",
    )


def _own_account(session: Session, client_id: UUID, reference: str) -> AccountOut:
    """The client's own account of that reference.

    Raises:
        TradingAccountNotFound: there is none, or it is somebody else's.
    """
    for account in session.scalars(platforms.of_client(client_id)):
        if account.reference == reference:
            return AccountOut.model_validate(account)
    raise TradingAccountNotFound(f"There is no trading account {reference}.")
