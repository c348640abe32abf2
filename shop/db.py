"""The database: one session per request, writes in one short transaction each, the same on SQLite and PostgreSQL."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, DateTime, Dialect, Enum, ExceptionContext, Index, Select, String, event, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

Value = TypeVar("Value")
WRITES = "shop_writes"
LOCK_SECONDS = 5
"""How long a statement waits for a lock. Our own transactions last milliseconds."""
UNAVAILABLE = (OperationalError, InterfaceError, PoolExhausted)
"""The database cannot be reached, is locked or full. A later try may work."""
_writing = Lock()
"""SQLite has one writer at a time and no queue, only polling. The threads of this process queue here instead."""
_READ_ONLY = "25006"
"""PostgreSQL's code for a write on a read-only server."""
_POSTGRESQL_LIMITS = {
    "lock_timeout": f"{LOCK_SECONDS}s",
    "statement_timeout": "30s",  # no page needs longer
    "idle_in_transaction_session_timeout": "60s",  # frees the locks of a machine that vanished
}


class Base(DeclarativeBase):
    """Every table of the shop."""


db = SQLAlchemy(model_class=Base)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time. SQLite stores no time zone, so the column holds UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Convert to UTC. Raises ValueError for a naive time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone must not reach the database")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class CutText(TypeDecorator[str]):
    """Text that the gateway sends, cut to the length of its column."""

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        return value and value[: self.length]


def one_of(kind: type[StrEnum], name: str) -> Enum:
    """Return a column type for an enumeration: text with a check constraint."""
    return Enum(
        kind,
        name=name,
        native_enum=False,
        length=20,
        create_constraint=True,
        values_callable=lambda members: [member.value for member in members],
    )


def one_row_while(states: Iterable[str], name: str, column: str) -> Index:
    """Return an index that admits one row in these states per value of the column."""
    where = text("state IN ({})".format(", ".join(f"'{state}'" for state in states)))
    return Index(name, column, unique=True, sqlite_where=where, postgresql_where=where)


@contextmanager
def transaction() -> Iterator[None]:
    """Open one write transaction. Never hold one open across the network.

    What was read before is read again. SQLite opens it with BEGIN IMMEDIATE: a transaction that reads first and writes
    later fails when its snapshot is old.
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
    """Hold a lock. Raises PoolExhausted, one of `UNAVAILABLE`, after so many seconds."""
    if not lock.acquire(timeout=seconds):
        raise PoolExhausted("too many threads wait to write")
    try:
        yield
    finally:
        lock.release()


def read_column(query: Select[Value]) -> list[Value]:
    """Return the values of a column, and end the reading transaction."""
    values = list(db.session.scalars(query))
    end_reading()
    return values


def end_reading() -> None:
    """End the reading transaction, so that none is open while the gateway is asked."""
    db.session.rollback()


def engine_options(url: str) -> dict[str, Any]:
    """Return the options of the engine. Parameters are hidden: an error must not log names and phones.

    PostgreSQL: broken connections are replaced, sixteen threads find one, and every wait has an end.
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


def init_app(app: Flask) -> None:
    db.init_app(app)
    app.teardown_appcontext(_end_session)
    with app.app_context():
        event.listen(db.engine, "handle_error", _hide_row)
        event.listen(db.engine, "handle_error", _reconnect_if_read_only, retval=True)
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "do_connect", _keep_to_owner)
            event.listen(db.engine, "connect", _set_pragmas)
            event.listen(db.engine, "begin", _begin)
        else:
            event.listen(db.engine, "before_cursor_execute", _without_nul, retval=True)


def _end_session(_error: BaseException | None) -> None:
    """End the session. The answer is ready and everything is committed, so an error here must not become a 500."""
    if not db.session.registry.has():
        return
    try:
        db.session.remove()
    except UNAVAILABLE:
        db.session().invalidate()


def _hide_row(context: ExceptionContext) -> None:
    """PostgreSQL quotes the refused row in its error; a log must not."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args:
            error.args = (str(error.args[0]).partition("\nDETAIL:")[0], *error.args[1:])


def _reconnect_if_read_only(context: ExceptionContext) -> OperationalError | None:
    """After a failover the old server is read-only. Treat it as unavailable, so that the next try connects anew."""
    error = context.original_exception
    if getattr(error, "sqlstate", None) != _READ_ONLY:
        return None
    context.is_disconnect = True
    return OperationalError(context.statement, None, error, hide_parameters=True)


def _without_nul(_connection: Connection, _cursor: object, statement: str, values: Any, *_: object) -> tuple[str, Any]:
    """PostgreSQL refuses text with a NUL. Replace it."""
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


def _keep_to_owner(_dialect: object, _record: object, arguments: list[str], _options: object) -> None:
    """Make the file readable by its owner only. SQLite gives its other files the same mode."""
    if arguments[0] != ":memory:":
        with suppress(OSError):  # SQLite itself says what is wrong with the path
            Path(arguments[0]).touch(mode=0o600)
            Path(arguments[0]).chmod(0o600)


def _set_pragmas(connection: Any, _record: object) -> None:
    """Durable commits, enforced foreign keys, a busy timeout; `_begin` starts the transactions."""
    connection.isolation_level = None
    for pragma in ("foreign_keys=ON", "synchronous=FULL", f"busy_timeout={LOCK_SECONDS * 1000}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
