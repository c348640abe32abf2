"""Webhooks on their way: a queue in the simulator's file, so that a restart goes on where it was interrupted."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a webhook stands: held on the bench, waiting, being sent, and how it ended."""

    HELD = "held"
    QUEUED = "queued"
    SENDING = "sending"
    DELIVERED = "delivered"
    DROPPED = "dropped"
    FAILED = "failed"


@dataclass(frozen=True)
class Try:
    """One request: `answer` is the HTTP status, or why there was none; `at` is the run's time in Korea."""

    at: str
    method: str
    answer: str
    accepted: bool


@dataclass(frozen=True)
class Webhook:
    """One notice on its way.

    `due` is in seconds of the run's clock, `place` its place among those that wait, `rounds` how often it went out in
    vain, `resend_of` what it repeats.
    """

    run: str
    oid: str
    event: str
    url: str
    body: dict[str, str]
    due: float
    state: State = State.QUEUED
    place: int = 0
    rounds: int = 0
    tries: tuple[Try, ...] = ()
    resend_of: int | None = None
    id: int = 0


def put(db: sqlite3.Connection, webhook: Webhook) -> int:
    """Queue a webhook, in the transaction of what it tells of, and answer its number."""
    cursor = db.execute(
        "INSERT INTO webhooks (run, oid, event, url, body, due, state, place, resend_of)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            webhook.run,
            webhook.oid,
            webhook.event,
            webhook.url,
            json.dumps(webhook.body, ensure_ascii=False),
            webhook.due,
            webhook.state,
            webhook.place,
            webhook.resend_of,
        ),
    )
    return cursor.lastrowid or 0


def next_due(db: sqlite3.Connection, real_now: float) -> Webhook | None:
    """The first one whose time has come on its own run's clock."""
    query = (
        "SELECT webhooks.* FROM webhooks JOIN runs ON runs.id = webhooks.run"
        " WHERE state = 'queued' AND due <= ? + runs.clock_offset ORDER BY place, webhooks.id LIMIT 1"
    )
    return _webhook(db.execute(query, (real_now,)).fetchone())


def next_moment(db: sqlite3.Connection) -> float | None:
    """The machine's time at which the next one comes due, if nobody moves a clock; None while nothing waits."""
    query = (
        "SELECT MIN(due - runs.clock_offset) AS moment FROM webhooks JOIN runs ON runs.id = webhooks.run"
        " WHERE state = 'queued'"
    )
    moment: float | None = db.execute(query).fetchone()["moment"]
    return moment


def advance(db: sqlite3.Connection, webhook: Webhook) -> bool:
    """Write down what became of a webhook; False if its run has been reset meanwhile."""
    tries = json.dumps([asdict(one) for one in webhook.tries], ensure_ascii=False)
    order = "UPDATE webhooks SET state = ?, due = ?, rounds = ?, tries = ? WHERE id = ?"
    written = db.execute(order, (webhook.state, webhook.due, webhook.rounds, tries, webhook.id))
    return written.rowcount > 0


def release(db: sqlite3.Connection, run: str) -> None:
    """Let go of everything that the bench holds."""
    db.execute("UPDATE webhooks SET state = 'queued' WHERE run = ? AND state = 'held'", (run,))


def resume(db: sqlite3.Connection) -> None:
    """After a restart: what was being sent may have been lost, so it is sent again."""
    db.execute("UPDATE webhooks SET state = 'queued' WHERE state = 'sending'")


def of_run(db: sqlite3.Connection, run: str) -> list[Webhook]:
    """Every webhook of a run in the order of its making."""
    rows = db.execute("SELECT * FROM webhooks WHERE run = ? ORDER BY id", (run,))
    return [_read(row) for row in rows]


def latest(db: sqlite3.Connection, run: str, count: int) -> list[Webhook]:
    """The newest webhooks, newest first."""
    rows = db.execute("SELECT * FROM webhooks WHERE run = ? ORDER BY id DESC LIMIT ?", (run, count))
    return [_read(row) for row in rows]


def by_id(db: sqlite3.Connection, run: str, number: int) -> Webhook | None:
    """One webhook of a run."""
    return _webhook(db.execute("SELECT * FROM webhooks WHERE run = ? AND id = ?", (run, number)).fetchone())


def _webhook(row: sqlite3.Row | None) -> Webhook | None:
    return _read(row) if row else None


def _read(row: sqlite3.Row) -> Webhook:
    kept = dict(row)
    tries = tuple(Try(**one) for one in json.loads(kept["tries"]))
    return Webhook(**kept | {"body": json.loads(kept["body"]), "state": State(kept["state"]), "tries": tries})
