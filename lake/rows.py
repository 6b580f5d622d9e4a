"""What a row of each mart shows, and to whom: references only, never a name or an address.

A column somebody may not see is masked in the statement itself. Masked and unmasked answers are
therefore answers to different statements, and no cache can mix them up.
"""

from dataclasses import dataclass

MARTS = "lake.marts"
MASK = "'•••'"
PAGE = "_page"
"""What the column is called that says where on the staff screens a reference leads."""

CLIENTS, PAYMENTS, PLATFORMS, PARTNERS, BREAKS = (
    "clients.read",
    "payments.read",
    "platforms.read",
    "partners.read",
    "reconciliation.read",
)
"""Permissions of the access matrix that open the reference columns."""


@dataclass(frozen=True)
class Column:
    """One column of a list of rows."""

    name: str
    sql: str
    permission: str | None = None
    """Who may see it; everybody if there is none."""
    page: str | None = None
    """SQL of the staff screen's address, if what it names has one."""

    def seen_by(self, permissions: frozenset[str]) -> tuple[str, ...]:
        """The column, masked if need be; where it leads as well, for those who may go there."""
        if self.permission is not None and self.permission not in permissions:
            return (f"{MASK} as {self.name}",)
        page = () if self.page is None else (f"{self.page} as {self.name}{PAGE}",)
        return (f"{self.sql} as {self.name}", *page)


@dataclass(frozen=True)
class Rows:
    """The rows of one mart as people see them."""

    columns: tuple[Column, ...]
    order: str
    """Of rows of the same day: the newest first, and never two ways."""
    joins: str = ""


@dataclass(frozen=True)
class Origin:
    """The rows that make a number: those of one mart that meet a condition."""

    mart: str
    condition: str = "true"
    """SQL over the mart. May take `$since` and `$until`, and so do the statements then."""
    day: str | None = None
    """The column that places a row in time, if any does."""

    @property
    def count_sql(self) -> str:
        """How many rows: `row_count`."""
        return (
            f"select count(*) as row_count\nfrom {MARTS}.{self.mart} as mart\n"
            f"where {self.condition}"
        )

    def rows_sql(self, permissions: frozenset[str]) -> str:
        """The rows, newest first, masked for a reader. Takes `$most` as well."""
        rows = ROWS[self.mart]
        seen = ",\n    ".join(
            text for column in rows.columns for text in column.seen_by(permissions)
        )
        order = rows.order if self.day is None else f"mart.{self.day} desc, {rows.order}"
        return (
            f"select\n    {seen}\n"
            f"from {MARTS}.{self.mart} as mart\n{rows.joins}where {self.condition}\n"
            f"order by {order}\nlimit $most"
        )


def usd(column: str) -> str:
    """US cents as exact dollars."""
    return f"{column} * 0.01::decimal(2, 2)"


def _client(alias: str) -> Column:
    return Column(
        "client_reference",
        f"{alias}.client_reference",
        CLIENTS,
        f"'/staff/clients/' || {alias}.client_id",
    )


_CLIENT = f"left join {MARTS}.dim_clients as client on mart.client_id = client.client_id\n"
_PARTNER = f"left join {MARTS}.dim_partners as partner on mart.partner_id = partner.partner_id\n"
_SERVER = Column("server", "mart.server", PLATFORMS)
_DEAL = Column("deal", "mart.deal", PLATFORMS)

ROWS = {
    "dim_clients": Rows(
        columns=(
            _client("mart"),
            Column("country", "mart.country"),
            Column("stage", "mart.stage"),
            Column("source", "mart.source"),
            Column("queue", "mart.queue"),
            Column("registered_at", "mart.registered_at"),
            Column("verified_at", "mart.verified_at"),
            Column(
                "verified_by",
                "if(mart.verified_at is null, null, if(mart.is_verified_by_rule, 'rule', 'person'))",
            ),
            Column("first_deposit_at", "mart.first_deposit_at"),
        ),
        order="mart.registered_at desc, mart.client_id",
    ),
    "fct_payments": Rows(
        columns=(
            Column(
                "payment_reference",
                "mart.payment_reference",
                PAYMENTS,
                "'/staff/payments/' || mart.payment_reference",
            ),
            _client("client"),
            Column("direction", "mart.direction"),
            Column("psp", "mart.psp"),
            Column("amount_minor", "mart.amount_minor"),
            Column("currency", "mart.currency"),
            Column("amount_usd", usd("mart.amount_usd_minor")),
            Column("status", "mart.status"),
            Column("failure_reason", "mart.failure_reason"),
            Column("requested_at", "mart.requested_at"),
            Column("succeeded_at", "mart.succeeded_at"),
            Column("taken_back_at", "if(mart.is_taken_back, mart.ended_at, null)"),
        ),
        order="mart.requested_at desc, mart.payment_id",
        joins=_CLIENT,
    ),
    "fct_trades": Rows(
        columns=(
            _client("client"),
            _SERVER,
            Column(
                "login",
                "mart.login",
                PLATFORMS,
                "'/staff/accounts/' || mart.trading_account_id",
            ),
            _DEAL,
            Column("symbol", "mart.symbol"),
            Column("side", "if(mart.is_long, 'long', 'short')"),
            Column("closed_lots", "mart.closed_lots"),
            Column("client_result_usd", usd("mart.client_pnl_usd_minor")),
            Column("left_out_for", "mart.exclusion_reason"),
            Column("opened_at", "mart.opened_at"),
            Column("closed_at", "mart.closed_at"),
            Column("trading_day", "mart.trading_day"),
        ),
        order="mart.closed_at desc, mart.platform, mart.server, mart.deal",
        joins=_CLIENT,
    ),
    "fct_partner_commissions": Rows(
        columns=(
            Column("partner_code", "partner.partner_code", PARTNERS),
            _client("client"),
            _SERVER,
            _DEAL,
            Column("symbol", "mart.symbol"),
            Column("closed_lots", "mart.closed_lots"),
            Column("rate", "mart.rate_id"),
            Column("per_lot", "mart.per_lot"),
            Column("currency", "mart.currency"),
            Column("commission", "mart.commission"),
            Column("commission_usd", "mart.commission_usd"),
            Column("closed_at", "mart.closed_at"),
        ),
        order="mart.closed_at desc, mart.platform, mart.server, mart.deal",
        joins=_CLIENT + _PARTNER,
    ),
    "fct_break_items": Rows(
        columns=(
            Column(
                "break_reference",
                "mart.break_reference",
                BREAKS,
                "'/staff/breaks/' || mart.break_reference",
            ),
            Column("leg", "mart.leg"),
            Column("kind", "mart.kind"),
            Column("counterpart", "mart.counterpart"),
            Column("our_reference", "mart.our_reference", PAYMENTS),
            Column("severity", "mart.severity"),
            Column("status", "mart.status"),
            Column("amount_minor", "mart.difference_minor"),
            Column("currency", "mart.currency"),
            Column("value_usd", usd("mart.value_usd_minor")),
            Column("age_days", "mart.age_days"),
            Column("due_at", "mart.due_at"),
            Column("deadline_at", "mart.deadline_at"),
            Column("closed_at", "mart.closed_at"),
        ),
        order="mart.due_at desc, mart.break_id",
    ),
    "fct_client_money": Rows(
        columns=(
            Column(
                "report_date",
                "mart.report_date",
                page="'/staff/client-money/' || mart.report_id",
            ),
            Column("version", "mart.version"),
            Column("status", "mart.status"),
            Column("owed_minor", "mart.owed_minor"),
            Column("held_minor", "mart.held_minor"),
            Column("difference_minor", "mart.difference_minor"),
            Column("unexplained_minor", "mart.unexplained_minor"),
            Column("currency", "mart.currency"),
            Column("decided_at", "mart.decided_at"),
        ),
        order="mart.report_date desc, mart.currency",
    ),
    "fct_ledger_balances": Rows(
        columns=(
            # Whose it is says the client's column, to those who may know.
            Column("account", "regexp_replace(mart.account_code, '[0-9a-f-]{36}', '…')"),
            Column("kind", "mart.account_kind"),
            _client("client"),
            Column("balance_minor", "mart.balance_minor"),
            Column("currency", "mart.currency"),
            Column("entries", "mart.entry_count"),
        ),
        order="abs(mart.balance_minor) desc, mart.account_id",
        joins=f"left join {MARTS}.dim_clients as client on mart.owner_id = client.client_id\n",
    ),
}
