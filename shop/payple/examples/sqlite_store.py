"""A store of the payment flow in SQLite: one row per attempt and per refund."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from .. import ChargeMode, PayType
from ..attempts import Attempt, AttemptState, utc_now
from ..refund_rules import Refund, RefundState
from ..store import Evidence, LockedOrder, Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS attempts (
    attempt_no TEXT PRIMARY KEY, order_no TEXT NOT NULL, amount INTEGER NOT NULL CHECK (amount > 0),
    pay_type TEXT NOT NULL, charge_mode TEXT NOT NULL, state TEXT NOT NULL, opened_at TEXT NOT NULL,
    confirming_at TEXT, checks INTEGER NOT NULL, success_reported INTEGER, payment_date TEXT, charged_amount INTEGER,
    next_check_at TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS one_holding_attempt ON attempts (order_no)
    WHERE state IN ('confirming', 'unknown', 'paid');
CREATE TABLE IF NOT EXISTS refunds (
    refund_no TEXT PRIMARY KEY, attempt_no TEXT NOT NULL REFERENCES attempts, payment_date TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0), is_full INTEGER NOT NULL, changed_at TEXT NOT NULL, tax INTEGER,
    is_owed INTEGER NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL, next_try_at TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS one_refund_in_flight ON refunds (attempt_no)
    WHERE state IN ('reserved', 'submitted', 'unknown');
"""
OLDEST_FIRST = "order_no = ? ORDER BY opened_at"
OF_ORDER = "attempt_no IN (SELECT attempt_no FROM attempts WHERE order_no = ?)"
DUE = """
SELECT attempt_no FROM (SELECT attempt_no, next_check_at AS due_at FROM attempts
    UNION ALL SELECT attempt_no, next_try_at FROM refunds) WHERE due_at <= ? ORDER BY due_at LIMIT 50
"""
TABLES = {Attempt: "attempts", Refund: "refunds"}
_time, _day = datetime.fromisoformat, date.fromisoformat
READERS: Mapping[type, Mapping[str, Callable[[Any], object]]] = {
    Attempt: {
        "pay_type": PayType,
        "charge_mode": ChargeMode,
        "state": AttemptState,
        "opened_at": _time,
        "confirming_at": _time,
        "success_reported": bool,
        "payment_date": _day,
        "next_check_at": _time,
    },
    Refund: {
        "payment_date": _day,
        "is_full": bool,
        "changed_at": _time,
        "is_owed": bool,
        "state": RefundState,
        "next_try_at": _time,
    },
}
"""How a column is read whose value is no text and no number."""
Row = TypeVar("Row", Attempt, Refund)


class SqliteStore(Store):
    """The store, and what the example shops read besides."""

    def __init__(self, path: Path | str, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now)
        self._path = path
        with closing(sqlite3.connect(path)) as db:
            db.executescript(SCHEMA)

    @contextmanager
    def lock(self, attempt_no: str) -> Iterator[LockedOrder]:
        with self._transaction() as db:
            found = db.execute("SELECT order_no FROM attempts WHERE attempt_no = ?", [attempt_no]).fetchone()
            order_no = found["order_no"] if found else ""
            attempts, refunds = _select(db, Attempt, OLDEST_FIRST, order_no), _select(db, Refund, OF_ORDER, order_no)
            yield LockedOrder(attempts, refunds, partial(_insert, db), partial(_update, db))

    def due(self, now: datetime) -> list[str]:
        with self._transaction() as db:
            return [row["attempt_no"] for row in db.execute(DUE, [_text(now)])]

    def open_attempt(self, attempt: Attempt) -> None:
        """Store a new attempt, before its window opens.

        Raises sqlite3.IntegrityError if its number was used before.
        """
        with self._transaction() as db:
            _insert(db, attempt)

    def attempts_of(self, order_no: str) -> list[Attempt]:
        """Return the attempts of an order, oldest first."""
        with self._transaction() as db:
            return _select(db, Attempt, OLDEST_FIRST, order_no)

    def in_review(self) -> tuple[list[Attempt], list[Refund]]:
        """Return the attempts and the refunds about which a person decides."""
        with self._transaction() as db:
            refunds = _select(db, Refund, "state IN ('unknown', 'refused')")
            return _select(db, Attempt, "state = 'attention'"), [refund for refund in refunds if refund.needs_person]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Take the write lock first, so that what was read is still true when it is written."""
        with closing(sqlite3.connect(self._path, timeout=5, isolation_level=None)) as db:
            db.row_factory = sqlite3.Row
            db.execute("BEGIN IMMEDIATE")
            with db:
                yield db


def _select(db: sqlite3.Connection, kind: type[Row], where: str, *values: str) -> list[Row]:
    rows = db.execute(f"SELECT * FROM {TABLES[kind]} WHERE {where}", values)
    return [
        kind(**{name: _read(kind, name, value) for name, value in zip(row.keys(), row, strict=True)}) for row in rows
    ]


def _read(kind: type[Attempt | Refund], name: str, value: Any) -> Any:
    read = READERS[kind].get(name)
    return value if read is None or value is None else read(value)


def _insert(db: sqlite3.Connection, row: Attempt | Refund) -> None:
    values = _columns(row)
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    db.execute(f"INSERT INTO {TABLES[type(row)]} ({names}) VALUES ({marks})", [*values.values()])


def _update(db: sqlite3.Connection, row: Attempt | Refund, _answer: Evidence | None) -> None:
    values = _columns(row)
    key = next(iter(values))
    changes = ", ".join(f"{name} = ?" for name in values)
    db.execute(f"UPDATE {TABLES[type(row)]} SET {changes} WHERE {key} = ?", [*values.values(), values[key]])


def _columns(row: Attempt | Refund) -> dict[str, object]:
    return {name: _text(value) if isinstance(value, date) else value for name, value in vars(row).items()}


def _text(day: date) -> str:
    """Times are stored in UTC, so that they sort by time."""
    return str(day.astimezone(UTC) if isinstance(day, datetime) else day)
