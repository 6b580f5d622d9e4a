"""Commands to a MetaTrader server, and what their answers change here."""

import secrets
import string
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from operational.audit import service as audit
from operational.audit.tags import Tag
from operational.kit.actor import Actor
from operational.kit.money import Money
from operational.ledger import service as ledger
from operational.ledger.service import Leg
from operational.messaging.answers import Done, Outcome, Refused, Unanswered
from operational.messaging.models import OutboxMessage
from operational.platforms import rules, service
from operational.platforms.models import TradingAccount, Transfer
from operational.platforms.mt5 import Mt5, Mt5Refused
from operational.platforms.service import Sighting
from operational.platforms.states import TRANSITIONS, AccountStatus, TransferStatus

WORKER = Actor.system("platforms")

LOOKS_BEFORE_RESENDING = 4
"""Tries that only look: 15 seconds in which a slow server may still book what it was sent."""
MARGIN = timedelta(hours=2)
"""Around the window a deal is looked for in: clocks differ, and one hour happens twice a year."""
_PASSWORD_CHARACTERS = 12


@dataclass(frozen=True, slots=True)
class OpenAccount:
    """Carries `platform.open_account`. Our reference is the account's comment on the platform."""

    mt5: Mt5

    def find(self, message: OutboxMessage, *, now: datetime) -> Outcome | None:  # noqa: ARG002 - part of the Protocol
        payload = message.payload
        for user in self.mt5.users(group=payload["group"]):
            if user["Comment"] == payload["reference"]:
                return Done({"login": int(user["Login"]), "rights": int(user["Rights"])})
        return _look_again(message)

    def send(self, message: OutboxMessage, *, now: datetime) -> Outcome:  # noqa: ARG002 - part of the Protocol
        payload = message.payload
        fields = {
            "group": payload["group"],
            "leverage": payload["leverage"],
            "firstname": payload["first_name"],
            "lastname": payload["last_name"],
            "country": payload["country"],
            "comment": payload["reference"],
            # Nobody is told these; the client sets a password of their own.
            "pass_main": new_password(),
            "pass_investor": new_password(),
        }
        try:
            login = self.mt5.add_user(fields)
        except Mt5Refused as refusal:
            return Refused(str(refusal))
        # It is open. If reading it back fails, that is no refusal: the next try finds it.
        return Done({"login": login, "rights": int(self.mt5.user(login)["Rights"])})

    def book(
        self, session: Session, message: OutboxMessage, outcome: Outcome, *, now: datetime
    ) -> None:
        account = _account(session, message)
        match outcome:
            case Done(facts):
                account.login = facts["login"]
                service.see(session, account, Sighting(facts["login"], facts["rights"], 0), now=now)
                after = {"login": account.login}
                audit.record(
                    session,
                    Tag.ACCOUNT_OPEN,
                    subject=account.id,
                    actor=WORKER,
                    now=now,
                    after=after,
                )
            case Refused(reason):
                account.observed_status = AccountStatus.REFUSED
                audit.record(
                    session,
                    Tag.ACCOUNT_OBSERVE,
                    subject=account.id,
                    actor=WORKER,
                    now=now,
                    reason=reason,
                )
            case Unanswered():
                pass


@dataclass(frozen=True, slots=True)
class MoveMoney:
    """Carries `platform.transfer`. Our reference is the comment of the balance deal."""

    mt5: Mt5

    def find(self, message: OutboxMessage, *, now: datetime) -> Outcome | None:
        payload = message.payload
        since = datetime.fromisoformat(payload["requested_at"]) - MARGIN
        deal = self.mt5.find_balance_deal(
            payload["login"], payload["reference"], since, now + MARGIN
        )
        return Done({"deal": int(deal["Deal"])}) if deal else _look_again(message)

    def send(self, message: OutboxMessage, *, now: datetime) -> Outcome:  # noqa: ARG002 - part of the Protocol
        payload = message.payload
        amount = Money(payload["amount_minor"], payload["currency"])
        try:
            return Done({"deal": self.mt5.balance(payload["login"], amount, payload["reference"])})
        except Mt5Refused as refusal:
            return Refused(str(refusal))

    def book(
        self, session: Session, message: OutboxMessage, outcome: Outcome, *, now: datetime
    ) -> None:
        transfer = session.get_one(
            Transfer, UUID(message.payload["transfer_id"]), with_for_update=True
        )
        match outcome:
            case Done(facts):
                _settle(session, transfer, facts["deal"], now)
            case Refused(reason):
                _refuse(session, transfer, reason, now)
            case Unanswered() if transfer.status == TransferStatus.REQUESTED:
                _move(transfer, TransferStatus.IN_DOUBT)


@dataclass(frozen=True, slots=True)
class SetRights:
    """Carries `platform.set_rights`: read the whole mask, change one bit, write, read again."""

    mt5: Mt5

    def find(self, message: OutboxMessage, *, now: datetime) -> Outcome | None:  # noqa: ARG002 - part of the Protocol
        rights = self._rights(message)
        return Done({"rights": rights}) if self._wanted(message, rights) == rights else None

    def send(self, message: OutboxMessage, *, now: datetime) -> Outcome:  # noqa: ARG002 - part of the Protocol
        try:
            wanted = self._wanted(message, self._rights(message))
            self.mt5.set_rights(message.payload["login"], wanted)
        except Mt5Refused as refusal:
            return Refused(str(refusal))
        # Written. If reading it back fails, that is no refusal: the next try looks again.
        found = self._rights(message)
        if found != wanted:
            return Unanswered(f"rights are {found:#x} after writing {wanted:#x}")
        return Done({"rights": found})

    def book(
        self, session: Session, message: OutboxMessage, outcome: Outcome, *, now: datetime
    ) -> None:
        match outcome:
            case Done(facts):
                account = _account(session, message)
                sighting = Sighting(message.payload["login"], facts["rights"])
                service.see(session, account, sighting, now=now)
            case Refused() | Unanswered():
                # The contradiction stays on the screen, with its clock running.
                pass

    def _rights(self, message: OutboxMessage) -> int:
        return int(self.mt5.user(message.payload["login"])["Rights"])

    def _wanted(self, message: OutboxMessage, rights: int) -> int:
        return rules.with_login(rights, is_allowed=message.payload["is_login_allowed"])


def new_password() -> str:
    """A password MetaTrader takes: lower, upper, digit and special."""
    letters = string.ascii_letters + string.digits
    return "Aa1!" + "".join(secrets.choice(letters) for _ in range(_PASSWORD_CHARACTERS - 4))


def _look_again(message: OutboxMessage) -> Unanswered | None:
    """Not there; it may still come, so send again only after a few looks."""
    return Unanswered("not there yet") if message.attempts <= LOOKS_BEFORE_RESENDING else None


def _account(session: Session, message: OutboxMessage) -> TradingAccount:
    account_id = UUID(message.payload["account_id"])
    return session.get_one(TradingAccount, account_id, with_for_update=True)


def _settle(session: Session, transfer: Transfer, deal: int, now: datetime) -> None:
    """The platform booked it: the ledger follows, and what was held is used up."""
    account = session.get_one(TradingAccount, transfer.trading_account_id)
    moved = Money(transfer.amount_minor, transfer.currency)
    wallet = ledger.client_wallet(session, transfer.client_id, transfer.currency)
    name = f"platform:{account.platform}:{account.server}"
    clearing = ledger.control_account(session, name, "liability", transfer.currency)
    _move(transfer, TransferStatus.DONE)
    transfer.deal = deal
    transfer.done_at = now
    key = service.hold_key(transfer)
    ledger.post(
        session,
        key,
        kind="platform_transfer",
        legs=[Leg(wallet, -moved), Leg(clearing, moved)],
        effective_at=now,
        actor=WORKER,
        meta={"transfer": transfer.reference, "login": account.login, "deal": deal},
        settles=key if moved.minor > 0 else None,
    )
    audit.record(
        session,
        Tag.TRANSFER_SETTLE,
        subject=transfer.id,
        actor=WORKER,
        now=now,
        after={"deal": deal, "amount": str(moved)},
    )


def _refuse(session: Session, transfer: Transfer, reason: str, now: datetime) -> None:
    """The platform said no: what was held is free again."""
    _move(transfer, TransferStatus.REFUSED)
    transfer.refusal = reason
    transfer.done_at = now
    if transfer.amount_minor > 0:
        ledger.void_hold(session, service.hold_key(transfer))
    audit.record(
        session, Tag.TRANSFER_REFUSE, subject=transfer.id, actor=WORKER, now=now, reason=reason
    )


def _move(transfer: Transfer, status: TransferStatus) -> None:
    assert status in TRANSITIONS[TransferStatus(transfer.status)], f"{transfer.status} to {status}"
    transfer.status = status
