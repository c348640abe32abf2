"""The triggers of a migrated database: which there are, and a way around them for tests that plant trouble."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from shop.db import db

_LISTS = {
    "sqlite": "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname, CAST(CAST(tgrelid AS regclass) AS text) FROM pg_trigger WHERE NOT tgisinternal",
}


def all_of_them() -> dict[str, str]:
    """Name and table of every trigger."""
    found = db.session.execute(text(_LISTS[db.engine.dialect.name]))
    return {row[0]: row[1] for row in found}


def drop() -> None:
    """Take all triggers away, as somebody could who has the database's password."""
    on_table = " ON {}" if db.engine.dialect.name == "postgresql" else ""
    for name, table in all_of_them().items():
        db.session.execute(text(f"DROP TRIGGER {name}" + on_table.format(table)))
    db.session.commit()


@contextmanager
def paused(connection: Connection, name: str, table: str) -> Iterator[None]:
    """Leave one trigger out for a moment, inside the transaction of a connection."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER {name}"))
        yield
        connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER {name}"))
        return
    definition = text("SELECT sql FROM sqlite_master WHERE name = :name")
    created = str(connection.scalar(definition, {"name": name}))
    connection.execute(text(f"DROP TRIGGER {name}"))
    yield
    connection.exec_driver_sql(created)
