"""Faults on demand: an operation breaks before or after its effect, a number of times, in sequence, or by chance."""

from __future__ import annotations

import random
import sqlite3
from dataclasses import astuple, dataclass, replace

from shop.simulator.fault_kinds import KINDS

LONGEST_HANG = 120.0
LONGEST_SEQUENCE = 1_000
MOST_TIMES = 1_000_000
COLUMNS = "op, kind, phase, oid, times, seconds, p, seed"


@dataclass(frozen=True)
class Fault:
    """`oid` blank means any payment; `seconds` is how long the answer hangs before it breaks, or drips.

    With a probability `p` below 1, `seed` decides which operations are struck: the same ones every time.
    """

    op: str
    kind: str
    phase: str = "after"
    oid: str = ""
    times: int = 1
    seconds: float = 0.0
    p: float = 1.0
    seed: int = 0
    throws: int = 0
    id: int = 0

    @property
    def hits(self) -> bool:
        """Whether this throw of the dice strikes."""
        return self.p >= 1 or random.Random(f"{self.seed}:{self.throws}").random() < self.p


def checked(fault: Fault) -> Fault:
    """A fault that can happen; ValueError says in a sentence what is wrong with this one."""
    kind = KINDS.get(fault.kind)
    if kind is None:
        raise ValueError(f"kind is one of {', '.join(KINDS)}")
    if fault.op not in kind.ops or fault.phase not in kind.phases:
        raise ValueError(f"{kind.id} goes with op {' or '.join(kind.ops)} and phase {' or '.join(kind.phases)}")
    if fault.oid and fault.op == "auth":
        raise ValueError("an authentication has no oid")
    if not 1 <= fault.times <= MOST_TIMES or not 0 <= fault.seconds <= LONGEST_HANG or not 0 < fault.p <= 1:
        raise ValueError(f"times is from 1 to {MOST_TIMES}, seconds from 0 to {LONGEST_HANG:.0f}, p above 0 up to 1")
    return fault if fault.seconds else replace(fault, seconds=kind.seconds)


def sequence(fault: Fault, kinds: list[object]) -> list[Fault]:
    """One fault for each kind of a list, the list `times` times; what has one phase only takes that one."""
    names = [str(kind) for kind in kinds]
    if not names or len(names) * fault.times > LONGEST_SEQUENCE:
        raise ValueError(f"a sequence has from 1 to {LONGEST_SEQUENCE} kinds")
    return [
        checked(replace(fault, kind=name, phase=_phase(name, fault.phase), times=1)) for name in names * fault.times
    ]


def _phase(name: str, wished: str) -> str:
    phases = KINDS[name].phases if name in KINDS else ()
    return phases[0] if len(phases) == 1 else wished


def add(db: sqlite3.Connection, run: str, fault: Fault) -> None:
    """Arm a fault for a run; of several that fit, the one armed first strikes."""
    query = f"INSERT INTO faults (run, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - our own names
    db.execute(query, (run, *astuple(fault)[:8]))


def armed(db: sqlite3.Connection, run: str) -> list[Fault]:
    """The faults that will still happen, in the order in which they were armed."""
    query = f"SELECT {COLUMNS}, throws, id FROM faults WHERE run = ? AND times > 0 ORDER BY id"  # noqa: S608
    return [Fault(*row) for row in db.execute(query, (run,))]


def disarm(db: sqlite3.Connection, run: str) -> None:
    """No more faults for a run."""
    db.execute("DELETE FROM faults WHERE run = ?", (run,))


def take(db: sqlite3.Connection, run: str, op: str, oid: str) -> Fault | None:
    """Use up one time of the first fault that fits; a throw that misses uses up none and lets the operation pass."""
    fitting = (fault for fault in armed(db, run) if fault.op == op and fault.oid in ("", oid))
    fault = next(fitting, None)
    if fault is None:
        return None
    used = "UPDATE faults SET throws = throws + 1, times = times - ? WHERE id = ?"
    db.execute(used, (int(fault.hits), fault.id))
    return fault if fault.hits else None
