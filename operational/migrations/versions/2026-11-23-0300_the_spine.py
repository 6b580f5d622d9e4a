"""The spine: every table, role grant, trigger and ledger function of the first release."""

from pathlib import Path

from alembic import op
from procrastinate.schema import SchemaManager

from operational.kit import jobs
from operational.kit.money import EXPONENTS

revision = "2026_11_23_0300"
down_revision = None
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql"
SCHEMAS = (
    "access", "audit", "clients", "kyc", "ledger", "messaging",
    "partners", "payments", "platforms", "review", "rules",
)  # fmt: skip


def upgrade() -> None:
    # The driver itself runs a file of many statements; SQLAlchemy would look for parameters in it.
    cursor = op.get_bind().connection.cursor()
    for part in ("tables", "row_xid", "ledger", "audit", "records", "grants"):
        cursor.execute((SQL / f"{part}.sql").read_text())
    # The queue is Procrastinate's own SQL, in a schema of its own.
    cursor.execute(f"create schema {jobs.SCHEMA}")
    cursor.execute(f"set local search_path = {jobs.SCHEMA}")
    cursor.execute(SchemaManager.get_schema())
    cursor.execute("set local search_path to default")
    cursor.execute((SQL / "jobs.sql").read_text())
    cursor.executemany("insert into ledger.currency values (%s, %s)", list(EXPONENTS.items()))


def downgrade() -> None:
    for schema in (*SCHEMAS, "kit", jobs.SCHEMA):
        op.execute(f"drop schema {schema} cascade")
