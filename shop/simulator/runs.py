"""Runs: partners that share one simulator without seeing each other. A run is known by its cst_id."""

from __future__ import annotations

import json
import secrets
import sqlite3
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shop.simulator import clock, policy
from shop.simulator.policy import Policy

DEFAULT = "test"
ID_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
FORGETTING = (
    "DELETE FROM tokens WHERE run = ?",
    "DELETE FROM payments WHERE run = ?",
    "DELETE FROM ledger WHERE run = ?",
    "DELETE FROM faults WHERE run = ?",
    "DELETE FROM armed_scenarios WHERE run = ?",
    "DELETE FROM billing_keys WHERE run = ?",
    "DELETE FROM links WHERE run = ?",
    "DELETE FROM webhooks WHERE run = ?",
    "DELETE FROM webhook_benches WHERE run = ?",
)


@dataclass(frozen=True)
class Run:
    """One partner: its keys, its clock, its registered domains, its policy."""

    id: str
    cust_key: str
    client_key: str
    refund_key: str
    clock_offset: float = 0.0
    domains: tuple[str, ...] = ()
    policy: Policy = field(default_factory=Policy)

    def now(self) -> datetime:
        """This run's time: the machine's, moved by `/_sim/clock`."""
        return clock.real_now() + timedelta(seconds=self.clock_offset)


# The keys of Payple's shared test partner, printed in its public quick guide and samples.
PUBLIC_TEST_RUN = Run(
    id=DEFAULT,
    cust_key="abcd1234567890",
    client_key="test_DF55F29DA654A8CBC0F0A9DD4B556486",
    refund_key="a41ce010ede9fcbfb3be86b24858806596a9db68b79d138b147c3e563e1829a0",
)


def new_run(db: sqlite3.Connection) -> Run:
    """A run of its own with fresh keys, which say themselves that they are no real ones; the id has eight letters."""
    run_id = "sim" + "".join(secrets.choice(ID_LETTERS) for _ in range(5))
    if by_id(db, run_id):
        return new_run(db)
    return Run(
        run_id,
        cust_key=f"simulatorcust{secrets.token_hex(12)}",
        client_key=f"{run_id}_SIMULATOR{secrets.token_hex(12).upper()}",
        refund_key=f"simulatorrefund{secrets.token_hex(24)}",
    )


def save(db: sqlite3.Connection, run: Run) -> None:
    """Insert or replace a run."""
    db.execute(
        "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            run.id,
            run.cust_key,
            run.client_key,
            run.refund_key,
            run.clock_offset,
            json.dumps(run.domains),
            json.dumps(policy.differences(run.policy)),
        ),
    )


def by_id(db: sqlite3.Connection, run_id: str) -> Run | None:
    """The run of a cst_id."""
    return _run(db.execute("SELECT * FROM runs WHERE id = ?", (run_id,)).fetchone())


def by_client_key(db: sqlite3.Connection, client_key: str) -> Run | None:
    """The run of a clientKey."""
    return _run(db.execute("SELECT * FROM runs WHERE client_key = ?", (client_key,)).fetchone())


def latest(db: sqlite3.Connection, count: int) -> list[str]:
    """The ids of the runs that were started or changed last."""
    return [row["id"] for row in db.execute("SELECT id FROM runs ORDER BY rowid DESC LIMIT ?", (count,))]


def _run(row: sqlite3.Row | None) -> Run | None:
    if row is None:
        return None
    kept = dict(row)
    kept["domains"] = tuple(json.loads(kept["domains"]))
    kept["policy"] = policy.stored(json.loads(kept["policy"]))
    return Run(**kept)


def forget(db: sqlite3.Connection, run: Run) -> None:
    """Forget everything that happened in a run; its keys stay."""
    for order in FORGETTING:
        db.execute(order, (run.id,))
    save(db, Run(run.id, run.cust_key, run.client_key, run.refund_key))
