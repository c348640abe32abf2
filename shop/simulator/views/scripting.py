"""The control plane under /_sim, deciding what happens to the next payments. Every route takes `?run=`."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from shop.simulator import arming, scenario_list
from shop.simulator.arming import Armed
from shop.simulator.views.requests import current_run, read_order, storage
from shop.simulator.views.steering import explain

bp = Blueprint("scripting", __name__, url_prefix="/_sim")
bp.register_error_handler(ValueError, explain)
FIELDS: dict[str, type | tuple[type, ...]] = {
    "id": (str, list),
    "oid": str,
    "times": int,
    "p": (int, float),
    "seed": int,
}
LONGEST_SEQUENCE = 1_000


@bp.get("/scenarios")
def list_scenarios() -> ResponseReturnValue:
    """What may happen to a payment and how to make it happen."""
    return jsonify(scenario_list.for_machines())


@bp.get("/scenarios/armed")
def list_armed() -> ResponseReturnValue:
    """What will still happen to the next payments, in order."""
    with storage().reading() as db:
        return jsonify([_told(armed) for armed in arming.armed_in(db, current_run().id)])


@bp.post("/scenarios")
def arm() -> ResponseReturnValue:
    """`{id, oid?, times?, p?, seed?}`: the next payments that fit meet this scenario, unless the payer chooses another.

    A list of ids is met in its order, the whole list `times` times: `["limit", "limit", "approved"]`.
    """
    order, run = read_order(), current_run()
    sequence = _sequence_from(order)
    with storage().writing() as db:
        for armed in sequence:
            arming.add(db, run.id, armed)
    told = [_told(armed) for armed in sequence]
    return jsonify(told if isinstance(order["id"], list) else told[0]), 201


@bp.delete("/scenarios")
def disarm() -> ResponseReturnValue:
    """The next payments are ordinary again."""
    with storage().writing() as db:
        arming.disarm(db, current_run().id)
    return "", 204


def _sequence_from(order: dict[str, Any]) -> list[Armed]:
    if "id" not in order or set(order) - set(FIELDS):
        raise ValueError("a scenario is armed with {id, oid?, times?, p?, seed?}")
    for name, value in order.items():
        if isinstance(value, bool) or not isinstance(value, FIELDS[name]):
            raise ValueError(f"{name} has a value of the wrong type")
    wished, more = order["id"], {name: value for name, value in order.items() if name != "id"}
    if isinstance(wished, str):
        return [arming.checked(Armed(wished, **more))]
    one = arming.checked(Armed("approved", **more))
    ids = [str(scenario_id) for scenario_id in wished] * min(one.times, LONGEST_SEQUENCE)
    if not 1 <= len(ids) <= LONGEST_SEQUENCE:
        raise ValueError(f"a sequence has from 1 to {LONGEST_SEQUENCE} scenarios")
    return [arming.checked(replace(one, scenario=scenario_id, times=1)) for scenario_id in ids]


def _told(armed: Armed) -> dict[str, object]:
    fields = asdict(armed)
    return {"id": fields.pop("scenario"), **{name: fields[name] for name in ("oid", "times", "p", "seed")}}
