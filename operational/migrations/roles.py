"""The database and its roles, made before any table: an owner nobody logs in as, and one login per process."""

from psycopg import Connection, connect
from psycopg.errors import DuplicateDatabase, DuplicateObject
from psycopg.sql import SQL, Identifier, Literal
from sqlalchemy import URL

from operational.kit import db
from operational.kit.settings import Settings

APP = "kingpost_app"
"""What the API and the worker have in common."""


def create_database(admin: URL) -> None:
    """Create the database `admin` names, if it is not there."""
    assert admin.database is not None
    with connect(_plain(admin.set(database="postgres")), autocommit=True) as connection:
        try:
            connection.execute(SQL("create database {}").format(Identifier(admin.database)))
        except DuplicateDatabase:
            return


def create_roles(settings: Settings, admin: URL) -> None:
    """Create the owner, the login roles with their passwords, and the schemas of the lake and of Dagster."""
    assert admin.database is not None
    with connect(_plain(admin), autocommit=True) as connection:
        for role in (db.OWNER, APP):
            _create(connection, role, SQL("nologin"))
        for role, password in db.passwords(settings).items():
            _create(connection, role, SQL("login"))
            connection.execute(
                SQL("alter role {} password {}").format(Identifier(role), Literal(password))
            )
        for role in (db.API, db.WORKER):
            connection.execute(SQL("grant {} to {}").format(Identifier(APP), Identifier(role)))
        connection.execute(SQL("grant {} to current_user").format(Identifier(db.OWNER)))
        connection.execute(
            SQL("grant create, connect, temporary on database {} to {}").format(
                Identifier(admin.database), Identifier(db.OWNER)
            )
        )
        connection.execute(SQL("grant create on schema public to {}").format(Identifier(db.OWNER)))
        for role, schema in ((db.LAKE, "lake"), (db.DAGSTER, "dagster")):
            connection.execute(SQL("grant {} to current_user").format(Identifier(role)))
            connection.execute(
                SQL("create schema if not exists {} authorization {}").format(
                    Identifier(schema), Identifier(role)
                )
            )
        _open_lake_to_reader(connection)


def _open_lake_to_reader(connection: Connection) -> None:
    """Whatever the lake's owner makes in its schema can be read by the reader, and only read."""
    reader, owner = Identifier(db.READER), Identifier(db.LAKE)
    connection.execute(SQL("grant usage on schema lake to {}").format(reader))
    connection.execute(
        SQL(
            "alter default privileges for role {} in schema lake grant select on tables to {}"
        ).format(owner, reader)
    )


def _create(connection: Connection, role: str, options: SQL) -> None:
    try:
        connection.execute(SQL("create role {} {}").format(Identifier(role), options))
    except DuplicateObject:
        return


def _plain(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
