"""Barriers: hold an operation at a phase until its driver lets it go, so that a test can act exactly there.

They live in memory: a paused request does not survive the process that holds it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from threading import Event, Lock

from shop.simulator.fault_kinds import OPS, PHASES

LONGEST = 120.0
# A paused request occupies one of the server's sixteen threads, and so does a call that a fault lets hang; the control
# panel needs some to let it go.
MOST_WAITING = 5


@dataclass(frozen=True)
class Barrier:
    """`oid` blank means any payment, `seconds` how long it waits at most, `notify_url` who is told that it waits."""

    run: str
    op: str
    phase: str
    oid: str = ""
    notify_url: str = ""
    seconds: float = 30.0
    id: int = 0
    waiting: bool = False


def checked(barrier: Barrier) -> Barrier:
    """A barrier that can hold something; ValueError says in a sentence what is wrong with this one."""
    if barrier.op not in OPS or barrier.phase not in PHASES:
        raise ValueError(f"op is one of {', '.join(OPS)}; phase is {' or '.join(PHASES)} the effect")
    if not 0 < barrier.seconds <= LONGEST:
        raise ValueError(f"seconds is a number up to {LONGEST:.0f}")
    return barrier


class Barriers:
    """Those of one simulator; each holds one request."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._lock = Lock()
        self._barriers: dict[int, Barrier] = {}
        self._gates: dict[int, Event] = {}

    def put_up(self, barrier: Barrier) -> Barrier:
        """Wait for the next request that fits."""
        with self._lock:
            number = next(self._numbers)
            numbered = replace(barrier, id=number)
            self._barriers[number], self._gates[number] = numbered, Event()
        return numbered

    def reach(self, run: str, op: str, phase: str, oid: str) -> Barrier | None:
        """A request comes by: the barrier that holds it from now on, if there is one and room to wait."""
        with self._lock:
            fitting = (one for one in self._barriers.values() if _fits(one, run, op, phase, oid))
            barrier = next(fitting, None)
            if barrier is None or sum(one.waiting for one in self._barriers.values()) >= MOST_WAITING:
                return None
            held = replace(barrier, oid=oid, waiting=True)
            self._barriers[barrier.id] = held
            return held

    def wait(self, barrier: Barrier) -> bool:
        """Stand still until released, or until the time is over; whether it was released."""
        gate = self._gates.get(barrier.id)
        released = gate.wait(barrier.seconds) if gate else True
        with self._lock:
            self._remove(barrier.id)
        return released

    def of_run(self, run: str) -> list[Barrier]:
        """The barriers that still hold or wait for something."""
        with self._lock:
            return [one for one in self._barriers.values() if one.run == run]

    def release(self, run: str, number: int) -> bool:
        """Let one go, or take it down before anything came; False if there is none."""
        with self._lock:
            barrier = self._barriers.get(number)
            if barrier is None or barrier.run != run:
                return False
            self._gates[number].set()
            if not barrier.waiting:
                self._remove(number)
            return True

    def release_all(self, run: str) -> None:
        """Let everything of a run go."""
        for barrier in self.of_run(run):
            self.release(run, barrier.id)

    def _remove(self, number: int) -> None:
        self._barriers.pop(number, None)
        self._gates.pop(number, None)


def _fits(barrier: Barrier, run: str, op: str, phase: str, oid: str) -> bool:
    return (
        not barrier.waiting
        and (barrier.run, barrier.op, barrier.phase) == (run, op, phase)
        and barrier.oid in ("", oid)
    )
