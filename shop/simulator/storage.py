"""One SQLite file in WAL mode: what is committed survives `kill -9`, and readers never wait for a writer."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, LifoQueue

# Raised with every change of the schema: a file of another version is begun anew, nothing in it is worth migrating.
VERSION = 2
SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, cust_key TEXT NOT NULL, client_key TEXT NOT NULL UNIQUE, refund_key TEXT NOT NULL,
    clock_offset REAL NOT NULL DEFAULT 0, domains TEXT NOT NULL DEFAULT '[]', policy TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE IF NOT EXISTS tokens (
    auth_key TEXT PRIMARY KEY, run TEXT NOT NULL, cst_id TEXT NOT NULL, cust_key TEXT NOT NULL, purpose TEXT NOT NULL,
    host TEXT NOT NULL, issued_at TEXT NOT NULL, used_at TEXT, seq INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS payments (
    id INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE, run TEXT NOT NULL, oid TEXT NOT NULL,
    completed INTEGER NOT NULL, request_key TEXT UNIQUE, slip_key TEXT UNIQUE, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS payments_by_oid ON payments (run, oid);
CREATE UNIQUE INDEX IF NOT EXISTS one_completed_payment_per_oid ON payments (run, oid) WHERE completed;
CREATE INDEX IF NOT EXISTS monthly_payments ON payments (run, json_extract(body, '$.payer_id'))
    WHERE completed AND json_extract(body, '$.asked.PCD_REGULER_FLAG') = 'Y';
CREATE TABLE IF NOT EXISTS links (key TEXT PRIMARY KEY, run TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ledger (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, oid TEXT NOT NULL, entry TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS ledger_by_run ON ledger (run, seq);
CREATE INDEX IF NOT EXISTS ledger_by_oid ON ledger (run, oid, seq);
CREATE TRIGGER IF NOT EXISTS ledger_is_append_only BEFORE UPDATE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY, run TEXT NOT NULL, op TEXT NOT NULL, oid TEXT NOT NULL, kind TEXT NOT NULL,
    phase TEXT NOT NULL, times INTEGER NOT NULL, seconds REAL NOT NULL, p REAL NOT NULL, seed INTEGER NOT NULL,
    throws INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS armed_scenarios (
    id INTEGER PRIMARY KEY, run TEXT NOT NULL, scenario TEXT NOT NULL, oid TEXT NOT NULL, times INTEGER NOT NULL,
    p REAL NOT NULL, seed INTEGER NOT NULL, throws INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS billing_keys (
    id TEXT PRIMARY KEY, run TEXT NOT NULL, likeness TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (run, likeness)
);
CREATE TABLE IF NOT EXISTS webhook_benches (
    run TEXT PRIMARY KEY, url TEXT NOT NULL DEFAULT '', bench TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE IF NOT EXISTS webhooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, oid TEXT NOT NULL, event TEXT NOT NULL, url TEXT NOT NULL,
    body TEXT NOT NULL, due REAL NOT NULL, state TEXT NOT NULL, place INTEGER NOT NULL,
    rounds INTEGER NOT NULL DEFAULT 0, tries TEXT NOT NULL DEFAULT '[]', resend_of INTEGER
);
CREATE INDEX IF NOT EXISTS webhooks_by_place ON webhooks (state, place, id);
CREATE INDEX IF NOT EXISTS webhooks_by_run ON webhooks (run, id);
"""


class Storage:
    """Hands out transactions; idle connections are kept, so that the last one to leave does not fold up the WAL."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: LifoQueue[sqlite3.Connection] = LifoQueue()
        path.parent.mkdir(parents=True, exist_ok=True)
        if self._version() not in (0, VERSION):
            self._begin_anew()
        with self._borrowed() as db:
            db.executescript(f"{SCHEMA}; PRAGMA user_version = {VERSION};")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that holds the write lock from its first statement, committed at the end of the block."""
        with self._borrowed() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A look without a lock."""
        with self._borrowed() as db:
            yield db

    def close(self) -> None:
        """Close every idle connection; the next transaction opens a new one."""
        with suppress(Empty):
            while True:
                self._idle.get_nowait().close()

    def _version(self) -> int:
        with self._borrowed() as db:
            return int(db.execute("PRAGMA user_version").fetchone()[0])

    def _begin_anew(self) -> None:
        self.close()
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    @contextmanager
    def _borrowed(self) -> Iterator[sqlite3.Connection]:
        try:
            db = self._idle.get_nowait()
        except Empty:
            db = self._connect()
        try:
            yield db
        finally:
            self._idle.put(db)

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=30, isolation_level=None, check_same_thread=False)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        return db
