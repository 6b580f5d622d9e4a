"""A client's own affairs as JSON: profile, documents, money, trading accounts.

No client id comes from outside, so nobody can name another's.
"""

from typing import Annotated
from uuid import UUID

from fastapi import File, Form, Response, UploadFile

from api import throttles
from api.deps import ActorDep, HubDep, NowDep, SessionDep, needs
from api.door import Doors
from api.me import MeDep
from api.once import KeyDep, OnceDep
from api.schemas.clients import ClientOut
from api.schemas.documents import UPLOAD_BYTES_MAX, DocumentOut, ToldCheckOut
from api.schemas.money import (
    AccountForm,
    DepositForm,
    OfferOut,
    PaymentOut,
    TransferForm,
    TransferOut,
    WalletOut,
)
from api.schemas.platforms import AccountOut
from api.schemas.room import Currency
from api.web import words
from operational.access.matrix import Permission
from operational.clients import service as clients
from operational.clients.forms import ProfileForm
from operational.kyc import service as kyc
from operational.kyc.states import DocumentKind
from operational.kyc.vault import Vault
from operational.ledger import queries as ledger
from operational.payments import offering
from operational.payments import queries as payment_queries
from operational.payments import service as payments
from operational.payments.errors import PaymentNotFound
from operational.platforms import queries as platform_queries
from operational.platforms import service as platforms

router = Doors("/api/me", tag="me")


@router.get("", dependencies=[needs(Permission.CLIENTS_EDIT_PROFILE)])
def profile(me: MeDep) -> ClientOut:
    return me


@router.put(
    "/profile",
    dependencies=[
        needs(Permission.CLIENTS_EDIT_PROFILE),
        throttles.IDENTITY,
    ],
)
def complete_profile(
    form: ProfileForm, session: SessionDep, actor: ActorDep, me: MeDep, now: NowDep
) -> ClientOut:
    client = clients.complete_profile(session, me.id, form, actor=actor, now=now)
    return ClientOut.model_validate(client)


@router.post(
    "/documents",
    status_code=201,
    dependencies=[needs(Permission.KYC_UPLOAD)],
    max_body_size=UPLOAD_BYTES_MAX,
)
def upload(
    kind: Annotated[DocumentKind, Form()],
    file: Annotated[UploadFile, File()],
    *,
    mrz: Annotated[str, Form(max_length=200)] = "",
    session: SessionDep,
    actor: ActorDep,
    me: MeDep,
    hub: HubDep,
    now: NowDep,
) -> DocumentOut:
    document = kyc.upload_document(
        session,
        me.id,
        kind=kind,
        file_name=file.filename or "unnamed",
        content=file.file.read(),
        mrz=mrz or None,
        actor=actor,
        now=now,
        vault=Vault(hub.settings),
    )
    return DocumentOut.model_validate(document)


@router.post(
    "/check",
    dependencies=[needs(Permission.KYC_UPLOAD), throttles.IDENTITY],
)
def submit(session: SessionDep, actor: ActorDep, me: MeDep, now: NowDep) -> ToldCheckOut:
    """Ask for the identity check: approved, stopped with the reasons a client may know, or refused."""
    check = kyc.submit(session, me.id, actor=actor, now=now)
    reasons = words.told(check.reasons)
    return ToldCheckOut(outcome=check.outcome, reasons=reasons, checked_at=check.checked_at)


@router.get("/wallets", dependencies=[needs(Permission.PAYMENTS_DEPOSIT)])
def wallets(session: SessionDep, me: MeDep) -> list[WalletOut]:
    return [WalletOut.of(*row) for row in session.execute(ledger.wallets(me.id))]


@router.get("/deposits", dependencies=[needs(Permission.PAYMENTS_DEPOSIT)])
def deposits(session: SessionDep, me: MeDep) -> list[PaymentOut]:
    found = session.scalars(payment_queries.of_client(me.id))
    return [PaymentOut.model_validate(payment) for payment in found]


@router.get("/deposit-methods", dependencies=[needs(Permission.PAYMENTS_DEPOSIT)])
def deposit_methods(
    currency: Currency, session: SessionDep, me: MeDep, now: NowDep
) -> list[OfferOut]:
    """How one may pay in now, in one currency, and how much."""
    found = offering.offered(session, me, currency, now=now)
    return [OfferOut.of(offer) for offer in found]


@router.post(
    "/deposits",
    status_code=202,
    response_model=PaymentOut,
    dependencies=[needs(Permission.PAYMENTS_DEPOSIT)],
)
def request_deposit(
    form: DepositForm,
    key: KeyDep,
    *,
    session: SessionDep,
    actor: ActorDep,
    me: MeDep,
    once: OnceDep,
    now: NowDep,
) -> Response:
    """Ask for a payment page. Poll the deposit until `redirect_url` is there."""

    def work() -> PaymentOut:
        payment = payments.request_deposit(
            session, me.id, form.money, method=form.method, actor=actor, now=now
        )
        return PaymentOut.model_validate(payment)

    return once.answer(key, 202, work)


@router.get("/deposits/{reference}", dependencies=[needs(Permission.PAYMENTS_DEPOSIT)])
def deposit(reference: str, session: SessionDep, me: MeDep) -> PaymentOut:
    """One's own deposit.

    Raises:
        PaymentNotFound: there is none, or it is somebody else's.
    """
    found = session.scalar(payment_queries.by_reference(reference))
    if found is None or found.client_id != me.id:
        raise PaymentNotFound(f"There is no payment {reference}.")
    return PaymentOut.model_validate(found)


@router.get("/trading-accounts", dependencies=[needs(Permission.PLATFORMS_OPEN_ACCOUNT)])
def trading_accounts(session: SessionDep, me: MeDep) -> list[AccountOut]:
    found = session.scalars(platform_queries.of_client(me.id))
    return [AccountOut.model_validate(account) for account in found]


@router.post(
    "/trading-accounts",
    status_code=202,
    response_model=AccountOut,
    dependencies=[needs(Permission.PLATFORMS_OPEN_ACCOUNT)],
)
def open_account(
    form: AccountForm,
    key: KeyDep,
    *,
    session: SessionDep,
    actor: ActorDep,
    me: MeDep,
    once: OnceDep,
    now: NowDep,
) -> Response:
    """Ask for a trading account; its login appears when the platform has opened it."""

    def work() -> AccountOut:
        account = platforms.request_account(
            session, me.id, currency=form.currency, leverage=form.leverage, actor=actor, now=now
        )
        return AccountOut.model_validate(account)

    return once.answer(key, 202, work)


@router.get("/transfers", dependencies=[needs(Permission.PLATFORMS_FUND)])
def transfers(session: SessionDep, me: MeDep) -> list[TransferOut]:
    found = session.scalars(platform_queries.transfers_of(me.id))
    return [TransferOut.model_validate(transfer) for transfer in found]


@router.post(
    "/trading-accounts/{account_id}/transfers",
    status_code=202,
    response_model=TransferOut,
    dependencies=[needs(Permission.PLATFORMS_FUND)],
)
def fund(
    account_id: UUID,
    form: TransferForm,
    key: KeyDep,
    *,
    session: SessionDep,
    actor: ActorDep,
    once: OnceDep,
    now: NowDep,
) -> Response:
    """Move money between wallet and account; held until the platform has booked it."""

    def work() -> TransferOut:
        transfer = platforms.fund(session, account_id, form.signed, actor=actor, now=now)
        return TransferOut.model_validate(transfer)

    return once.answer(key, 202, work)
