"""A shop's database, from outside: somebody holds it, connections break, the disk is full; and what it contains."""

from __future__ import annotations

import resource
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Event

from sqlalchemy import Connection, MetaData, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from tests.chaos.beside import beside

CUT_EVERY = 0.05
OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection of our own, in no transaction but those that we begin."""
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Nobody else can write: SQLite's one lock is ours, or that of every table of PostgreSQL. Reading goes on."""
    with connected(url) as connection:
        while not _take_lock(connection):
            pass  # each try waits in the database
        try:
            yield
        finally:
            connection.execute(text("ROLLBACK"))


def _take_lock(connection: Connection) -> bool:
    """False if somebody was faster; then nothing is held."""
    if connection.dialect.name == "sqlite":
        statements = ["BEGIN IMMEDIATE"]
    else:
        tables = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars()
        statements = ["BEGIN", "SET LOCAL lock_timeout = '1s'", f"LOCK TABLE {', '.join(tables)} IN EXCLUSIVE MODE"]
    try:
        for statement in statements:
            connection.execute(text(statement))
    except OperationalError:
        with suppress(OperationalError):
            connection.execute(text("ROLLBACK"))
        return False
    return True


@contextmanager
def cut_off(url: str) -> Iterator[None]:
    """PostgreSQL ends every connection, again and again, whatever it is in the middle of."""

    def cut(over: Event) -> None:
        with connected(url) as connection:
            while not over.wait(CUT_EVERY):
                connection.execute(text(f"SELECT pg_terminate_backend(pid) {OTHERS}"))

    with beside(cut, "cutter"):
        yield


@contextmanager
def no_space(pids: Sequence[int]) -> Iterator[None]:
    """No byte that these processes write reaches a file: their disk is full, for logs and database alike."""
    for pid in pids:
        _limit(pid, 0)
    try:
        yield
    finally:
        for pid in pids:
            _limit(pid, None)


def _limit(pid: int, most: int | None) -> None:
    """How far into a file it may write; None is as far as it may."""
    with suppress(ProcessLookupError):
        allowed = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (allowed if most is None else most, allowed))


def rows_of(url: str) -> Iterator[str]:
    """Every row of every table, as text."""
    with connected(url) as connection:
        tables = MetaData()
        tables.reflect(connection)
        for table in tables.sorted_tables:
            for row in connection.execute(table.select()).yield_per(1000):
                yield f"{table.name}: {tuple(row)}"
