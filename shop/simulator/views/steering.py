"""The control plane under /_sim, giving orders: JSON in, JSON out. Every route takes `?run=`."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from shop.simulator import clock, faults, ledger, policy, runs
from shop.simulator.faults import KINDS, Fault
from shop.simulator.ledger import Entry
from shop.simulator.runs import Run
from shop.simulator.views.requests import current_run, read_order, storage

bp = Blueprint("steering", __name__, url_prefix="/_sim")
LONGEST_ADVANCE = 400 * 24 * 3600
FAULT_FIELDS: dict[str, type | tuple[type, ...]] = {
    "op": str,
    "kind": str,
    "phase": str,
    "oid": str,
    "times": int,
    "seconds": (int, float),
}


@bp.errorhandler(ValueError)
def explain(error: ValueError) -> ResponseReturnValue:
    """A wrong order gets a sentence."""
    return jsonify(error=str(error)), 400


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
        {"id": kind.id, "ko": kind.ko, "en": kind.en, "ops": kind.ops, "phases": kind.phases} for kind in KINDS.values()
    ]
    return jsonify(armed=armed, kinds=kinds)


@bp.post("/faults")
def arm_fault() -> ResponseReturnValue:
    """`{op, kind, phase?, oid?, times?, seconds?}`: the next matching operations break."""
    fault = _fault_from(read_order())
    with storage().writing() as db:
        faults.add(db, current_run().id, fault)
    return jsonify(asdict(fault)), 201


@bp.delete("/faults")
def disarm_faults() -> ResponseReturnValue:
    """No more faults."""
    with storage().writing() as db:
        faults.disarm(db, current_run().id)
    return "", 204


@bp.post("/partners")
def register_domains() -> ResponseReturnValue:
    """`{"domains": […]}` registers them, as the live server wants it; an empty list accepts every host, as in test."""
    domains = read_order().get("domains")
    if not isinstance(domains, list) or not all(isinstance(domain, str) and domain for domain in domains):
        raise ValueError("domains is a list of host names")
    registered = replace(current_run(), domains=tuple(domain.lower() for domain in domains))
    _save(registered, "partner", ", ".join(registered.domains))
    return jsonify(cst_id=registered.id, domains=registered.domains)


@bp.post("/runs")
def start_run() -> ResponseReturnValue:
    """A partner of its own: own keys, ledger, clock, faults and policy."""
    run = runs.new_run()
    with storage().writing() as db:
        runs.save(db, run)
    keys = {"custKey": run.cust_key, "clientKey": run.client_key, "refundKey": run.refund_key}
    return jsonify(run=run.id, cst_id=run.id, **keys), 201


@bp.delete("")
def forget() -> ResponseReturnValue:
    """Forget everything that happened in the run; its keys stay."""
    run = current_run()
    with storage().writing() as db:
        runs.forget(db, run)
    return "", 204


def _save(run: Run, op: str, note: str) -> None:
    with storage().writing() as db:
        runs.save(db, run)
        ledger.write(db, Entry(run.id, run.now(), op, note=note))


def _time_of(run: Run) -> dict[str, object]:
    return {"now": run.now().astimezone(clock.KOREA).isoformat(), "offset_seconds": run.clock_offset}


def _fault_from(order: dict[str, Any]) -> Fault:
    unknown = sorted(set(order) - set(FAULT_FIELDS))
    if unknown or not {"op", "kind"} <= set(order):
        raise ValueError("a fault is {op, kind, phase?, oid?, times?, seconds?}")
    for name, value in order.items():
        if isinstance(value, bool) or not isinstance(value, FAULT_FIELDS[name]):
            raise ValueError(f"{name} has a value of the wrong type")
    return faults.checked(Fault(**order))
