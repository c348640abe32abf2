"""A store of the payment flow in SQLite: one row per attempt and per refund."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

from ..attempts import Attempt, utc_now
from ..refund_rules import Refund
from ..store import GatewayAnswer, LockedOrder, Store, attempt_from_row, refund_from_row, to_row, utc_text

SCHEMA = """
CREATE TABLE IF NOT EXISTS attempts (
    attempt_no TEXT PRIMARY KEY, order_no TEXT NOT NULL, amount INTEGER NOT NULL, pay_type TEXT NOT NULL,
    charge_mode TEXT NOT NULL, state TEXT NOT NULL, started_at TEXT NOT NULL, confirming_at TEXT,
    checks INTEGER NOT NULL, success_reported INTEGER, payment_date TEXT, charged_amount INTEGER, next_check_at TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS one_holding_attempt ON attempts (order_no)
    WHERE state IN ('confirming', 'unknown', 'paid');
CREATE TABLE IF NOT EXISTS refunds (
    refund_no TEXT PRIMARY KEY, attempt_no TEXT NOT NULL REFERENCES attempts, payment_date TEXT NOT NULL,
    amount INTEGER NOT NULL, is_full INTEGER NOT NULL, changed_at TEXT NOT NULL, vat INTEGER,
    is_owed INTEGER NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL, next_try_at TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS one_refund_in_flight ON refunds (attempt_no)
    WHERE state IN ('reserved', 'submitted', 'unknown');
"""
ATTEMPTS_OF_ORDER = "SELECT * FROM attempts WHERE order_no = ? ORDER BY started_at"
REFUNDS_OF_ORDER = "SELECT refunds.* FROM refunds JOIN attempts USING (attempt_no) WHERE order_no = ?"
DUE = """
SELECT attempt_no, next_check_at AS due_at FROM attempts WHERE next_check_at <= :now
UNION ALL SELECT attempt_no, next_try_at FROM refunds WHERE next_try_at <= :now ORDER BY due_at LIMIT 50
"""


class SqliteStore(Store):
    def __init__(self, path: Path | str, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now)
        self._path = path
        with closing(sqlite3.connect(path)) as db:
            db.executescript(SCHEMA)

    @contextmanager
    def lock(self, attempt_no: str) -> Iterator[LockedOrder]:
        with self.transaction() as db:
            found = db.execute("SELECT order_no FROM attempts WHERE attempt_no = ?", [attempt_no]).fetchone()
            key = [found["order_no"] if found else ""]
            attempts = [attempt_from_row(row) for row in db.execute(ATTEMPTS_OF_ORDER, key)]
            refunds = [refund_from_row(row) for row in db.execute(REFUNDS_OF_ORDER, key)]
            yield LockedOrder(attempts, refunds, partial(_insert, db), partial(_update, db))

    def due(self, now: datetime) -> list[str]:
        with self.transaction() as db:
            return [row["attempt_no"] for row in db.execute(DUE, {"now": utc_text(now)})]

    def open_attempt(self, attempt: Attempt) -> None:
        """Store a new attempt, before its window opens."""
        with self.transaction() as db:
            _insert(db, attempt)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Take the write lock first, so that what was read is still true when it is written."""
        with closing(sqlite3.connect(self._path, timeout=5, isolation_level=None)) as db:
            db.row_factory = sqlite3.Row
            db.execute("BEGIN IMMEDIATE")
            with db:  # commits, or rolls back after an exception
                yield db


def _insert(db: sqlite3.Connection, row: Attempt | Refund) -> None:
    values = to_row(row)
    marks = ", ".join(f":{name}" for name in values)
    db.execute(f"INSERT INTO {_table(row)} ({', '.join(values)}) VALUES ({marks})", values)


def _update(db: sqlite3.Connection, row: Attempt | Refund, _answer: GatewayAnswer | None) -> None:
    values = to_row(row)
    key = "attempt_no" if isinstance(row, Attempt) else "refund_no"
    changes = ", ".join(f"{name} = :{name}" for name in values)
    db.execute(f"UPDATE {_table(row)} SET {changes} WHERE {key} = :{key}", values)


def _table(row: Attempt | Refund) -> str:
    return "attempts" if isinstance(row, Attempt) else "refunds"
