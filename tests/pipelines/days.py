"""A broker's few days in a lake of its own, in the shapes that dbt makes."""

from datetime import UTC, date, datetime, timedelta

DAY = date(2026, 3, 2)
CLOSE = datetime(2026, 3, 3, tzinfo=UTC)
IBAN = "DE89370400440532013000"

# The shapes that dbt makes, as far as the report reads them.
TABLES = """
create schema if not exists lake.staging;
create schema if not exists lake.intermediate;
create schema if not exists lake.marts;
create schema if not exists lake.raw;
create table lake.staging.stg_ledger__accounts (account_id bigint, account_code varchar, currency varchar);
create table lake.staging.stg_ledger__journals
    (journal_id bigint, journal_kind varchar, is_with_provider boolean, effective_at timestamptz);
create table lake.staging.stg_ledger__entries
    (journal_id bigint, account_id bigint, currency varchar, amount_minor bigint);
create table lake.raw.ledger__hold
    (account_id bigint, amount bigint, created_at timestamptz, ended_at timestamptz);
create table lake.raw.reconciliation__bank_account
    (account varchar, currency varchar, bank varchar, name varchar, opened_on date, closed_on date);
create table lake.raw.bank__statements (file_name varchar, statement_no bigint, account varchar, message_type varchar);
create table lake.raw.bank__balances
    (file_name varchar, statement_no bigint, balance_code varchar, amount_minor bigint,
     currency varchar, balance_date date);
create table lake.staging.stg_bank__lines
    (account varchar, currency varchar, amount_minor bigint, transaction_subfamily varchar, booked_at timestamptz);
create table lake.staging.stg_psp__lines
    (psp varchar, batch varchar, movement varchar, currency varchar, net_currency varchar,
     gross_minor bigint, fee_minor bigint, net_minor bigint, booked_at timestamptz, paid_at timestamptz);
create table lake.staging.stg_platform__deals
    (platform varchar, server varchar, login bigint, action integer, is_deleted boolean,
     profit decimal(18, 2), swap decimal(18, 2), commission decimal(18, 2), fee decimal(18, 2),
     executed_at timestamptz);
create table lake.intermediate.int_accounts_owned
    (platform varchar, server varchar, login bigint, currency varchar, minor_per_unit bigint);
create table lake.marts.fct_expectations
    (expectation_key varchar, leg varchar, counterpart varchar, our_reference varchar, currency varchar,
     expected_minor bigint, occurred_at timestamptz, due_at timestamptz);
create table lake.intermediate.int_lines
    (line_id varchar, leg varchar, counterpart varchar, our_reference varchar, currency varchar,
     actual_minor bigint, booked_at timestamptz);
create table lake.intermediate.int_reconciled
    (item_key varchar, leg varchar, kind varchar, expectation_keys varchar[], line_ids varchar[]);
"""


class Books:
    """A broker's few days, written as the models would show them."""

    def __init__(self, lake) -> None:
        self.lake, self.ids = lake, {}
        for statement_ in TABLES.split(";"):
            if statement_.strip():
                lake.execute(statement_)

    def insert(self, table, *values) -> None:
        marks = ", ".join("?" for _ in values)
        self.lake.execute(f"insert into lake.{table} values ({marks})", list(values))

    def post(self, kind, at, **legs) -> None:
        journal = len(self.ids) + 1000
        self.ids[journal] = kind
        provider = kind in {"deposit", "payout"}
        self.insert("staging.stg_ledger__journals", journal, kind, provider, at)
        for name, minor in legs.items():
            code = name.replace("__", ":")
            if code not in self.ids:
                self.ids[code] = len(self.ids) + 1
                self.insert("staging.stg_ledger__accounts", self.ids[code], code, "USD")
            self.insert("staging.stg_ledger__entries", journal, self.ids[code], "USD", minor)

    def deposit(self, key, minor, at, *, due=3, **found) -> None:
        self.post("deposit", at, wallet__ann__USD=minor, psp__stripe__USD=-minor)
        self.expect(key, "psp_line", "stripe", minor, at, due=due, **found)

    def expect(self, key, leg, counterpart, minor, at, *, due=3, kind=None, line=None) -> None:
        self.insert(
            "marts.fct_expectations", key, leg, counterpart, key, "USD", minor, at, at + timedelta(days=due)
        )  # fmt: skip
        self.insert("intermediate.int_reconciled", key, leg, kind, [key], [line] if line else [])

    def line(self, key, leg, counterpart, minor, at) -> None:
        self.insert("intermediate.int_lines", key, leg, counterpart, key, "USD", minor, at)

    def psp_line(self, key, gross, fee, at, *, batch, movement="deposit", paid=None) -> None:
        self.insert(
            "staging.stg_psp__lines", "stripe", batch, movement, "USD", "USD", gross, fee, gross - fee, at, paid or at
        )  # fmt: skip
        if movement == "deposit":
            self.line(key, "psp_line", "stripe", gross, at)

    def bank_line(self, key, minor, at, account=IBAN, sub=None) -> None:
        self.insert("staging.stg_bank__lines", account, "USD", minor, sub, at)
        if sub is None:
            self.line(key, "bank_line", account, minor, at)

    def deal(self, action, profit, at) -> None:
        self.insert(
            "staging.stg_platform__deals", "mt5", "Live", 7, action, False, profit, 0, 0, 0, at
        )  # fmt: skip

    def balance(self, day, opening, closing, number) -> None:
        self.insert("raw.bank__statements", f"{day}.xml", number, IBAN, "camt.053")
        for code, minor in (("OPBD", opening), ("CLBD", closing)):
            self.insert("raw.bank__balances", f"{day}.xml", number, code, minor, "USD", day)


def live_through(books: Books) -> None:
    """Three days before the close in which most things happen that can."""
    days = [CLOSE - timedelta(days=n, hours=-9) for n in (5, 4, 3, 2, 1)]
    old, early, middle, late, last = days
    books.insert(
        "raw.reconciliation__bank_account", IBAN, "USD", "Alpha", "Clients", date(2026, 1, 1), None
    )
    # Paid out and in the bank, less 3.00 of fees.
    books.deposit("d1", 100_00, old, line="l1")
    books.psp_line("l1", 100_00, 3_00, early, batch="po1", paid=middle)
    # Less came than was paid in: a break of 5.00.
    books.deposit("d2", 50_00, old, line="l2", kind="amount_under")
    books.psp_line("l2", 45_00, 1_00, early, batch="po1", paid=middle)
    # A reserve is kept out of the same batch.
    books.psp_line("-", -10_00, 0, early, batch="po1", movement="reserve", paid=middle)
    books.expect("po1", "bank_line", "stripe", 131_00, middle, line="b1")
    books.bank_line("b1", 131_00, late)
    # Reported, and not yet paid out; not yet reported; long overdue.
    books.deposit("d3", 70_00, late, line="l3")
    books.psp_line("l3", 70_00, 2_00, last, batch="po2", paid=CLOSE + timedelta(days=1))
    books.deposit("d4", 30_00, last)
    books.deposit("d5", 20_00, old, due=1, kind="missing_external")
    _not_settled(books, days)


def _not_settled(books: Books, days: list[datetime]) -> None:
    old, early, middle, late, last = days
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    # A payout on its way to the bank, and a booking nobody knows; a charge of the bank.
    books.deposit("d6", 40_00, early, line="l6")
    books.psp_line("l6", 40_00, 0, middle, batch="po3", paid=last)
    books.expect("po3", "bank_line", "stripe", 40_00, last)
    books.bank_line("b9", 7_00, midnight)
    books.insert(
        "intermediate.int_reconciled", "line:b9", "bank_line", "missing_internal", [], ["b9"]
    )
    books.bank_line("c", -1_50, midnight, sub="CHRG")
    books.balance(date(2026, 3, 1), 500_00, 631_00, 1)
    books.balance(DAY, 631_00, 636_50, 2)
    # To the platform: 25.00, of which 4.00 were lost; a bonus is not the client's.
    books.post("platform_transfer", late, wallet__ann__USD=-25_00, platform__mt5__Live__USD=25_00)
    books.insert("intermediate.int_accounts_owned", "mt5", "Live", 7, "USD", 100)
    books.expect("t1", "platform_deal", "Live", 25_00, late, line="p1")
    books.line("p1", "platform_deal", "Live", 25_00, late)
    books.deal(2, 25, late)
    books.deal(1, -4, last)
    books.deal(6, 90, last)
    # A gift of the house, and a fee booked against clearing by hand; a hold.
    books.post("adjustment", last, wallet__ann__USD=2_00, goodwill__USD=-2_00)
    books.insert("raw.ledger__hold", books.ids["wallet:ann:USD"], 15_00, last, None)
    books.insert("raw.ledger__hold", books.ids["wallet:ann:USD"], 9_00, old, late)
    # Of the next day.
    books.deposit("d7", 999_00, CLOSE + timedelta(hours=1))
