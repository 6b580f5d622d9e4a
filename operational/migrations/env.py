"""Alembic's environment: migrations run as the owner, so that the owner owns what they make."""

from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.dialects.postgresql.base import ischema_names

from operational import registry
from operational.kit.db import OWNER, Xid8

# So that `alembic check` recognises the column it reads back.
ischema_names["xid8"] = Xid8


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "schema" or name in registry.SCHEMAS


# A migration must never queue behind a long transaction and stop the whole hub.
engine = create_engine(
    context.config.attributes["url"],
    connect_args={"options": f"-c role={OWNER} -c lock_timeout=3s"},
)
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=registry.metadata,
        include_schemas=True,
        include_name=_is_ours,
        compare_server_default=False,
        version_table_schema="public",
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
