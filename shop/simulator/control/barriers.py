"""Barriers: hold a request before or after its effect until its driver lets it go, so that a test can act there.

They live in memory: a paused request does not survive the process that holds it.
"""

import itertools
import json
from dataclasses import asdict, dataclass, replace
from threading import Event, Lock

from flask import Blueprint, abort, current_app, jsonify
from flask.typing import ResponseReturnValue

from shop.simulator import ledger, outgoing
from shop.simulator.control.faults import OPS, PHASES
from shop.simulator.outgoing import NotAnswered, checked_address
from shop.simulator.runs import Run
from shop.simulator.web import current_run, database, explain, read_order, settings

bp = Blueprint("barriers", __name__, url_prefix="/_sim/barrier")
bp.register_error_handler(ValueError, explain)

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

    def __post_init__(self) -> None:
        if self.op not in OPS or self.phase not in PHASES:
            raise ValueError(f"op is one of {', '.join(OPS)}; phase is {' or '.join(PHASES)} the effect")
        if not 0 < self.seconds <= LONGEST:
            raise ValueError(f"seconds is a number up to {LONGEST:.0f}")

    def fits(self, run: Run, op: str, phase: str, oid: str) -> bool:
        """Whether it is there for such a request and holds none yet."""
        where = (self.run, self.op, self.phase)
        return not self.waiting and where == (run.id, op, phase) and self.oid in ("", oid)


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
            numbered = replace(barrier, id=next(self._numbers))
            self._barriers[numbered.id], self._gates[numbered.id] = numbered, Event()
        return numbered

    def reach(self, run: Run, op: str, phase: str, oid: str) -> Barrier | None:
        """The barrier that holds this request from now on, if there is one and room to wait."""
        with self._lock:
            barrier = next((one for one in self._barriers.values() if one.fits(run, op, phase, oid)), None)
            if barrier is None or sum(one.waiting for one in self._barriers.values()) >= MOST_WAITING:
                return None
            held = self._barriers[barrier.id] = replace(barrier, oid=oid, waiting=True)
            return held

    def wait(self, barrier: Barrier) -> bool:
        """Stand still until released, or until the time is over; whether it was released."""
        gate = self._gates.get(barrier.id)
        released = gate.wait(barrier.seconds) if gate else True
        with self._lock:
            self._remove(barrier.id)
        return released

    def of_run(self, run: Run) -> list[Barrier]:
        """The barriers that still hold or wait for something."""
        with self._lock:
            return [one for one in self._barriers.values() if one.run == run.id]

    def release(self, run: Run, number: int) -> bool:
        """Let one go, or take it down before anything came; False if there is none."""
        with self._lock:
            barrier = self._barriers.get(number)
            if barrier is None or barrier.run != run.id:
                return False
            self._gates[number].set()
            if not barrier.waiting:
                self._remove(number)
            return True

    def _remove(self, number: int) -> None:
        self._barriers.pop(number, None)
        self._gates.pop(number, None)


def pause(run: Run, op: str, phase: str, oid: str) -> None:
    """Go on at once, unless a barrier stands here."""
    barrier = _barriers().reach(run, op, phase, oid)
    if barrier is None:
        return
    _write(run, barrier, f"waits {phase} {op}")
    if barrier.notify_url:
        _write(run, barrier, _notify(barrier))
    released = _barriers().wait(barrier)
    _write(run, barrier, "released" if released else f"went on after {barrier.seconds:g} s")


def release_all(run: Run) -> None:
    """Let everything of a run go."""
    for barrier in _barriers().of_run(run):
        _barriers().release(run, barrier.id)


@bp.get("")
def list_barriers() -> ResponseReturnValue:
    """The barriers of the run; `waiting` ones hold a request at this moment."""
    return jsonify([asdict(barrier) for barrier in _barriers().of_run(current_run())])


@bp.post("")
def put_up() -> ResponseReturnValue:
    """`{op, phase, oid?, notify_url?, seconds?}`: the next such request waits there, and the address is told."""
    order = read_order(
        "a barrier is {op, phase, oid?, notify_url?, seconds?}",
        {**dict.fromkeys(("op", "phase", "oid", "notify_url"), (str,)), "seconds": (int, float)},
        needed=("op", "phase"),
    )
    checked_address(order.get("notify_url", ""), settings().webhook_hosts)
    return jsonify(asdict(_barriers().put_up(Barrier(current_run().id, **order)))), 201


@bp.post("/<int:number>/release")
def release(number: int) -> ResponseReturnValue:
    """Let the request go on."""
    return ("", 204) if _barriers().release(current_run(), number) else abort(404)


def _barriers() -> Barriers:
    kept: Barriers = current_app.extensions["simulator_barriers"]
    return kept


def _notify(barrier: Barrier) -> str:
    body = json.dumps(asdict(barrier)).encode()
    try:
        status = outgoing.send("POST", barrier.notify_url, {"Content-Type": "application/json"}, body)
    except NotAnswered as reason:
        return f"the driver could not be told: {reason}"
    return f"told the driver: {status}"


def _write(run: Run, barrier: Barrier, note: str) -> None:
    with database().writing() as db:
        ledger.write(db, run, "barrier", oid=barrier.oid, note=f"#{barrier.id} {note}")
