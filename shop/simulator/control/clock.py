"""A run's clock and its policy."""

from dataclasses import asdict, replace

from flask import jsonify
from flask.typing import ResponseReturnValue

from shop.simulator import clock, ledger, policy, runs, store
from shop.simulator.payment import Payment
from shop.simulator.runs import Run
from shop.simulator.web import control_blueprint, current_run, database, read_order

bp = control_blueprint("clock")
LONGEST_ADVANCE = 400 * 24 * 3600


@bp.get("/clock")
def show_clock() -> ResponseReturnValue:
    return jsonify(_time_of(current_run()))


@bp.post("/clock")
def advance_clock() -> ResponseReturnValue:
    """`{"advance": seconds}` moves this run's time forward; `{"ago": seconds}` begins a run in the past."""
    sentence = (
        f"send advance or ago, a number of seconds from 0 to {LONGEST_ADVANCE}; ago only before the first payment"
    )
    order = read_order({"advance": (int, float), "ago": (int, float)})
    if len(order) != 1 or not all(0 <= value <= LONGEST_ADVANCE for value in order.values()):
        raise ValueError(sentence)
    seconds = order.get("advance", -order.get("ago", 0))
    with database().writing() as db:
        run = current_run(db)
        if "ago" in order and store.find(db, Payment, run=run.id):
            raise ValueError(sentence)
        moved = replace(run, clock_offset=run.clock_offset + seconds)
        runs.save(db, moved)
        ledger.write(db, moved, "clock", note=f"{seconds:+} s")
    return jsonify(_time_of(moved))


@bp.get("/policy")
def show_policy() -> ResponseReturnValue:
    return jsonify(asdict(current_run().policy))


@bp.post("/policy")
def change_policy() -> ResponseReturnValue:
    wishes = read_order()
    with database().writing() as db:
        run = current_run(db)
        changed = replace(run, policy=policy.changed(run.policy, wishes))
        runs.save(db, changed)
        ledger.write(db, changed, "policy", note=str(wishes))
    return jsonify(asdict(changed.policy))


def _time_of(run: Run) -> dict[str, object]:
    return {"now": run.now().astimezone(clock.KOREA).isoformat(), "offset_seconds": run.clock_offset}
