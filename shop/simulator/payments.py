"""Where payments are kept: one row each, found by the keys that travel on the wire."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict
from datetime import datetime
from typing import Any

from shop.simulator.payment import Cancellation, CashReceipt, Instrument, Payment, State


def save(db: sqlite3.Connection, payment: Payment) -> None:
    """Insert a payment, or replace what was known of it."""
    db.execute(
        "INSERT INTO payments (token, run, oid, completed, request_key, slip_key, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (token) DO UPDATE SET completed = excluded.completed, request_key = excluded.request_key,"
        " slip_key = excluded.slip_key, body = excluded.body",
        (
            payment.token,
            payment.run,
            payment.oid,
            payment.approved_at is not None,
            payment.request_key or None,
            payment.slip_key or None,
            json.dumps(asdict(payment), ensure_ascii=False, default=datetime.isoformat),
        ),
    )


def by_token(db: sqlite3.Connection, token: str) -> Payment | None:
    """The payment of a window address."""
    return _payment(db.execute("SELECT body FROM payments WHERE token = ?", (token,)).fetchone())


def by_request_key(db: sqlite3.Connection, request_key: str) -> Payment | None:
    """The payment of a PCD_PAY_REQKEY."""
    return _payment(db.execute("SELECT body FROM payments WHERE request_key = ?", (request_key,)).fetchone())


def by_slip_key(db: sqlite3.Connection, slip_key: str) -> Payment | None:
    """The payment of a sales slip's address."""
    return _payment(db.execute("SELECT body FROM payments WHERE slip_key = ?", (slip_key,)).fetchone())


def completed(db: sqlite3.Connection, run: str, oid: str) -> Payment | None:
    """The one payment with this number that moved money."""
    query = "SELECT body FROM payments WHERE run = ? AND oid = ? AND completed"
    return _payment(db.execute(query, (run, oid)).fetchone())


def by_oid(db: sqlite3.Connection, run: str, oid: str) -> Payment | None:
    """The payment with this number: the completed one, else the newest."""
    query = "SELECT body FROM payments WHERE run = ? AND oid = ? ORDER BY completed DESC, id DESC LIMIT 1"
    return _payment(db.execute(query, (run, oid)).fetchone())


def monthly(db: sqlite3.Connection, run: str, payer_id: str, year: str, month: str) -> list[Payment]:
    """The completed monthly payments of a billing key for one month."""
    rows = db.execute(
        "SELECT body FROM payments WHERE run = ? AND completed AND json_extract(body, '$.asked.PCD_REGULER_FLAG') = 'Y'"
        " AND json_extract(body, '$.payer_id') = ? AND json_extract(body, '$.asked.PCD_PAY_YEAR') = ?"
        " AND json_extract(body, '$.asked.PCD_PAY_MONTH') = ?",
        (run, payer_id, year, month),
    )
    return [read(row["body"]) for row in rows]


def of_run(db: sqlite3.Connection, run: str) -> list[Payment]:
    """Every payment of a run in the order of opening."""
    rows = db.execute("SELECT body FROM payments WHERE run = ? ORDER BY id", (run,))
    return [read(row["body"]) for row in rows]


def latest(db: sqlite3.Connection, run: str, count: int) -> list[Payment]:
    """The newest payments, newest first."""
    rows = db.execute("SELECT body FROM payments WHERE run = ? ORDER BY id DESC LIMIT ?", (run, count))
    return [read(row["body"]) for row in rows]


def _payment(row: sqlite3.Row | None) -> Payment | None:
    return read(row["body"]) if row else None


def read(body: str) -> Payment:
    """A payment from its stored form."""
    kept = json.loads(body)
    for name in ("opened_at", "authenticated_at", "approved_at"):
        kept[name] = datetime.fromisoformat(kept[name]) if kept[name] else None
    kept["state"] = State(kept["state"])
    kept["instrument"] = Instrument(**kept["instrument"]) if kept["instrument"] else None
    kept["cancellations"] = tuple(_cancellation(row) for row in kept["cancellations"])
    kept["receipt"] = CashReceipt(**kept["receipt"])
    return Payment(**kept)


def _cancellation(kept: dict[str, Any]) -> Cancellation:
    return Cancellation(**{**kept, "at": datetime.fromisoformat(kept["at"])})
