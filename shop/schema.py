"""The version of the tables, and the commands that make and change them."""

from pathlib import Path

import click
from flask import Flask
from sqlalchemy import inspect, text

from shop.db import db

MIGRATIONS = Path(__file__).parent / "migrations"


def init_app(app: Flask) -> None:
    """Add what ``flask --app app db`` needs, if a command loads the app. Alembic is large, and no page needs it."""
    if click.get_current_context(silent=True) is not None:
        from flask_migrate import Migrate  # noqa: PLC0415

        Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=True)


def newest_version() -> str:
    """The version that the code needs: the revision of the last migration."""
    last = max((MIGRATIONS / "versions").glob("*.py"))
    return last.read_text(encoding="utf-8").partition('\nrevision = "')[2].partition('"')[0]


def present_version() -> str:
    with db.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return ""
        return str(connection.scalar(text("SELECT version_num FROM alembic_version")))
