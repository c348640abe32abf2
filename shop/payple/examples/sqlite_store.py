"""A store of the payment flow in SQLite: one row per attempt and per refund, one transaction per method."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from .. import ChargeMode, PayType, UnverifiedResult, flow
from .. import refund_rules as rules
from ..flow import Attempt, AttemptState
from ..refund_rules import Refund, RefundRejected, RefundState, RejectReason

SCHEMA = """
CREATE TABLE IF NOT EXISTS attempts (
    attempt_no TEXT PRIMARY KEY, order_no TEXT NOT NULL, amount INTEGER NOT NULL CHECK (amount > 0),
    pay_type TEXT NOT NULL, charge_mode TEXT NOT NULL, state TEXT NOT NULL, opened_at TEXT NOT NULL,
    confirming_at TEXT, checks INTEGER NOT NULL, success_reported INTEGER NOT NULL, payment_date TEXT,
    charged_amount INTEGER, next_check_at TEXT, results INTEGER NOT NULL DEFAULT 0
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
READERS: Mapping[type, Mapping[str, Callable[[Any], Any]]] = {
    Attempt: {
        "pay_type": PayType,
        "charge_mode": ChargeMode,
        "state": AttemptState,
        "opened_at": datetime.fromisoformat,
        "confirming_at": datetime.fromisoformat,
        "success_reported": bool,
        "payment_date": date.fromisoformat,
    },
    Refund: {
        "state": RefundState,
        "payment_date": date.fromisoformat,
        "changed_at": datetime.fromisoformat,
        "is_full": bool,
        "is_owed": bool,
    },
}
CLAIM = timedelta(minutes=2)
MOST_RESULTS = 5
Item = TypeVar("Item", Attempt, Refund)
Write = Callable[[sqlite3.Connection, str, Mapping[str, object]], None]


class SqliteStore:
    """Implements `payple.flow.Store`. Times are text in UTC, which sorts by time."""

    def __init__(self, path: Path | str, now: Callable[[], datetime] = flow.utc_now) -> None:
        self._path = path
        self._now = now
        with closing(sqlite3.connect(path)) as db:
            db.executescript(SCHEMA)

    def open_attempt(self, attempt: Attempt, order_no: str) -> None:
        """Store a new attempt, before its window opens.

        Raises sqlite3.IntegrityError if its number was used before.
        """
        with self._transaction() as db:
            self._save_attempt(db, attempt, order_no, write=_insert)

    def attempts_of(self, order_no: str) -> list[Attempt]:
        """Return the attempts of an order, oldest first."""
        with self._transaction() as db:
            rows = db.execute("SELECT * FROM attempts WHERE order_no = ? ORDER BY opened_at", (order_no,))
            return [_load(Attempt, row) for row in rows]

    def order_no_of(self, attempt_no: str) -> str:
        """Return the number of an attempt's order."""
        with self._transaction() as db:
            return str(_attempt_row(db, attempt_no)["order_no"])

    def balance(self, attempt_no: str) -> int:
        """Return what can still be refunded of an attempt, in won."""
        with self._transaction() as db:
            return _balance(db, attempt_no)

    def refunds_of(self, attempt_no: str) -> list[Refund]:
        """Return the refunds of an attempt, oldest first."""
        with self._transaction() as db:
            return _refunds(db, attempt_no)

    def find(self, attempt_no: str) -> Attempt | None:
        with self._transaction() as db:
            row = db.execute("SELECT * FROM attempts WHERE attempt_no = ?", (attempt_no,)).fetchone()
            return _load(Attempt, row) if row else None

    def note_result(self, attempt_no: str, result: UnverifiedResult) -> bool:
        note = "UPDATE attempts SET results = results + 1, success_reported = ? WHERE attempt_no = ? AND results < ?"
        with self._transaction() as db:
            return db.execute(note, (result.reports_success, attempt_no, MOST_RESULTS)).rowcount == 1

    def begin_confirm(self, attempt_no: str) -> bool:
        now = self._now()
        with self._transaction() as db:
            row = _attempt_row(db, attempt_no)
            attempt = _load(Attempt, row)
            if attempt.state is not AttemptState.PREPARED or _is_held(db, row) or now > attempt.ends_at:
                return False
            confirming = replace(attempt, state=AttemptState.CONFIRMING, confirming_at=now, checks=0)
            self._save_attempt(db, confirming, row["order_no"])
            return True

    def claim_check(self, attempt_no: str, *, at_once: bool = False) -> bool:
        now = self._now()
        claim = """
            UPDATE attempts SET next_check_at = ? WHERE attempt_no = ? AND state NOT IN ('paid', 'orphaned')
            AND (next_check_at <= ? OR (? AND NOT (state = 'confirming' AND confirming_at > ?)))
        """
        values = (f"{now + CLAIM}", attempt_no, f"{now}", at_once, f"{now - flow.CONFIRM_PATIENCE}")
        with self._transaction() as db:
            return db.execute(claim, values).rowcount == 1

    def record(self, attempt_no: str, verdict: flow.Verdict) -> Attempt:
        with self._transaction() as db:
            row = _attempt_row(db, attempt_no)
            before = _load(Attempt, row)
            after = verdict.applied_to(before, order_is_held=_is_held(db, row))
            if after is not before:
                self._save_attempt(db, after, row["order_no"])
                if owed := flow.owed_refund(after, self._now()):
                    self._save_refund(db, owed, write=_insert)
            return after

    def due_attempts(self) -> list[str]:
        due = "SELECT attempt_no FROM attempts WHERE next_check_at <= ? ORDER BY next_check_at LIMIT 50"
        with self._transaction() as db:
            return [row["attempt_no"] for row in db.execute(due, (f"{self._now()}",))]

    def find_refund(self, refund_no: str) -> Refund | None:
        with self._transaction() as db:
            row = db.execute("SELECT * FROM refunds WHERE refund_no = ?", (refund_no,)).fetchone()
            return _load(Refund, row) if row else None

    def reserve_refund(
        self, refund_no: str, attempt_no: str, amount: int, *, seen_balance: int, tax: int | None
    ) -> Refund:
        with self._transaction() as db:
            attempt = _load(Attempt, _attempt_row(db, attempt_no))
            refunds = _refunds(db, attempt_no)
            if same := [refund for refund in refunds if refund.refund_no == refund_no]:
                return same[0]
            if attempt.state is not AttemptState.PAID or attempt.payment_date is None:
                raise RefundRejected(RejectReason.NOT_PAID)
            in_flight = any(refund.state in rules.IN_FLIGHT for refund in refunds)
            balance = _balance(db, attempt_no)
            is_full = rules.check_refund(amount, balance=balance, seen_balance=seen_balance, is_in_flight=in_flight)
            new = Refund(refund_no, attempt_no, attempt.payment_date, amount, is_full, self._now(), tax)
            self._save_refund(db, new, write=_insert)
            return new

    def begin_refund(self, refund_no: str, seen: RefundState) -> bool:
        now = self._now()
        with self._transaction() as db:
            row = db.execute("SELECT * FROM refunds WHERE refund_no = ? AND state = ?", (refund_no, seen)).fetchone()
            if row:
                tries = row["tries"] + 1
                self._save_refund(
                    db, replace(_load(Refund, row), state=RefundState.SUBMITTED, tries=tries, changed_at=now)
                )
            return row is not None

    def record_refund(self, refund_no: str, verdict: rules.RefundVerdict) -> Refund:
        with self._transaction() as db:
            row = db.execute("SELECT * FROM refunds WHERE refund_no = ?", (refund_no,)).fetchone()
            before = _load(Refund, row)
            after = verdict.applied_to(before, self._now())
            if after is not before:
                self._save_refund(db, after)
            return after

    def due_refunds(self) -> list[str]:
        due = "SELECT refund_no FROM refunds WHERE next_try_at <= ? ORDER BY next_try_at LIMIT 50"
        with self._transaction() as db:
            return [row["refund_no"] for row in db.execute(due, (f"{self._now()}",))]

    def _save_attempt(
        self, db: sqlite3.Connection, attempt: Attempt, order_no: str, *, write: Write | None = None
    ) -> None:
        due = flow.next_check(attempt, self._now())
        (write or _update)(db, "attempts", vars(attempt) | {"order_no": order_no, "next_check_at": due})

    def _save_refund(self, db: sqlite3.Connection, refund: Refund, *, write: Write | None = None) -> None:
        (write or _update)(db, "refunds", vars(refund) | {"next_try_at": rules.next_try(refund, self._now())})

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Take the write lock first, so that what was read is still true when it is written."""
        with closing(sqlite3.connect(self._path, timeout=5, isolation_level=None)) as db:
            db.row_factory = sqlite3.Row
            db.execute("BEGIN IMMEDIATE")
            with db:
                yield db


def _load(kind: type[Item], row: sqlite3.Row) -> Item:
    values = {field.name: row[field.name] for field in fields(kind)}
    read = {name: reader(values[name]) for name, reader in READERS[kind].items() if values[name] is not None}
    return kind(**values | read)


def _insert(db: sqlite3.Connection, table: str, values: Mapping[str, object]) -> None:
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", _stored(values))


def _update(db: sqlite3.Connection, table: str, values: Mapping[str, object]) -> None:
    """Update the row with this number, which is the first column."""
    key, number = next(iter(values.items()))
    changes = ", ".join(f"{name} = ?" for name in values)
    db.execute(f"UPDATE {table} SET {changes} WHERE {key} = ?", [*_stored(values), number])


def _stored(values: Mapping[str, object]) -> list[object]:
    return [f"{value}" if isinstance(value, date) else value for value in values.values()]


def _attempt_row(db: sqlite3.Connection, attempt_no: str) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute("SELECT * FROM attempts WHERE attempt_no = ?", (attempt_no,)).fetchone()
    if row is None:
        raise LookupError(f"no attempt has the number {attempt_no}")
    return row


def _refunds(db: sqlite3.Connection, attempt_no: str) -> list[Refund]:
    return [_load(Refund, row) for row in db.execute("SELECT * FROM refunds WHERE attempt_no = ?", (attempt_no,))]


def _is_held(db: sqlite3.Connection, row: sqlite3.Row) -> bool:
    """Return whether another attempt of the order is confirming, unknown or paid."""
    others = "SELECT state FROM attempts WHERE order_no = ? AND attempt_no <> ?"
    found = db.execute(others, (row["order_no"], row["attempt_no"]))
    return any(other["state"] in flow.HOLDING for other in found)


def _balance(db: sqlite3.Connection, attempt_no: str) -> int:
    charged = _load(Attempt, _attempt_row(db, attempt_no)).charged_amount or 0
    gone = [refund.amount for refund in _refunds(db, attempt_no) if refund.state is not RefundState.REFUSED]
    return charged - sum(gone)
