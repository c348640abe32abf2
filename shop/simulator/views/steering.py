"""The control plane under /_sim, giving orders: JSON in, JSON out. Every route takes `?run=`."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from shop.simulator import bench, clock, faults, ledger, policy, runs
from shop.simulator.fault_kinds import KINDS
from shop.simulator.faults import Fault
from shop.simulator.ledger import Entry
from shop.simulator.runs import Run
from shop.simulator.views.pausing import barriers
from shop.simulator.views.requests import current_run, read_order, settings, storage

bp = Blueprint("steering", __name__, url_prefix="/_sim")
LONGEST_ADVANCE = 400 * 24 * 3600
FAULT_FIELDS: dict[str, type | tuple[type, ...]] = {
    "op": str,
    "kind": (str, list),
    "phase": str,
    "oid": str,
    "times": int,
    "seconds": (int, float),
    "p": (int, float),
    "seed": int,
}


@bp.errorhandler(ValueError)
def explain(error: ValueError) -> ResponseReturnValue:
    """A wrong order gets a sentence."""
    return jsonify(error=str(error).encode("utf-8", "replace").decode()), 400


@bp.get("/policy")
def show_policy() -> ResponseReturnValue:
    """The switches as they stand."""
    return jsonify(asdict(current_run().policy))


@bp.post("/policy")
def change_policy() -> ResponseReturnValue:
    """Set some switches."""
    run, wishes = current_run(), read_order()
    changed = replace(run, policy=policy.changed(run.policy, wishes))
    _save(changed, "policy", str(wishes))
    return jsonify(asdict(changed.policy))


@bp.get("/clock")
def show_clock() -> ResponseReturnValue:
    """This run's time."""
    return jsonify(_time_of(current_run()))


@bp.post("/clock")
def advance_clock() -> ResponseReturnValue:
    """`{"advance": seconds}` moves this run's time forward."""
    run, seconds = current_run(), read_order().get("advance")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= LONGEST_ADVANCE:
        raise ValueError(f"advance is a number of seconds from 0 to {LONGEST_ADVANCE}")
    moved = replace(run, clock_offset=run.clock_offset + seconds)
    _save(moved, "clock", f"+{seconds} s")
    return jsonify(_time_of(moved))


@bp.get("/faults")
def list_faults() -> ResponseReturnValue:
    """The faults that will still happen, and the kinds that there are."""
    with storage().reading() as db:
        armed = [asdict(fault) for fault in faults.armed(db, current_run().id)]
    kinds = [
        {"id": kind.id, "ko": kind.ko, "en": kind.en, "ops": kind.ops, "phases": kind.phases, "seconds": kind.seconds}
        for kind in KINDS.values()
    ]
    return jsonify(armed=armed, kinds=kinds)


@bp.post("/faults")
def arm_fault() -> ResponseReturnValue:
    """`{op, kind, phase?, oid?, times?, seconds?, p?, seed?}`: the next matching operations break.

    A list of kinds strikes in its order, the whole list `times` times: `["http_500", "http_500", "intact"]`.
    """
    order, run = read_order(), current_run()
    sequence = _faults_from(order)
    with storage().writing() as db:
        for fault in sequence:
            faults.add(db, run.id, fault)
    told = [asdict(fault) for fault in sequence]
    return jsonify(told if isinstance(order["kind"], list) else told[0]), 201


@bp.delete("/faults")
def disarm_faults() -> ResponseReturnValue:
    """No more faults."""
    with storage().writing() as db:
        faults.disarm(db, current_run().id)
    return "", 204


@bp.delete("")
def forget() -> ResponseReturnValue:
    """Forget everything that happened in the run; its keys stay."""
    run = current_run()
    with storage().writing() as db:
        runs.forget(db, run)
        bench.register_default(db, run, settings().webhook_url)
    barriers().release_all(run.id)
    return "", 204


def _save(run: Run, op: str, note: str) -> None:
    with storage().writing() as db:
        runs.save(db, run)
        ledger.write(db, Entry(run.id, run.now(), op, note=note))


def _time_of(run: Run) -> dict[str, object]:
    return {"now": run.now().astimezone(clock.KOREA).isoformat(), "offset_seconds": run.clock_offset}


def _faults_from(order: dict[str, Any]) -> list[Fault]:
    unknown = sorted(set(order) - set(FAULT_FIELDS))
    if unknown or not {"op", "kind"} <= set(order):
        raise ValueError("a fault is {op, kind, phase?, oid?, times?, seconds?, p?, seed?}")
    for name, value in order.items():
        if isinstance(value, bool) or not isinstance(value, FAULT_FIELDS[name]):
            raise ValueError(f"{name} has a value of the wrong type")
    kinds = order["kind"]
    return faults.sequence(Fault(**order | {"kind": ""}), kinds) if isinstance(kinds, list) else [_fault(order)]


def _fault(order: dict[str, Any]) -> Fault:
    return faults.checked(Fault(**order))
