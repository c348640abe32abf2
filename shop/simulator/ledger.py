"""The append-only record of what was asked, answered, charged, delivered and refused, and why."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum

from shop.simulator import clock, rulebook
from shop.simulator.masking import masked


class Effect(StrEnum):
    """What an entry changed in the world."""

    NONE = ""
    OPENED = "opened"
    AUTHENTICATED = "authenticated"
    REGISTERED = "registered"
    CHARGED = "charged"
    DECLINED = "declined"
    CLOSED = "closed"
    EXPIRED = "expired"
    RECEIPT_ISSUED = "receipt_issued"
    CANCELLED = "cancelled"
    RECEIPT_REDUCED = "receipt_reduced"
    RECEIPT_CANCELLED = "receipt_cancelled"
    DEREGISTERED = "deregistered"


@dataclass(frozen=True)
class Entry:
    """One line.

    `op` is the act (auth, window, confirm, inquiry, …), `rule` the rule that a refused request broke, `follows` the
    line of the partner authentication that the request used.
    """

    run: str
    at: datetime
    op: str
    oid: str = ""
    outcome: str = "ok"
    effect: Effect = Effect.NONE
    amount: int | None = None
    code: str = ""
    rule: str = ""
    note: str = ""
    follows: int | None = None
    asked: Mapping[str, str] = field(default_factory=dict)
    answered: Mapping[str, str] = field(default_factory=dict)


def write(db: sqlite3.Connection, entry: Entry) -> int:
    """Append one entry, in the transaction of the effect that it tells of, and answer its number."""
    line = asdict(entry) | {
        "at": entry.at.astimezone(clock.KOREA).isoformat(timespec="milliseconds"),
        "asked": masked(entry.asked),
        "answered": masked(entry.answered),
    }
    cursor = db.execute(
        "INSERT INTO ledger (run, oid, entry) VALUES (?, ?, ?)",
        (entry.run, entry.oid, json.dumps(line, ensure_ascii=False)),
    )
    return cursor.lastrowid or 0


def after(db: sqlite3.Connection, run: str, seq: int) -> list[dict[str, object]]:
    """Every entry of a run after a sequence number, oldest first."""
    rows = db.execute("SELECT seq, entry FROM ledger WHERE run = ? AND seq > ? ORDER BY seq", (run, seq))
    return [_line(row) for row in rows]


def about(db: sqlite3.Connection, run: str, oid: str) -> list[dict[str, object]]:
    """The story of one payment number, oldest first, with the authentications that its requests used."""
    rows = db.execute(
        "SELECT seq, entry FROM ledger WHERE run = :run AND (oid = :oid OR seq IN"
        " (SELECT json_extract(entry, '$.follows') FROM ledger WHERE run = :run AND oid = :oid)) ORDER BY seq",
        {"run": run, "oid": oid},
    )
    return [_line(row) for row in rows]


def latest(db: sqlite3.Connection, run: str, count: int) -> list[dict[str, object]]:
    """The newest entries, newest first."""
    rows = db.execute("SELECT seq, entry FROM ledger WHERE run = ? ORDER BY seq DESC LIMIT ?", (run, count))
    return [_line(row) for row in rows]


def _line(row: sqlite3.Row) -> dict[str, object]:
    line: dict[str, object] = {"seq": row["seq"]} | json.loads(row["entry"])
    line["why"] = rulebook.explain(str(line["rule"]))
    return line
