"""Money: payouts and withdrawals, routing, disputes, reconciliation.

Each part is one file of `sql/money`, with its tables, triggers and grants; `sql/money/down` takes
it back.
"""

from pathlib import Path

from alembic import op

revision = "2026_11_25_1100"
down_revision = "2026_11_23_0300"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    cursor = op.get_bind().connection.cursor()
    for part in sorted((SQL / "money").glob("*.sql")):
        cursor.execute(part.read_text())
    cursor.execute((SQL / "row_xid.sql").read_text())


def downgrade() -> None:
    cursor = op.get_bind().connection.cursor()
    for part in sorted((SQL / "money" / "down").glob("*.sql"), reverse=True):
        cursor.execute(part.read_text())
