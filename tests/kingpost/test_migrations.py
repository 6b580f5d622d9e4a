"""The schema goes up, comes down, and is what the models say."""

from alembic import command

from operational.kit import db
from operational.migrations.upgrade import config, upgrade


def test_the_schema_is_what_the_models_say_and_can_be_taken_down_and_up(database) -> None:
    alembic = config(db.admin_url(database.settings))

    command.check(alembic)
    command.downgrade(alembic, "base")
    upgrade(database.settings)
    command.check(alembic)
