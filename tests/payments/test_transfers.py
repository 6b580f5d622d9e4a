"""Transfers: from the bank's own files to the client's wallet, and payouts there and back."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import duckdb
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from lake import connection
from operational import worker
from operational.clients.models import Client
from operational.kit import db, iban, ids
from operational.kit.actor import Actor
from operational.kit.clock import utc_now
from operational.kit.money import Money
from operational.kit.settings import Settings
from operational.messaging import inbox, outbox
from operational.messaging.models import InboxMessage
from operational.payments import service, sweeper
from operational.payments.models import Payment
from operational.payments.psp import PayoutOrder, Psp, PspRefused, PspUnavailable
from operational.payments.psp.bank.credit_transfer import Party, credit_transfer
from operational.payments.psp.connect import connect
from operational.payments.states import PayoutNews
from operational.payments.transfers import service as transfers
from operational.payments.transfers.errors import NotATransfer
from operational.payments.transfers.lines import Kind, Line, read, references
from pipelines import landing
from pipelines.bank import fetch, receive
from pipelines.bank import tables as bank_tables
from pipelines.feedback import bank_lines
from tests.faults import processes
from tests.payments.deposits import a_verified_client, rules_in_force, wallet_minor

FINANCE = Actor(id=str(uuid4()), name="Finance Officer", roles=frozenset({"finance"}))
GOOD, RETURNED, REJECTED = (
    iban.checked("DE", f"37040044{end:010}") for end in (532013123, 532019004, 532019001)
)


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    home: Path = tmp_path_factory.mktemp("home")
    with processes.vendor("bank", home / "sandbox") as url:
        yield home, url


@dataclass
class Desk:
    """One client, the bank, the lake and the worker's loops turned by hand."""

    engine: Engine
    url: str
    settings: Settings
    lake: duckdb.DuckDBPyConnection
    psp: Psp
    client: Client
    now: datetime = field(default_factory=utc_now)
    known: set[UUID] = field(default_factory=set)
    """Parked before this test."""

    def ask(self, amount: str = "100.00") -> Payment:
        """A deposit by bank transfer, whose page shows our account."""
        money = Money.parse(amount, "EUR")
        with db.transaction(self.engine) as session:
            payment = Payment(
                id=ids.uuid7(), reference=ids.reference("D"), client_id=self.client.id,
                direction="deposit", method="bank_transfer", country="DE", psp="bank",
                fallback_psps=[], amount_minor=money.minor, currency="EUR", status="created",
                requested_at=self.now,
            )  # fmt: skip
            session.add(payment)
            session.flush()
            service.ask_psp(session, payment, now=self.now)
        carriers = worker.psp_carriers({"bank": self.psp}, Settings(), self.engine)
        outbox.carry(self.engine, carriers, lambda: self.now)
        return self.again(payment)

    def again(self, payment: Payment) -> Payment:
        with db.transaction(self.engine) as session:
            return session.get_one(Payment, payment.id)

    def move(self, **step: Any) -> None:
        at = {"at": str(int(utc_now().timestamp())), "payer": "WEBER, LENA"}
        answer = httpx.post(f"{self.url}/sandbox/moves", json=[at | step])
        assert answer.is_success, answer.text

    def hear(self) -> int:
        """What the refresher and the worker do in a pass; how many lines were new."""
        fetch.fetch(self.settings, self.lake)
        receipt = receive.receive(self.settings, self.lake, now=self.now)
        assert receipt.refused == {}
        new = bank_lines.hand_over(self.lake, self.settings, self.engine, self.now)
        self.apply()
        return new

    def apply(self) -> None:
        handlers = worker.handlers({"bank": self.psp})
        while inbox.process_one(self.engine, handlers, self.now):
            pass

    def parked(self) -> list[InboxMessage]:
        with db.transaction(self.engine) as session:
            stopped = select(InboxMessage).where(InboxMessage.status == "parked")
            found = session.scalars(stopped.order_by(InboxMessage.id))
            return [message for message in found if message.id not in self.known]

    def wallet(self) -> int:
        with db.transaction(self.engine) as session:
            return wallet_minor(session, self.client, "EUR")


@pytest.fixture(scope="module")
def bank(module_database, stand_in) -> Iterator[Desk]:
    """The bank, and a hub whose every client is new."""
    home, url = stand_in
    settings = module_database.settings.model_copy(
        update={"psp_ports": {"bank": httpx.URL(url).port}}
    )
    keys = (home / "sandbox" / "bank.json").read_text()
    (settings.root / "secrets").mkdir(exist_ok=True)
    (settings.root / "secrets" / "bank.json").write_text(keys)
    engine = module_database.engine(db.WORKER)
    with db.transaction(engine) as session:
        rules_in_force(session)
        client = a_verified_client(session, country="DE")
    psp = connect(settings, {})["bank"]
    with connection.write(settings) as lake:
        landing.prepare(lake)
        landing.ensure(lake, bank_tables.SCHEMAS)
        yield Desk(engine, url, settings, lake, psp, client)
    psp.close()


@pytest.fixture
def desk(bank) -> Iterator[Desk]:
    bank.hear()
    known = {message.id for message in bank.parked()}
    with db.transaction(bank.engine) as session:
        client = a_verified_client(session, country="DE")
    yield replace(bank, client=client, now=utc_now(), known=known)
    httpx.delete(f"{bank.url}/sandbox/faults")
    httpx.delete(f"{bank.url}/sandbox/clock")


def test_a_transfer_that_quotes_its_deposit_is_in_the_wallet_minutes_later_and_once(desk):
    payment = desk.ask()
    assert (payment.status, payment.redirect_url) == (
        "pending",
        f"{Settings().api_url}/room/deposits/{payment.reference}",
    )
    desk.move(op="pay", id=payment.reference.replace("-", " ").lower(), value="100.00")

    assert desk.hear() == 1
    assert (desk.again(payment).status, desk.wallet()) == ("succeeded", 10_000)

    # Another booking of the day, the day's own statement and its MT940 tell it again.
    desk.move(op="charge", value="7.50")
    assert desk.hear() == 1
    httpx.post(f"{desk.url}/sandbox/settle", params={"until": str(utc_now().date())})
    assert desk.hear() == 0
    swift(desk)
    assert desk.hear() == 0
    assert (desk.wallet(), desk.parked()) == (10_000, [])


def swift(desk: Desk) -> None:
    """Drop the newest statement as MT940 too."""
    token = (desk.settings.root / "secrets" / "bank.json").read_text().split('"')[3]
    headers = {"Authorization": f"Bearer {token}"}
    names = httpx.get(f"{desk.url}/h2h/statements", headers=headers).json()
    name = [one for one in names if "053" in one][-1].replace("camt.053.xml", "mt940.sta")
    content = httpx.get(f"{desk.url}/h2h/statements/{name}", headers=headers).content
    folder = desk.settings.root / "inbox" / "bank" / "bank"
    (folder / name).write_bytes(content)


def test_more_or_less_than_asked_for_is_credited_as_it_came_and_too_much_waits(desk):
    less, more, far = desk.ask(), desk.ask(), desk.ask()
    desk.move(op="pay", id=less.reference, value="60.00")
    desk.move(op="pay", id=more.reference, value="160.00")
    desk.move(op="pay", id=far.reference, value="900.00")
    desk.hear()

    assert [desk.again(one).status for one in (less, more, far)] == [
        "underpaid", "overpaid", "pending",
    ]  # fmt: skip
    assert desk.wallet() == 22_000
    assert [message.error.partition(":")[0] for message in desk.parked()] == ["TooMuchArrived"]

    desk.move(op="pay", id=less.reference, value="40.00")
    desk.hear()
    assert (desk.again(less).status, desk.wallet()) == ("succeeded", 26_000)


def test_what_no_rule_may_credit_waits_until_a_person_says_whose_it_is(desk):
    payment, other = desk.ask(), desk.ask()
    desk.move(op="pay", id=payment.reference, value="100.00", payer="Igor Stranger")
    desk.move(op="pay", id="", value="70.00", text="for my account")
    desk.move(op="pay", id="", value="50.00", text=f"{payment.reference} {other.reference}")
    desk.move(op="settlement", value="900.00", payer="STRIPE PAYMENTS EUROPE", text="po_1")
    desk.hear()

    third_party, unknown, both = desk.parked()
    assert [one.error.partition(":")[0] for one in (third_party, unknown, both)] == [
        "PayerDiffers", "TransferUnclear", "TransferUnclear",
    ]  # fmt: skip
    assert desk.wallet() == 0

    with db.transaction(desk.engine) as session:
        quoted = assign(session, third_party, desk)
        made = assign(session, unknown, desk)
    desk.apply()

    assert quoted.id == payment.id
    assert [desk.again(one).status for one in (quoted, made)] == ["succeeded", "succeeded"]
    assert (desk.wallet(), [one.id for one in desk.parked()]) == (17_000, [both.id])


def assign(session, message: InboxMessage, desk: Desk) -> Payment:
    return transfers.assign(
        session, message.id, desk.client.id, reason="she told us", actor=FINANCE, now=desk.now
    )


def test_only_money_that_came_in_can_be_given_to_a_client(desk):
    desk.move(op="pay", id="", value="5.00", text="?")
    desk.hear()
    [message] = desk.parked()
    with db.transaction(desk.engine) as session:
        stored = session.get_one(InboxMessage, message.id)
        stored.source = "stripe"
        with pytest.raises(NotATransfer):
            assign(session, message, desk)
        session.rollback()


def test_a_transfer_that_takes_a_week_still_counts_and_its_deposit_waits_so_long(desk):
    payment = desk.ask()
    for days in (1, 13, 15):
        sweeper.sweep(desk.engine, {"bank": desk.psp}, desk.now + timedelta(days=days))
        expected = "pending" if days < 14 else "failed"
        assert desk.again(payment).status == expected

    desk.move(op="pay", id=payment.reference, value="100.00")
    desk.hear()
    assert (desk.again(payment).status, desk.wallet()) == ("succeeded", 10_000)


def an_order(reference: str, account: str, amount: str = "123.45") -> PayoutOrder:
    money = Money.parse(amount, "EUR")
    destination = {"iban": iban.readable(account)}
    return PayoutOrder(reference, money, "bank_transfer", "DE", "Jürgen Größe", None, destination)


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after", "error_after", "garbage"])
def test_a_payout_is_one_payment_whatever_is_lost_on_the_line(desk, fault):
    order = an_order(ids.reference("P"), GOOD)
    before = entries(desk)
    rule = {"match": "POST /h2h/payments", "fault": fault, "delay_ms": 50}
    httpx.post(f"{desk.url}/sandbox/faults", json=rule)

    with pytest.raises(PspUnavailable):
        desk.psp.send_payout(order)
    found = desk.psp.find_payout(order.reference, None, None)
    assert (found is None) == (fault == "timeout_before")
    for _ in range(2):
        assert desk.psp.send_payout(order).psp_payout_id == order.reference

    tick(desk)
    assert entries(desk) == before + 1
    [told] = desk.psp.find_payout(order.reference, None, None).events
    assert (told.news, told.amount) == (PayoutNews.PAID, order.amount)


def tick(desk: Desk, **later: float) -> None:
    """Let the bank's clock pass a while."""
    at = utc_now() + timedelta(seconds=2) + timedelta(**later)
    httpx.post(f"{desk.url}/sandbox/clock", json={"now": at.isoformat()}).raise_for_status()
    httpx.delete(f"{desk.url}/sandbox/clock")


def entries(desk: Desk) -> int:
    """How many bookings the bank ever told of."""
    desk.hear()
    row = desk.lake.execute(
        "select count(distinct servicer_reference) from lake.raw.bank__entries"
    ).fetchone()
    assert row
    return row[0]


def test_a_payout_is_rejected_at_once_or_sent_back_days_later(desk):
    back, never = an_order(ids.reference("P"), RETURNED), an_order(ids.reference("P"), REJECTED)
    with pytest.raises(PspRefused, match="AC01"):
        desk.psp.send_payout(never)
    with pytest.raises(PspRefused, match="check digits"):
        desk.psp.send_payout(an_order(ids.reference("P"), GOOD[:-1] + "0"))
    [told] = desk.psp.find_payout(never.reference, None, None).events
    assert (told.news, told.details) == (PayoutNews.FAILED, {"reason": "AC01"})

    desk.psp.send_payout(back)
    tick(desk, days=3)
    httpx.post(f"{desk.url}/sandbox/settle", params={"until": str(utc_now().date() + timedelta(4))})
    desk.hear()
    with db.transaction(desk.engine) as session:
        bodies = list(session.scalars(select(InboxMessage.body)))
    told = [transfers.LINE.validate_json(body) for body in bodies]
    kinds = [read(line, frozenset()).kind for line in told if back.reference in line.told]
    assert sorted(kinds) == [Kind.PAYOUT, Kind.RETURN]
    assert {line.return_reason for line in told} >= {"AC04"}


BROKEN = {
    ("<NbOfTxs>1", "<NbOfTxs>2"): "NbOfTxs says 2",
    ("<CtrlSum>1.00", "<CtrlSum>1.01"): "CtrlSum says 1.01",
    (GOOD, "DE00" + GOOD[4:]): "check digits",
    ('Ccy="EUR">1.00', 'Ccy="EUR">1.001'): "InstdAmt",
    ("<PmtMtd>TRF</PmtMtd>", ""): "PmtMtd is missing",
    ("<ChrgBr>SLEV</ChrgBr>", "<Chrg/>"): "is not known here",
    ("<PmtMtd>TRF</PmtMtd><BtchBookg>false</BtchBookg>",
     "<BtchBookg>false</BtchBookg><PmtMtd>TRF</PmtMtd>"): "not in order",
    ("<ChrgBr>", "<Chrg>"): "not well-formed",
    ("pain.001.001.09", "pain.001.001.99"): "not a pain.001",
}  # fmt: skip


def test_the_bank_takes_no_file_that_is_not_in_order(bank):
    ours = bank.psp.account("EUR")
    file = credit_transfer(
        ids.reference("P"),
        Money(100, "EUR"),
        debtor=Party(ours.holder, ours.iban, ours.bic),
        creditor=Party("Jürgen Größe", GOOD, None),
        now=bank.now,
    )
    for (old, new), reason in BROKEN.items():
        broken = file.replace(old.encode(), new.encode())
        assert broken != file

        answer = bank.psp._send("POST", "/h2h/payments", content=broken)

        assert (answer.status_code, reason in answer.json()["error"]) == (400, True)
    assert bank.psp._send("POST", "/h2h/payments", content=file).status_code == 202
    assert bank.psp._send("POST", "/h2h/payments", content=file).status_code == 409


def test_our_references_are_found_as_people_type_them():
    assert references("deposit d-7k3mq0tr, thanks") == {"D-7K3MQ0TR"}
    assert references("D7K3MQ0TR/P 7K3MQ0TS") == {"D-7K3MQ0TR", "P-7K3MQ0TS"}
    assert references("ID7K3MQ0TR D-7K3MQ0TRX 7K3MQ0TR") == frozenset()


@given(st.text(max_size=60), st.integers(-(10**9), 10**9).filter(bool))
def test_a_line_with_any_text_is_read_as_something(text, minor):
    line = Line("1", "LT1", minor, "EUR", date(2026, 3, 2), None, None, text, None)

    kind = read(line, frozenset({"STRIPE"})).kind

    assert kind in ({Kind.OTHER, Kind.PAYOUT} if minor < 0 else set(Kind) - {Kind.OTHER})
