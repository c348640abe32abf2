"""The database: one session per request, writes in one short transaction each, the same on SQLite and PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from enum import StrEnum
from threading import Lock
from typing import Any

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, DateTime, Dialect, Engine, Enum, ExceptionContext, event
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

WRITES = "shop_writes"
LOCK_SECONDS = 5
"""How long one statement waits for somebody else's lock. Our own transactions last milliseconds."""
UNAVAILABLE = (OperationalError, InterfaceError, PoolExhausted)
"""The database is away, locked or full. Nothing is wrong with what was asked: later it may work."""
_writing = Lock()
"""SQLite has one writer at a time and no queue: whoever waits there looks again after up to a tenth of a second, and of
many threads some would never find it free. So those of this process queue here."""
_READ_ONLY = "25006"
"""PostgreSQL's code for a write where only reading is allowed."""
_POSTGRESQL_LIMITS = {
    "lock_timeout": f"{LOCK_SECONDS}s",
    "statement_timeout": "30s",  # no page needs longer
    "idle_in_transaction_session_timeout": "60s",  # a machine that vanished gives its locks back
}


class Base(DeclarativeBase):
    """Every table of the shop."""


db = SQLAlchemy(model_class=Base)
migrate = Migrate()


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment. SQLite forgets time zones, so we store UTC and put the zone back when reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Refuse a naive time rather than guess its zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone must not reach the database")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Give every time back as aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def one_of(kind: type[StrEnum], name: str) -> Enum:
    """A column that holds one value of an enumeration, as text with a check constraint on both engines."""
    return Enum(
        kind,
        name=name,
        native_enum=False,
        length=20,
        create_constraint=True,
        values_callable=lambda members: [member.value for member in members],
    )


@contextmanager
def transaction() -> Iterator[None]:
    """One write transaction: committed as a whole or not at all.

    It begins afresh, so what was read before is read again under the write lock. On SQLite it opens with
    BEGIN IMMEDIATE: a deferred transaction that reads first and writes later fails at once when its snapshot is old.
    Never hold one open while the network is waited for.
    """
    session = db.session()
    if session.info.get(WRITES):
        raise RuntimeError("a write transaction is open already: a service must not begin another inside it")
    session.rollback()
    with in_turn(_writing, LOCK_SECONDS) if db.engine.dialect.name == "sqlite" else nullcontext():
        session.connection(execution_options={WRITES: True})
        session.info[WRITES] = True
        try:
            yield
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.info[WRITES] = False


@contextmanager
def in_turn(lock: Lock, seconds: float) -> Iterator[None]:
    """One thread of this process after the other; who waits longer is told what a busy database would tell.

    :raises PoolExhausted: one of `UNAVAILABLE`
    """
    if not lock.acquire(timeout=seconds):
        raise PoolExhausted("too many threads wait to write")
    try:
        yield
    finally:
        lock.release()


def release() -> None:
    """End the reading transaction, so that none is open while the gateway is asked."""
    db.session.rollback()


def engine_options(url: str) -> dict[str, Any]:
    """How to connect. An error of the database must not log names and phones, so parameters stay hidden.

    PostgreSQL: a connection that broke in the pool is replaced before it is used, the pool has room for sixteen
    threads, and nothing waits for ever, neither for a host that is away nor for a lock.
    """
    if not url.startswith("postgresql"):
        return {"hide_parameters": True}
    limits = " ".join(f"-c {name}={value}" for name, value in _POSTGRESQL_LIMITS.items())
    return {
        "hide_parameters": True,
        "pool_pre_ping": True,
        "pool_size": 8,
        "max_overflow": 8,
        "pool_timeout": 10,
        "connect_args": {"connect_timeout": 5, "tcp_user_timeout": 15_000, "options": limits},
    }


def init_app(app: Flask, migrations: str) -> None:
    """Bind the database to the app and teach SQLite our transactions."""
    db.init_app(app)
    app.teardown_appcontext(_put_away)
    migrate.init_app(app, db, directory=migrations, render_as_batch=True)
    with app.app_context():
        event.listen(db.engine, "handle_error", _name_nobody)
        event.listen(db.engine, "handle_error", _call_read_only_away, retval=True)
        if db.engine.dialect.name == "sqlite":
            _prepare_sqlite(db.engine)
        else:
            event.listen(db.engine, "before_cursor_execute", _without_nul, retval=True)


def _put_away(_error: BaseException | None) -> None:
    """What breaks now breaks no answer: it is ready, and what had to be written has been committed.

    Runs before Flask-SQLAlchemy's own tidying, which would make a 500 of it.
    """
    try:
        db.session.rollback()
    except UNAVAILABLE:
        db.session().invalidate()


def _name_nobody(context: ExceptionContext) -> None:
    """PostgreSQL quotes the row that it refuses; a log must not."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args:
            error.args = (str(error.args[0]).partition("\nDETAIL:")[0], *error.args[1:])


def _call_read_only_away(context: ExceptionContext) -> OperationalError | None:
    """After a failover the server that was ours only reads. It is as good as away: the next try needs a new connection.

    Other mistakes share its class, so this one is known by its code.
    """
    error = context.original_exception
    if getattr(error, "sqlstate", None) != _READ_ONLY:
        return None
    context.is_disconnect = True
    return OperationalError(context.statement, None, error, hide_parameters=True)


def _without_nul(_connection: Connection, _cursor: object, statement: str, values: Any, *_: object) -> tuple[str, Any]:
    """PostgreSQL knows no text with a NUL: what was sent with one is looked for, or kept, with a sign in its place."""
    return statement, _replacing_nul(values)


def _replacing_nul(value: Any) -> Any:
    match value:
        case str():
            return value.replace("\0", "\ufffd")
        case dict():
            return {name: _replacing_nul(one) for name, one in value.items()}
        case list() | tuple():
            return type(value)(map(_replacing_nul, value))
        case _:
            return value


def _prepare_sqlite(engine: Engine) -> None:
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)


def _set_pragmas(connection: Any, _record: object) -> None:
    """Durable commits, enforced foreign keys, patience with other writers; we begin transactions ourselves."""
    connection.isolation_level = None
    for pragma in ("foreign_keys=ON", "synchronous=FULL", f"busy_timeout={LOCK_SECONDS * 1000}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
