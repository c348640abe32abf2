"""Move everything into another database: into an empty one of the same schema, as a whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest

from sqlalchemy import Connection, Engine, Table, create_engine, func, insert, inspect, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.orm import Session

from shop.db import db, engine_options
from shop.errors import CannotMove
from shop.services import ledger

BATCH = 500
"""Rows per statement."""


def copy_to(address: str) -> dict[str, int]:
    """Copy all rows, compare both databases and commit. Answers how many rows each table has.

    Stop the shop first: what is written here meanwhile would stay behind.

    :raises CannotMove: nothing was written; the message says why
    :raises sqlalchemy.exc.SQLAlchemyError: nothing was written either
    """
    target = _engine(address)
    try:
        _insist_on_reachable(target)
        with _snapshot() as here, target.begin() as there:
            _insist_on_same_schema(here, there)
            _insist_on_empty(there)
            for table in db.metadata.sorted_tables:
                _copy(table, here, there)
            _insist_on_same_books(here, there)
            return _counts(there)
    finally:
        target.dispose()


def _engine(address: str) -> Engine:
    """The other database. PostgreSQL is reached through psycopg however the address spells it."""
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise CannotMove("this is not the address of a database") from error
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url == db.engine.url:
        raise CannotMove("this is the database that the shop already uses")
    try:
        return create_engine(url, **engine_options(url.drivername))
    except (NoSuchModuleError, ImportError) as error:
        raise CannotMove("the shop runs on SQLite and PostgreSQL only") from error


def _insist_on_reachable(target: Engine) -> None:
    """A wrong host, name or password is a sentence for who typed it, without the address and its password."""
    try:
        target.connect().close()
    except DBAPIError as error:
        raise CannotMove(f"it cannot be reached: {str(error.orig).strip()}") from error


def _snapshot() -> Connection:
    """One consistent view of what is here; on SQLite every transaction is that."""
    if db.engine.dialect.name == "postgresql":
        return db.engine.connect().execution_options(isolation_level="REPEATABLE READ")
    return db.engine.connect()


def _insist_on_same_schema(here: Connection, there: Connection) -> None:
    if _revision(here) != _revision(there):
        raise CannotMove(
            f"its schema is {_revision(there) or 'not there'} and ours {_revision(here)}: "
            "run `flask --app app db upgrade` with DATABASE_URL set to it first"
        )


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version


def _insist_on_empty(there: Connection) -> None:
    filled = [name for name, rows in _counts(there).items() if rows]
    if filled:
        raise CannotMove(f"it is not empty: there are rows in {', '.join(filled)}")


def _counts(connection: Connection) -> dict[str, int]:
    tables = db.metadata.sorted_tables
    return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def _copy(table: Table, here: Connection, there: Connection) -> None:
    """Row by row as they are, with their numbers; on PostgreSQL new rows then get numbers behind them."""
    rows = here.execute(select(table).order_by(*table.primary_key), execution_options={"yield_per": BATCH})
    for some in rows.mappings().partitions():
        there.execute(insert(table), [dict(row) for row in some])
    if there.dialect.name == "postgresql" and "id" in table.columns:
        highest = there.scalar(select(func.max(table.c.id)))
        if highest is not None:
            there.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), highest)))


def _insist_on_same_books(here: Connection, there: Connection) -> None:
    """As many rows in every table, and the same ledger."""
    if _counts(here) != _counts(there):
        raise CannotMove("the copy has not as many rows")
    with _reader(here) as ours, _reader(there) as theirs:
        pairs = zip_longest(ledger.lines(ours), ledger.lines(theirs))
        differs = next((mine or other for mine, other in pairs if mine != other), None)
    if differs is not None:
        raise CannotMove(f"the ledgers differ at {differs.attempt_no}")


@contextmanager
def _reader(connection: Connection) -> Iterator[Session]:
    """A session inside a transaction that it neither commits nor rolls back."""
    with Session(connection, join_transaction_mode="create_savepoint") as session:
        yield session
