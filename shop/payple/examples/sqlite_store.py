"""A store of the payment flow in SQLite: one row per attempt and per refund, one transaction per method."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from .. import ChargeMode, PayType, UnverifiedResult, flow
from .. import refund_rules as rules
from ..flow import Attempt, AttemptState
from ..refund_rules import Refund, RefundState

SCHEMA = """
CREATE TABLE IF NOT EXISTS attempts (
    attempt_no TEXT PRIMARY KEY, order_no TEXT NOT NULL, amount INTEGER NOT NULL CHECK (amount > 0),
    pay_type PayType NOT NULL, charge_mode ChargeMode NOT NULL, state AttemptState NOT NULL,
    opened_at datetime NOT NULL, confirming_at datetime, checks INTEGER NOT NULL, success_reported bool NOT NULL,
    payment_date date, charged_amount INTEGER, due_at datetime, results INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX IF NOT EXISTS one_holding_attempt ON attempts (order_no)
    WHERE state IN ('confirming', 'unknown', 'paid');
CREATE TABLE IF NOT EXISTS refunds (
    refund_no TEXT PRIMARY KEY, attempt_no TEXT NOT NULL REFERENCES attempts, payment_date date NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0), is_full bool NOT NULL, changed_at datetime NOT NULL, tax INTEGER,
    is_owed bool NOT NULL, state RefundState NOT NULL, tries INTEGER NOT NULL, due_at datetime
);
CREATE UNIQUE INDEX IF NOT EXISTS one_refund_in_flight ON refunds (attempt_no)
    WHERE state IN ('reserved', 'submitted', 'unknown');
"""
CLAIM = timedelta(minutes=2)
MOST_RESULTS = 5
TABLES = {Attempt: "attempts", Refund: "refunds"}
Item = TypeVar("Item", Attempt, Refund)


def _convert(kind: type, read: Callable[[str], object]) -> None:
    """Read the columns of which the schema names this type."""
    sqlite3.register_converter(kind.__name__, lambda text: read(text.decode()))


for word in (PayType, ChargeMode, AttemptState, RefundState):
    _convert(word, word)
_convert(bool, "1".__eq__)
for day in (date, datetime):
    _convert(day, day.fromisoformat)
    sqlite3.register_adapter(day, str)  # times in UTC, as text: they sort by time


class SqliteStore:
    """Implements `payple.flow.Store`."""

    def __init__(self, path: Path | str, now: Callable[[], datetime] = flow.utc_now) -> None:
        self._path = path
        self._now = now
        with closing(sqlite3.connect(path)) as db:
            db.executescript(SCHEMA)

    def open_attempt(self, attempt: Attempt) -> None:
        """Store a new attempt, before its window opens.

        Raises sqlite3.IntegrityError if its number was used before.
        """
        with self._transaction() as db:
            self._save(db, attempt, is_new=True)

    def attempts_of(self, order_no: str) -> list[Attempt]:
        """Return the attempts of an order, oldest first."""
        with self._transaction() as db:
            return _select(db, Attempt, "order_no = ? ORDER BY opened_at", order_no)

    def in_review(self) -> tuple[list[Attempt], list[Refund]]:
        """Return the attempts and the refunds about which a person decides."""
        with self._transaction() as db:
            refunds = _select(db, Refund, "state IN ('unknown', 'refused')")
            return _select(db, Attempt, "state = 'attention'"), [one for one in refunds if one.needs_person]

    def find(self, attempt_no: str) -> Attempt | None:
        with self._transaction() as db:
            return next(iter(_select(db, Attempt, "attempt_no = ?", attempt_no)), None)

    def note_result(self, attempt_no: str, result: UnverifiedResult) -> bool:
        note = "UPDATE attempts SET results = results + 1, success_reported = ? WHERE attempt_no = ? AND results < ?"
        with self._transaction() as db:
            return db.execute(note, (result.reports_success, attempt_no, MOST_RESULTS)).rowcount == 1

    def begin_confirm(self, attempt_no: str) -> bool:
        now = self._now()
        with self._transaction() as db:
            (attempt,) = _select(db, Attempt, "attempt_no = ?", attempt_no)
            if attempt.state is not AttemptState.PREPARED or _is_held(db, attempt) or now > attempt.ends_at:
                return False
            self._save(db, replace(attempt, state=AttemptState.CONFIRMING, confirming_at=now, checks=0))
            return True

    def claim_check(self, attempt_no: str, *, at_once: bool = False) -> bool:
        now = self._now()
        claim = """
            UPDATE attempts SET due_at = ? WHERE attempt_no = ? AND state NOT IN ('paid', 'orphaned')
            AND (due_at <= ? OR (? AND state <> 'confirming'))
        """
        with self._transaction() as db:
            return db.execute(claim, (now + CLAIM, attempt_no, now, at_once)).rowcount == 1

    def record(self, attempt_no: str, verdict: flow.Verdict) -> Attempt:
        with self._transaction() as db:
            (before,) = _select(db, Attempt, "attempt_no = ?", attempt_no)
            after = verdict.applied_to(before, order_is_held=_is_held(db, before))
            if after is not before:
                self._save(db, after)
                if owed := flow.owed_refund(after, self._now()):
                    self._save(db, owed, is_new=True)
            return after

    def due_attempts(self) -> Sequence[str]:
        with self._transaction() as db:
            due = _select(db, Attempt, "due_at <= ? ORDER BY due_at LIMIT 50", self._now())
            return [attempt.attempt_no for attempt in due]

    def find_refund(self, refund_no: str) -> Refund | None:
        with self._transaction() as db:
            return next(iter(_select(db, Refund, "refund_no = ?", refund_no)), None)

    def refunds_of(self, attempt_no: str) -> Sequence[Refund]:
        with self._transaction() as db:
            return _select(db, Refund, "attempt_no = ?", attempt_no)

    def reserve_refund(self, new: Refund, seen_balance: int) -> Refund:
        with self._transaction() as db:
            (attempt,) = _select(db, Attempt, "attempt_no = ?", new.attempt_no)
            earlier = _select(db, Refund, "attempt_no = ?", new.attempt_no)
            for refund in earlier:
                if refund.refund_no == new.refund_no:
                    return refund
            balance = rules.balance(attempt.charged_amount, earlier)
            is_in_flight = any(refund.state in rules.IN_FLIGHT for refund in earlier)
            rules.check_refund(new.amount, balance=balance, seen_balance=seen_balance, is_in_flight=is_in_flight)
            self._save(db, new, is_new=True)
            return new

    def begin_refund(self, refund: Refund) -> bool:
        with self._transaction() as db:
            if _select(db, Refund, "refund_no = ?", refund.refund_no) != [refund]:
                return False
            self._save(db, refund.submitted(self._now()))
            return True

    def record_refund(self, refund_no: str, verdict: rules.RefundVerdict) -> Refund:
        with self._transaction() as db:
            (before,) = _select(db, Refund, "refund_no = ?", refund_no)
            after = verdict.applied_to(before, self._now())
            if after is not before:
                self._save(db, after)
            return after

    def due_refunds(self) -> Sequence[str]:
        with self._transaction() as db:
            due = _select(db, Refund, "due_at <= ? ORDER BY due_at LIMIT 50", self._now())
            return [refund.refund_no for refund in due]

    def _save(self, db: sqlite3.Connection, item: Attempt | Refund, *, is_new: bool = False) -> None:
        """Write a row with the date of its next check or try. The first column is its key."""
        now = self._now()
        due = flow.next_check(item, now) if isinstance(item, Attempt) else rules.next_try(item, now)
        values = vars(item) | {"due_at": due}
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        changes = ", ".join(f"{name} = excluded.{name}" for name in values)
        update = "" if is_new else f"ON CONFLICT ({next(iter(values))}) DO UPDATE SET {changes}"
        db.execute(f"INSERT INTO {TABLES[type(item)]} ({names}) VALUES ({marks}) {update}", [*values.values()])

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Take the write lock first, so that what was read is still true when it is written."""
        types = sqlite3.PARSE_DECLTYPES
        with closing(sqlite3.connect(self._path, timeout=5, isolation_level=None, detect_types=types)) as db:
            db.row_factory = sqlite3.Row
            db.execute("BEGIN IMMEDIATE")
            with db:
                yield db


def _select(db: sqlite3.Connection, kind: type[Item], where: str, *values: object) -> list[Item]:
    names = ", ".join(field.name for field in fields(kind))
    return [kind(**row) for row in db.execute(f"SELECT {names} FROM {TABLES[kind]} WHERE {where}", values)]


def _is_held(db: sqlite3.Connection, attempt: Attempt) -> bool:
    """Return whether another attempt of the order is confirming, unknown or paid."""
    others = _select(db, Attempt, "order_no = ? AND attempt_no <> ?", attempt.order_no, attempt.attempt_no)
    return any(other.state in flow.HOLDING for other in others)
