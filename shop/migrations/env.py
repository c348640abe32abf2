"""Run the migrations on the database of the app. An upgrade never loses an order: columns are added, not dropped."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from flask import current_app
from sqlalchemy import Connection

from shop.db import UtcDateTime, db


def render_item(kind: str, item: object, _autogen: AutogenContext) -> str | Literal[False]:
    """Write our own column types into scripts as the plain types they are, so that old scripts never depend on us."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def prepare(connection: Connection) -> None:
    """SQLite: readers and the writer no longer block each other; the mode stays with the file.

    PostgreSQL: building an index may take longer than any page; waiting for a lock may not.
    """
    if connection.dialect.name == "sqlite":
        connection.connection.cursor().execute("PRAGMA journal_mode=WAL")
    else:
        connection.exec_driver_sql("SET statement_timeout = 0")


def run() -> None:
    """Migrate in one transaction."""
    options = current_app.extensions["migrate"].configure_args
    with db.engine.connect() as connection:
        prepare(connection)
        context.configure(connection=connection, target_metadata=db.metadata, render_item=render_item, **options)
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


run()
