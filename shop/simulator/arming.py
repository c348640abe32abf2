"""What is armed for the next requests or payments: in sequence, a number of times, with seeded chance."""

import random
import sqlite3
from dataclasses import dataclass, replace
from typing import Any

from shop.simulator import store
from shop.simulator.store import Row

MOST_TIMES = 1_000_000
LARGEST_SEED = 2**63 - 1
LONGEST_SEQUENCE = 1_000


@dataclass(frozen=True, kw_only=True)
class Armed(Row):
    """`oid` blank means any payment; each one that fits is struck with probability `p`, `times` times in all.

    `throws` counts the draws: the same `seed` strikes the same ones again.
    """

    run: str = ""
    oid: str = ""
    times: int = 1
    p: float = 1.0
    seed: int = 0
    throws: int = 0
    id: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.times <= MOST_TIMES or not 0 < self.p <= 1 or not 0 <= self.seed <= LARGEST_SEED:
            raise ValueError(f"times is from 1 to {MOST_TIMES}, p above 0 up to 1, seed from 0 to {LARGEST_SEED}")


def strike(db: sqlite3.Connection, armed: Armed) -> bool:
    """Count one draw; whether it strikes. A miss uses up none of the times."""
    hit = random.Random(f"{armed.seed}:{armed.throws}").random() < armed.p
    if armed.times > hit:
        store.update(db, replace(armed, throws=armed.throws + 1, times=armed.times - hit), number=armed.id)
    else:
        store.delete(db, type(armed), number=armed.id)
    return hit


def in_sequence(order: dict[str, Any], member: str) -> list[dict[str, Any]]:
    """One order for each name of a list, the list `times` times; an order with one name stays as it is."""
    names, times = order[member], order.get("times", 1)
    if isinstance(names, str):
        return [order]
    if not 1 <= len(names) * times <= LONGEST_SEQUENCE:
        raise ValueError(f"a sequence has from 1 to {LONGEST_SEQUENCE} members")
    return [order | {member: str(name), "times": 1} for name in names * times]
