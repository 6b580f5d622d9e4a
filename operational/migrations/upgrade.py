"""Bring a database to the newest schema, or back."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import URL

from operational.kit import db
from operational.kit.settings import Settings
from operational.migrations import roles

HERE = Path(__file__).parent


def upgrade(settings: Settings) -> None:
    """Create database and roles if they are missing, then apply every revision. Safe to repeat."""
    admin = db.admin_url(settings)
    roles.create_database(admin)
    roles.create_roles(settings, admin)
    command.upgrade(config(admin), "head")


def config(admin: URL) -> Config:
    """Alembic's configuration for the database `admin` names."""
    found = Config()
    found.set_main_option("script_location", str(HERE))
    found.set_main_option("version_locations", str(HERE / "versions"))
    found.set_main_option("path_separator", "os")
    found.set_main_option(
        "file_template", "%%(year)d-%%(month).2d-%%(day).2d-%%(hour).2d%%(minute).2d_%%(slug)s"
    )
    found.attributes["url"] = admin
    return found
