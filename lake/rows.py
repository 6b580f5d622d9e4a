"""What a row of each mart shows, and to whom: references only, never a name or an address.

A column somebody may not see is masked in the statement itself. Masked and unmasked answers are
therefore answers to different statements, and no cache can mix them up.
"""

from dataclasses import dataclass

MARTS = "lake.marts"
MASK = "'•••'"

CLIENTS, PAYMENTS, PLATFORMS, PARTNERS = (
    "clients.read",
    "payments.read",
    "platforms.read",
    "partners.read",
)
"""Permissions of the access matrix that open the reference columns."""


@dataclass(frozen=True)
class Column:
    """One column of a list of rows."""

    name: str
    sql: str
    permission: str | None = None
    """Who may see it; everybody if there is none."""

    def seen_by(self, permissions: frozenset[str]) -> str:
        is_open = self.permission is None or self.permission in permissions
        return f"{self.sql if is_open else MASK} as {self.name}"


@dataclass(frozen=True)
class Rows:
    """The rows of one mart as people see them."""

    columns: tuple[Column, ...]
    order: str
    """Of rows of the same day: the newest first, and never two ways."""
    joins: str = ""

    def sql(self, mart: str, condition: str, day: str, permissions: frozenset[str]) -> str:
        """The newest rows first. The statement takes `$most`, and whatever `condition` takes."""
        columns = ",\n    ".join(column.seen_by(permissions) for column in self.columns)
        return (
            f"select\n    {columns}\nfrom {MARTS}.{mart} as mart\n{self.joins}where {condition}\n"
            f"order by mart.{day} desc, {self.order}\nlimit $most"
        )


def usd(column: str) -> str:
    """US cents as exact dollars."""
    return f"{column} * 0.01::decimal(2, 2)"


_CLIENT = f"left join {MARTS}.dim_clients as client on mart.client_id = client.client_id\n"
_PARTNER = f"left join {MARTS}.dim_partners as partner on mart.partner_id = partner.partner_id\n"
_DEAL = (
    Column("client_reference", "client.client_reference", CLIENTS),
    Column("server", "mart.server", PLATFORMS),
    Column("login", "mart.login", PLATFORMS),
    Column("deal", "mart.deal", PLATFORMS),
)

ROWS = {
    "dim_clients": Rows(
        columns=(
            Column("client_reference", "mart.client_reference", CLIENTS),
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
            Column("payment_reference", "mart.payment_reference", PAYMENTS),
            Column("client_reference", "client.client_reference", CLIENTS),
            Column("direction", "mart.direction"),
            Column("psp", "mart.psp"),
            Column("amount_minor", "mart.amount_minor"),
            Column("currency", "mart.currency"),
            Column("amount_usd", usd("mart.amount_usd_minor")),
            Column("status", "mart.status"),
            Column("failure_reason", "mart.failure_reason"),
            Column("requested_at", "mart.requested_at"),
            Column("succeeded_at", "mart.succeeded_at"),
        ),
        order="mart.requested_at desc, mart.payment_id",
        joins=_CLIENT,
    ),
    "fct_trades": Rows(
        columns=(
            *_DEAL,
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
            *(column for column in _DEAL if column.name != "login"),
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
}
