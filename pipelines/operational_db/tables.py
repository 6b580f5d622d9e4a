"""Which tables and columns are ingested, found in the database's own catalogue.

The extract role's grants are the allow list: a secret it may not read cannot leak from here.
"""

import re
from dataclasses import dataclass

import duckdb

from pipelines.landing import SCHEMA

# Who a client is stays in operations: the lake counts people and never names them, so that a copy
# of it gives nobody away. Reviewers look names up by reference, under the access matrix.
_PERSONAL = frozenset(
    f"clients.client.{name}"
    for name in (
        "email", "mailbox", "first_name", "last_name", "name_key", "birth_date", "phone",
        "registered_ip", "device",
    )
) | {"partners.partner.mailbox", "partners.partner.name_key"}  # fmt: skip

# Of no use to an analyst, and bulky or about one person's papers.
WITHHELD = _PERSONAL | frozenset(
    {
        "kyc.check.compared",
        "kyc.check.facts",
        "kyc.document.file_name",
        "kyc.document.document_number",
        "kyc.document.mrz",
        "messaging.outbox.payload",
        "payments.adjustment.note",
        "payments.transfer_assignment.assigned_by_name",
        "payments.transfer_assignment.reason",
        "payments.withdrawal.ip",
        "payments.withdrawal_vote.note",
        "payments.withdrawal_vote.voter_name",
        "reconciliation.daily_report.decision_note",
        "reconciliation.daily_report.reason",
        "reconciliation.resolution.note",
        "review.evidence.payload",
        "rules.decision.trace",
    }
)

# Each PostgreSQL type, the SQL that reads it exactly into DuckDB, and the lake's type.
_TYPES = {
    "bigint": ("{}", "BIGINT"),
    "boolean": ("{}", "BOOLEAN"),
    "date": ("{}", "DATE"),
    "integer": ("{}", "INTEGER"),
    "jsonb": ("{}::text", "JSON"),
    "smallint": ("{}", "SMALLINT"),
    "text": ("{}", "VARCHAR"),
    "timestamp with time zone": ("{}", "TIMESTAMPTZ"),
    "uuid": ("{}", "UUID"),
    "xid8": ("{}::text::bigint", "BIGINT"),
}
_DECIMAL = re.compile(r"numeric\((\d+),(\d+)\)")
_TEXT = re.compile(r"character( varying)?(\(\d+\))?")

_CATALOGUE = """
select n.nspname as schema_name, c.relname as table_name, a.attname as column_name,
       format_type(a.atttypid, a.atttypmod) as type_name, a.attnotnull as is_required,
       has_table_privilege(c.oid, 'select') as is_wholly_readable,
       coalesce(a.attnum = any (k.indkey::smallint[]), false) as is_key
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_index k on k.indrelid = c.oid and k.indisprimary
where c.relkind = 'r'
  and exists (select from pg_attribute x where x.attrelid = c.oid and x.attname = 'row_xid')
  and has_schema_privilege(n.oid, 'usage')
  and has_column_privilege(c.oid, a.attnum, 'select')
  and format_type(a.atttypid, a.atttypmod) <> 'bytea'
order by n.nspname, c.relname, a.attnum
"""


class TypeUnsupportedError(TypeError):
    """A column of a type the lake cannot keep to the last digit, such as a float."""


@dataclass(frozen=True)
class Column:
    """One column, as PostgreSQL reads it and as the lake keeps it."""

    name: str
    expression: str
    lake_type: str
    is_key: bool
    is_required: bool


@dataclass(frozen=True)
class Table:
    """One ingested table."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    is_wholly_readable: bool
    """False where only some columns are granted; PostgreSQL then hides where rows lie."""

    @property
    def source(self) -> str:
        return f'"{self.schema}"."{self.name}"'

    @property
    def raw_name(self) -> str:
        return f"{self.schema}__{self.name}"

    @property
    def target(self) -> str:
        return f'lake.{SCHEMA}."{self.raw_name}"'

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.is_key)


def discover(connection: duckdb.DuckDBPyConnection) -> list[Table]:
    """Every table the extract role may read, in one order.

    Raises:
        TypeUnsupportedError: a column has a type the lake cannot keep exactly.
    """
    rows = connection.execute("from postgres_query('operations', ?)", [_CATALOGUE]).fetchall()
    found: dict[tuple[str, str], tuple[list[Column], bool]] = {}
    for schema, table, column, type_name, is_required, is_wholly_readable, is_key in rows:
        path = f"{schema}.{table}.{column}"
        if path not in WITHHELD:
            columns, _ = found.setdefault((schema, table), ([], is_wholly_readable))
            expression, lake_type = _translated(path, type_name)
            read = expression.format(f'"{column}"')
            columns.append(Column(column, read, lake_type, is_key, is_required))
    return [Table(*name, tuple(columns), whole) for name, (columns, whole) in found.items()]


def _translated(path: str, type_name: str) -> tuple[str, str]:
    if decimal := _DECIMAL.fullmatch(type_name):
        return "{}", f"DECIMAL({decimal[1]},{decimal[2]})"
    if _TEXT.fullmatch(type_name):
        return "{}", "VARCHAR"
    try:
        return _TYPES[type_name]
    except KeyError:
        raise TypeUnsupportedError(f"{path} is {type_name}, which the lake does not keep") from None
