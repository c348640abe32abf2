"""Scenarios armed from outside: for the next payments of a run or for one number, in sequence, with seeded luck."""

from __future__ import annotations

import random
import sqlite3
from dataclasses import dataclass

from shop.simulator.payment import Payment
from shop.simulator.scenarios import SCENARIOS, Scenario

MOST_TIMES = 1_000_000
LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True)
class Armed:
    """`oid` blank means any payment; each one that fits is struck with probability `p`, `times` times in all.

    `throws` counts the dice that were thrown: the same seed strikes the same payments again.
    """

    scenario: str
    oid: str = ""
    times: int = 1
    p: float = 1.0
    seed: int = 0
    throws: int = 0
    id: int = 0

    def strikes(self) -> bool:
        """Whether this throw hits."""
        return random.Random(f"{self.seed}:{self.throws}").random() < self.p

    def fits(self, payment: Payment) -> bool:
        """Whether it can happen to this payment."""
        return self.oid in ("", payment.oid) and SCENARIOS[self.scenario].fits(payment)


def checked(armed: Armed) -> Armed:
    """One that can happen; ValueError says in a sentence what is wrong."""
    if armed.scenario not in SCENARIOS:
        raise ValueError(f"id is one of {', '.join(SCENARIOS)}")
    if not 1 <= armed.times <= MOST_TIMES or not 0 < armed.p <= 1 or not 0 <= armed.seed <= LARGEST_SEED:
        raise ValueError(f"times is from 1 to {MOST_TIMES}, p above 0 and at most 1, seed from 0 to {LARGEST_SEED}")
    return armed


def add(db: sqlite3.Connection, run: str, armed: Armed) -> None:
    """Arm a scenario for a run, behind those that are armed already."""
    db.execute(
        "INSERT INTO armed_scenarios (run, scenario, oid, times, p, seed) VALUES (?, ?, ?, ?, ?, ?)",
        (run, armed.scenario, armed.oid, armed.times, armed.p, armed.seed),
    )


def armed_in(db: sqlite3.Connection, run: str) -> list[Armed]:
    """What is still armed, in the order of arming."""
    query = (
        "SELECT scenario, oid, times, p, seed, throws, id FROM armed_scenarios WHERE run = ? AND times > 0 ORDER BY id"
    )
    return [Armed(*row) for row in db.execute(query, (run,))]


def disarm(db: sqlite3.Connection, run: str) -> None:
    """Nothing is armed any more."""
    db.execute("DELETE FROM armed_scenarios WHERE run = ?", (run,))


def expected(db: sqlite3.Connection, payment: Payment) -> Scenario | None:
    """What will be taken for a payment, as long as no dice decide."""
    armed = _first(db, payment)
    return SCENARIOS[armed.scenario] if armed and armed.p == 1 else None


def take(db: sqlite3.Connection, payment: Payment) -> Scenario | None:
    """Use up one time of the first that fits; a throw that misses uses up nothing, and nothing happens."""
    armed = _first(db, payment)
    if armed is None:
        return None
    hit = armed.strikes()
    db.execute("UPDATE armed_scenarios SET throws = throws + 1, times = times - ? WHERE id = ?", (hit, armed.id))
    return SCENARIOS[armed.scenario] if hit else None


def _first(db: sqlite3.Connection, payment: Payment) -> Armed | None:
    return next((armed for armed in armed_in(db, payment.run) if armed.fits(payment)), None)
