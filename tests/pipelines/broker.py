"""A small broker for the pipelines to read: rows with only what a test cares about, and its deals."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
from psycopg.sql import SQL, Identifier
from psycopg.types.json import Jsonb

from operational.kit import db
from operational.kit.ids import uuid7
from operational.platforms.server_time import to_utc

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

_REQUIRED = """
    select column_name, data_type from information_schema.columns
    where table_schema = %s and table_name = %s and is_nullable = 'NO'
      and column_default is null and is_identity = 'NO'
"""
_NEUTRAL: dict[str, Any] = {
    "bigint": 1,
    "boolean": False,
    "date": NOW.date(),
    "integer": 1,
    "jsonb": Jsonb({}),
    "timestamp with time zone": NOW,
}


class Broker:
    """Writes rows straight into the operational tables, as the domain would have left them."""

    def __init__(self, database: Any) -> None:
        url = database.admin_url.set(drivername="postgresql")
        self.settings = database.settings
        self.address = url.render_as_string(hide_password=False)
        self.connection = psycopg.connect(self.address, autocommit=True)

    def insert(self, table: str, **values: Any) -> Any:
        """Insert one row; what is required and not given is filled with something neutral."""
        schema, _, name = table.partition(".")
        for column, kind in self.connection.execute(_REQUIRED, (schema, name)).fetchall():
            values.setdefault(column, _neutral(kind))
        names = list(values)
        statement = SQL("insert into {} ({}) values ({}) returning *").format(
            Identifier(schema, name),
            SQL(", ").join(map(Identifier, names)),
            SQL(", ").join(SQL("%s") for _ in names),
        )
        with self.connection.transaction():
            # Rows stand for themselves here: no owners, no parents.
            self.connection.execute("set local session_replication_role = replica")
            self.connection.execute(statement, [values[column] for column in names])
        return values.get("id")

    def update(self, table: str, key: UUID, **values: Any) -> None:
        """Rewrite one row, also one that the product may never rewrite."""
        schema, _, name = table.partition(".")
        changes = SQL(", ").join(SQL("{} = %s").format(Identifier(column)) for column in values)
        statement = SQL("update {} set {}, row_xid = pg_current_xact_id() where id = %s")
        with self.connection.transaction():
            self.connection.execute("set local session_replication_role = replica")
            self.connection.execute(
                statement.format(Identifier(schema, name), changes), [*values.values(), key]
            )

    def client(self, **values: Any) -> UUID:
        key = uuid7()
        defaults = {"email": f"{key}@example.com", "country": "DE", "registered_at": NOW}
        return UUID(str(self.insert("clients.client", id=key, **(defaults | values))))

    def deposit(self, client: UUID, minor: int, **values: Any) -> UUID:
        key = uuid7()
        defaults = {
            "client_id": client,
            "direction": "deposit",
            "method": "card",
            "psp": "stripe",
            "amount_minor": minor,
            "currency": "USD",
            "status": "succeeded",
            "requested_at": NOW,
            "succeeded_at": NOW + timedelta(minutes=1),
        }
        return UUID(str(self.insert("payments.payment", id=key, **(defaults | values))))

    def dispute(self, client: UUID, payment: UUID, minor: int) -> None:
        values = {
            "client_id": client,
            "payment_id": payment,
            "psp": "stripe",
            "psp_dispute_id": f"dp_{uuid7().hex}",
            "amount_minor": minor,
            "currency": "USD",
            "stage": "chargeback",
            "opened_at": NOW,
            "staged_at": NOW,
        }
        self.insert("payments.dispute", id=uuid7(), **values)

    def account(self, client: UUID, login: int, **values: Any) -> UUID:
        defaults = {
            "client_id": client,
            "platform": "mt5",
            "server": "Kingpost-Live",
            "login": login,
            "currency": "USD",
        }
        key = uuid7()
        self.insert("platforms.trading_account", id=key, **(defaults | values))
        return key

    def transfer(self, account: UUID, minor: int, **values: Any) -> UUID:
        defaults = {
            "trading_account_id": account,
            "amount_minor": minor,
            "currency": "USD",
            "status": "done",
            "requested_at": NOW,
            "done_at": NOW,
        }
        key = uuid7()
        self.insert("platforms.transfer", id=key, **(defaults | values))
        return key

    def partner(self, **values: Any) -> UUID:
        key = uuid7()
        self.insert("partners.partner", id=key, **({"plan_name": "standard"} | values))
        return key

    def attribution(self, client: UUID, partner: UUID, **values: Any) -> UUID:
        defaults = {"client_id": client, "partner_id": partner, "valid_from": NOW - timedelta(90)}
        key = uuid7()
        self.insert("partners.attribution", id=key, **(defaults | values))
        return key

    def plan(self, per_lot: str = "7.00", version: int = 1, **values: Any) -> UUID:
        rates = [{"id": "all", "symbol_group": "forex", "per_lot": per_lot, "currency": "USD"}]
        defaults = {
            "name": "standard",
            "version": version,
            "rates": Jsonb(rates),
            "valid_from": NOW - timedelta(90),
            "published_by": "somebody else",
        }
        key = uuid7()
        self.insert("partners.plan_version", id=key, **(defaults | values))
        return key

    def post(self, minor: int) -> None:
        """One journal: a wallet credited from a payment provider's clearing account."""
        accounts = [
            self.connection.execute(
                "select ledger.open_account(%s, %s, 'USD', null, %s, null)", account
            ).fetchone()[0]  # type: ignore[index]
            for account in (("psp:test", "asset", False), ("wallet:test", "liability", True))
        ]
        self.connection.execute(
            "select ledger.post(%s, 'deposit', %s, 'test', %s::bigint[], %s::bigint[], array['USD', 'USD'])",
            (str(uuid7()), NOW, accounts, [-minor, minor]),
        )

    def close(self) -> None:
        self.connection.close()


class Server:
    """A platform server as its adapter shows it."""

    platform = "mt5"
    server = "Kingpost-Live"
    zone = "America/New_York+7"

    def __init__(self, *records: dict[str, str]) -> None:
        self.records = {record["Deal"]: record for record in records}
        self.rates: dict[tuple[date, str], Decimal] = {}

    def add(self, *records: dict[str, str]) -> None:
        self.records |= {record["Deal"]: record for record in records}

    def deals(self, since: datetime, until: datetime) -> Iterator[Mapping[str, str]]:
        for record in self.records.values():
            if since <= self._moment(record) <= until:
                yield record

    def _moment(self, record: Mapping[str, str]) -> datetime:
        """When the server itself holds that a deal was made, whatever it sends."""
        seconds = int(record.get("_Made", record["Time"]))
        wall_clock = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
        return to_utc(wall_clock, self.zone)


def a_deal(ticket: int, **fields: str) -> dict[str, str]:
    """A closing deal of one lot."""
    return {
        "Deal": str(ticket),
        "Login": "1001",
        "Action": "1",
        "Entry": "1",
        "PositionID": "77",
        "Symbol": "EURUSD",
        "Time": str(1_772_000_000 + ticket),
        "Volume": "10000",
        "VolumeClosedExt": "100000000",
        "ContractSize": "100000.00",
        "Price": "1.08700",
        "Profit": "12.50",
        "Storage": "-0.30",
        "Commission": "-7.00",
    } | fields


def a_balance_deal(ticket: int, amount: str, comment: str, **fields: str) -> dict[str, str]:
    """Money put on an account, or taken off it."""
    plain = {"Action": "2", "PositionID": "0", "Symbol": "", "Volume": "0", "VolumeClosedExt": "0"}
    cash = {"Profit": amount, "Storage": "0", "Commission": "0", "Comment": comment}
    return a_deal(ticket, **(plain | cash | fields))


def a_trade(position: int, **fields: str) -> tuple[dict[str, str], dict[str, str]]:
    """A position opened and, ten minutes later, closed."""
    opening = a_deal(
        position * 10, Action="0", Entry="0", PositionID=str(position), VolumeClosedExt="0"
    )
    closing = a_deal(
        position * 10 + 1, PositionID=str(position), Time=str(int(opening["Time"]) + 600)
    )
    return opening | fields, closing | fields


def _neutral(kind: str) -> Any:
    if kind == "uuid":
        return uuid7()
    return _NEUTRAL.get(kind, f"x{uuid7().hex[-12:]}")


def roles(database: Any) -> str:
    """The address of the application's role, for a process of its own."""
    url = database.url(db.API).set(drivername="postgresql")
    return str(url.render_as_string(hide_password=False))
