"""The scenarios as a list, and the routes that arm them for the next payments."""

from dataclasses import asdict

from flask import jsonify
from flask.typing import ResponseReturnValue

from shop.simulator import scenarios, store
from shop.simulator.scenarios import SCENARIOS, ArmedScenario
from shop.simulator.web import control_blueprint, current_run, database, read_order

bp = control_blueprint("scenarios", "/scenarios")
SHOWN = ("id", "ko", "en", "does_ko", "does_en", "methods", "works", "code")


@bp.get("")
def list_scenarios() -> ResponseReturnValue:
    rows = [
        {
            **{name: getattr(scenario, name) for name in SHOWN},
            "trigger": scenarios.triggers_of(scenario) | {"arm": {"id": scenario.id}},
            "fault": [asdict(fault) for fault in scenario.faults],
            "policy": dict(scenario.policy),
        }
        for scenario in SCENARIOS.values()
    ]
    return jsonify(rows)


@bp.get("/armed")
def list_armed() -> ResponseReturnValue:
    with database().reading() as db:
        return jsonify([_shown(armed) for armed in store.select(db, ArmedScenario, run=current_run(db).id)])


@bp.post("")
def arm() -> ResponseReturnValue:
    """`{id, oid?, times?, p?, seed?}`: the scenario of the next payments that fit, unless the payer chooses another.

    A list of ids takes effect in its order, the whole list `times` times: `["limit", "limit", "approved"]`.
    """
    types = {"id": (str, list), "oid": (str,), "times": (int,), "p": (int, float), "seed": (int,)}
    order, run = read_order(types, needed=("id",)), current_run()
    sequence = [
        ArmedScenario(scenario=one.pop("id"), run=run.id, **one) for one in scenarios.in_sequence(order.copy(), "id")
    ]
    with database().writing() as db:
        for armed in sequence:
            store.insert(db, armed)
    shown = [_shown(armed) for armed in sequence]
    return jsonify(shown if isinstance(order["id"], list) else shown[0]), 201


@bp.delete("")
def disarm() -> ResponseReturnValue:
    with database().writing() as db:
        store.delete(db, ArmedScenario, run=current_run(db).id)
    return "", 204


def _shown(armed: ArmedScenario) -> dict[str, object]:
    return {"id": armed.scenario, "oid": armed.oid, "times": armed.times, "p": armed.p, "seed": armed.seed}
