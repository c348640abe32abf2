"""Barriers: pause a request before or after its effect until its release. They are kept in memory."""

import itertools
import json
from dataclasses import asdict, dataclass, replace
from threading import Event, Lock

from flask import abort, current_app, jsonify
from flask.typing import ResponseReturnValue

from shop.simulator import ledger, webhooks
from shop.simulator.control.faults import OPS, PHASES
from shop.simulator.runs import Run
from shop.simulator.web import control_blueprint, current_run, database, read_order, settings
from shop.simulator.webhooks import NotAnswered, checked_address

bp = control_blueprint("barriers", "/barrier")

LONGEST = 120.0
# A paused request occupies one of the server's sixteen threads, and so does a call that a fault lets hang; the control
# panel needs some to release it.
MOST_WAITING = 5


@dataclass(frozen=True)
class Barrier:
    """A blank `oid` means any payment, `seconds` is the longest wait; `notify_url` gets a message when it begins."""

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


class Barriers:
    def __init__(self) -> None:
        self._numbers, self._lock = itertools.count(1), Lock()
        self._all: dict[int, tuple[Barrier, Event]] = {}

    def add(self, barrier: Barrier) -> Barrier:
        numbered = replace(barrier, id=next(self._numbers))
        self._all[numbered.id] = (numbered, Event())
        return numbered

    def reach(self, run: Run, op: str, phase: str, oid: str) -> tuple[Barrier, Event] | None:
        """The barrier that holds this request from now on, unless too many wait already."""
        with self._lock:
            barriers = list(self._all.values())
            if sum(barrier.waiting for barrier, _ in barriers) >= MOST_WAITING:
                return None
            for barrier, released in barriers:
                is_there = (barrier.run, barrier.op, barrier.phase, barrier.waiting) == (run.id, op, phase, False)
                if is_there and barrier.oid in ("", oid):
                    self._all[barrier.id] = held = (replace(barrier, oid=oid, waiting=True), released)
                    return held
        return None

    def of_run(self, run: Run) -> list[Barrier]:
        return [barrier for barrier, _ in list(self._all.values()) if barrier.run == run.id]

    def remove(self, barrier: Barrier) -> None:
        """Release the held request, or remove a barrier that holds none."""
        _, released = self._all.pop(barrier.id, (barrier, Event()))
        released.set()


def pause(run: Run, op: str, phase: str, oid: str) -> None:
    reached = _barriers().reach(run, op, phase, oid)
    if reached is None:
        return
    barrier, released = reached
    _write(run, barrier, f"waits {phase} {op}")
    if barrier.notify_url:
        body = json.dumps(asdict(barrier)).encode()
        try:
            status = webhooks.send("POST", barrier.notify_url, {"Content-Type": "application/json"}, body)
            _write(run, barrier, f"told the driver: {status}")
        except NotAnswered as reason:
            _write(run, barrier, f"the driver could not be told: {reason}")
    in_time = released.wait(barrier.seconds)
    _barriers().remove(barrier)
    _write(run, barrier, "released" if in_time else f"went on after {barrier.seconds:g} s")


def release_all(run: Run) -> None:
    for barrier in _barriers().of_run(run):
        _barriers().remove(barrier)


@bp.get("")
def list_barriers() -> ResponseReturnValue:
    return jsonify([asdict(barrier) for barrier in _barriers().of_run(current_run())])


@bp.post("")
def add_barrier() -> ResponseReturnValue:
    """`{op, phase, oid?, notify_url?, seconds?}`: the next such request waits there; `notify_url` gets a message."""
    order = read_order(
        {**dict.fromkeys(("op", "phase", "oid", "notify_url"), (str,)), "seconds": (int, float)},
        needed=("op", "phase"),
    )
    checked_address(order.get("notify_url", ""), settings().webhook_hosts)
    return jsonify(asdict(_barriers().add(Barrier(current_run().id, **order)))), 201


@bp.post("/<int:number>/release")
def release(number: int) -> ResponseReturnValue:
    barriers = [barrier for barrier in _barriers().of_run(current_run()) if barrier.id == number]
    _barriers().remove(barriers[0] if barriers else abort(404))
    return "", 204


def _barriers() -> Barriers:
    kept: Barriers = current_app.extensions["simulator_barriers"]
    return kept


def _write(run: Run, barrier: Barrier, note: str) -> None:
    with database().writing() as db:
        ledger.write(db, run, "barrier", oid=barrier.oid, note=f"#{barrier.id} {note}")
