"""The append-only record of what was asked, answered, charged, delivered and refused, and why."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shop.simulator import clock, rulebook, store
from shop.simulator.masking import masked
from shop.simulator.payment import Payment
from shop.simulator.runs import Run
from shop.simulator.store import Row

Line = dict[str, object]


@dataclass(frozen=True)
class Entry(Row):
    """One line.

    `op` is the operation (auth, window, confirm, inquiry, …), `effect` what changed, `rule` the rule that a refused
    request broke, `follows` the line of the partner authentication that the request used.
    """

    table = "ledger"

    run: str
    at: str
    op: str
    oid: str = ""
    outcome: str = "ok"
    effect: str = ""
    amount: int | None = None
    code: str = ""
    rule: str = ""
    note: str = ""
    follows: int | None = None
    asked: Mapping[str, str] = field(default_factory=dict)
    answered: Mapping[str, str] = field(default_factory=dict)


def write(db: sqlite3.Connection, run: Run, op: str, payment: Payment | None = None, **details: Any) -> int:
    """Append one line, in the transaction of its effect, and answer its number. `details` are members of `Entry`.

    Number and amount are those of the payment, unless the details name others.
    """
    if payment:
        details = {"oid": payment.oid, "amount": payment.total, **details}
    details["asked"], details["answered"] = masked(details.get("asked", {})), masked(details.get("answered", {}))
    return store.insert(db, Entry(run.id, korea_time(run), op, **details))


def korea_time(run: Run) -> str:
    return run.now().astimezone(clock.KOREA).isoformat(timespec="milliseconds")


def after(db: sqlite3.Connection, run: str, seq: int) -> list[Line]:
    return _lines(db.execute("SELECT * FROM ledger WHERE run = ? AND number > ? ORDER BY number", (run, seq)))


def about(db: sqlite3.Connection, run: str, oid: str) -> list[Line]:
    """The lines about one payment number, oldest first, with the authentications that its requests used."""
    query = (
        "SELECT * FROM ledger WHERE run = :run AND (oid = :oid OR number IN"
        " (SELECT follows FROM ledger WHERE run = :run AND oid = :oid)) ORDER BY number"
    )
    return _lines(db.execute(query, {"run": run, "oid": oid}))


def latest(db: sqlite3.Connection, run: str, count: int) -> list[Line]:
    return _lines(db.execute("SELECT * FROM ledger WHERE run = ? ORDER BY number DESC LIMIT ?", (run, count)))


def _lines(rows: sqlite3.Cursor) -> list[Line]:
    lines: list[Line] = [{"seq": row["number"]} | json.loads(row["body"]) for row in rows]
    return [line | {"why": rulebook.explain(str(line["rule"]))} for line in lines]
