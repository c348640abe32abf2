"""One SQLite file in WAL mode: what is committed survives `kill -9`, and readers never wait for a writer.

Each kind of row is a dataclass, kept as JSON; the columns by which it is found are generated from that.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from queue import Empty, LifoQueue
from types import UnionType
from typing import Any, ClassVar, TypeVar, get_args, get_origin, get_type_hints

# Raised with every change of a kept dataclass: a file of another version is started anew, nothing in it is migrated.
VERSION = 5
LARGEST_NUMBER = 2**63 - 1
COLUMNS = {
    "runs": ("id", "client_key", "clock_offset"),
    "tokens": ("run", "auth_key"),
    "payments": ("run", "oid", "token", "request_key", "slip_key", "payer_id", "approved_at"),
    "billing_keys": ("run", "id", "fingerprint"),
    "links": ("run", "key"),
    "ledger": ("run", "oid", "follows"),
    "faults": ("run",),
    "armed_scenarios": ("run",),
    "webhooks": ("run", "state", "place", "due"),
}
RULES = """
CREATE TABLE IF NOT EXISTS snapshots (run, name, kind, number, body);
CREATE UNIQUE INDEX IF NOT EXISTS one_completed_payment_per_oid ON payments (run, oid) WHERE approved_at IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS one_billing_key_per_instrument ON billing_keys (run, fingerprint);
CREATE TRIGGER IF NOT EXISTS ledger_is_append_only BEFORE UPDATE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
"""


@dataclass(frozen=True)
class Row:
    """What is kept in `table`. An `id` of 0 becomes the number that the row gets when it is inserted."""

    table: ClassVar[str]


R = TypeVar("R", bound=Row)


class Store:
    """Lends connections and transactions; idle connections are kept, because the last close removes the WAL."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: LifoQueue[sqlite3.Connection] = LifoQueue()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.reading() as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, VERSION):
            self.close()
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        with self.reading() as db:
            db.executescript(f"{_tables()}{RULES}PRAGMA user_version = {VERSION};")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock from the first statement on, and commit at the end of the block."""
        with self.reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        try:
            db = self._idle.get_nowait()
        except Empty:
            db = self._connect()
        try:
            yield db
        finally:
            self._idle.put(db)

    def close(self) -> None:
        with suppress(Empty):
            while True:
                self._idle.get_nowait().close()

    def _connect(self) -> sqlite3.Connection:
        self._path.touch(mode=0o600)  # SQLite gives its other files the same mode
        db = sqlite3.connect(self._path, timeout=30, isolation_level=None, check_same_thread=False)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        return db


def insert(db: sqlite3.Connection, row: Row) -> int:
    cursor = db.execute(f"INSERT INTO {row.table} (body) VALUES (?)", (_encode(row),))  # noqa: S608 - our own names
    return cursor.lastrowid or 0


def save(db: sqlite3.Connection, row: Row, **key: object) -> None:
    if not update(db, row, **key):
        insert(db, row)


def update(db: sqlite3.Connection, row: Row, **key: object) -> bool:
    """Replace the row with this key; False if there is none."""
    condition, values = _condition(key)
    query = f"UPDATE {row.table} SET body = ? WHERE {condition}"  # noqa: S608
    return db.execute(query, (_encode(row), *values)).rowcount > 0


def delete(db: sqlite3.Connection, kind: type[Row], **where: object) -> None:
    condition, values = _condition(where)
    db.execute(f"DELETE FROM {kind.table} WHERE {condition}", values)  # noqa: S608


def find(db: sqlite3.Connection, kind: type[R], **where: object) -> R | None:
    return next(iter(select(db, kind, newest=1, **where)), None)


def select(db: sqlite3.Connection, kind: type[R], newest: int = 0, **where: object) -> list[R]:
    """The rows with these values, oldest first; with `newest`, so many of the newest ones, newest first."""
    condition, values = _condition(where)
    order = f"number DESC LIMIT {newest}" if newest else "number"
    query = f"SELECT number, body FROM {kind.table} WHERE {condition} ORDER BY {order}"  # noqa: S608
    return [read(kind, row) for row in db.execute(query, values)]


def read(kind: type[R], row: sqlite3.Row) -> R:
    body = json.loads(row["body"])
    if body.get("id") == 0:
        body["id"] = row["number"]
    decoded: R = _decode(kind, body)
    return decoded


def forget_run(db: sqlite3.Connection, run: str) -> None:
    for table in _tables_of_runs():
        db.execute(f"DELETE FROM {table} WHERE run = ?", (run,))  # noqa: S608


def keep_run(db: sqlite3.Connection, run: str, name: str) -> None:
    """Copy the rows of a run aside, in place of an earlier copy."""
    db.execute("DELETE FROM snapshots WHERE run = ?", (run,))
    for table in _tables_of_runs():
        rows = f"SELECT ?, ?, ?, number, body FROM {table} WHERE run = ?"  # noqa: S608
        db.execute(f"INSERT INTO snapshots {rows}", (run, name, table, run))


def restore_run(db: sqlite3.Connection, run: str, name: str) -> bool:
    """Put the copied rows of a run back under their old numbers; False if there is no copy of this name."""
    if not db.execute("SELECT 1 FROM snapshots WHERE run = ? AND name = ?", (run, name)).fetchone():
        return False
    forget_run(db, run)
    for table in _tables_of_runs():
        rows = "SELECT number, body FROM snapshots WHERE run = ? AND kind = ?"
        db.execute(f"INSERT INTO {table} (number, body) {rows}", (run, table))
    return True


def _tables_of_runs() -> list[str]:
    return [table for table, columns in COLUMNS.items() if "run" in columns]


def _tables() -> str:
    script = ""
    for table, columns in COLUMNS.items():
        generated = ", ".join(f"{column} AS (json_extract(body, '$.{column}'))" for column in columns)
        script += (
            f"CREATE TABLE IF NOT EXISTS {table} (number INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT, {generated});"
        )
        for column in columns:
            script += f"CREATE INDEX IF NOT EXISTS {table}_by_{column} ON {table} ({column});"
    return script


def _condition(where: dict[str, object]) -> tuple[str, list[object]]:
    return " AND ".join(f"{column} = ?" for column in where) or "1", list(where.values())


def _encode(row: Row) -> str:
    return json.dumps(asdict(row), ensure_ascii=False, default=datetime.isoformat)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _decode(kind: Any, value: Any) -> Any:
    """Make the JSON of a dataclass what its annotations say; a `T | None` is the only union."""
    if isinstance(kind, UnionType):
        return None if value is None else _decode(get_args(kind)[0], value)
    if get_origin(kind) is tuple:
        return tuple(_decode(get_args(kind)[0], one) for one in value)
    if hasattr(kind, "__dataclass_fields__"):
        hints = _hints(kind)
        return kind(**{name: _decode(hints[name], one) for name, one in value.items()})
    if kind is datetime:
        return datetime.fromisoformat(value)
    return kind(value) if isinstance(kind, type) and issubclass(kind, StrEnum) else value
