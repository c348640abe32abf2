"""The bench on which a tester holds, doubles, shuffles, loses and delays webhooks."""

from dataclasses import asdict, replace
from typing import Any

from flask import abort, jsonify
from flask.typing import ResponseReturnValue

from shop.simulator import ledger, runs, store, webhooks
from shop.simulator.masking import masked
from shop.simulator.web import control_blueprint, current_run, database, read_order
from shop.simulator.webhooks import Webhook

bp = control_blueprint("webhooks", "/webhooks")
TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("hold", "release", "shuffle"), (bool,)),
    **dict.fromkeys(("duplicate", "seed"), (int,)),
    "drop": (bool, int, float),
    "delay": (int, float),
}
LARGEST = {"duplicate": 10, "seed": 2**31, "drop": 1, "delay": 24 * 3600}


@bp.get("")
def list_webhooks() -> ResponseReturnValue:
    with database().reading() as db:
        return jsonify([_shown(webhook) for webhook in store.select(db, Webhook, run=current_run(db).id)])


@bp.post("")
def set_bench() -> ResponseReturnValue:
    """`{hold?, release?, duplicate?, shuffle?, drop?, delay?, seed?}`; what is left out stays as it is."""
    order = read_order(TYPES)
    for name, largest in LARGEST.items():
        if not 0 <= order.get(name, 0) <= largest:
            raise ValueError(f"{name} is a number from 0 to {largest}")
    wishes = {name: value for name, value in order.items() if name != "release"}
    wishes |= {name: float(order[name]) for name in ("drop", "delay") if name in order}
    with database().writing() as db:
        run = current_run(db)
        run = replace(run, bench=replace(run.bench, **wishes))
        runs.save(db, run)
        if order.get("release"):
            webhooks.release(db, run.id)
        ledger.write(db, run, "bench", note=str(order))
    return jsonify(asdict(run.bench))


@bp.post("/<int:number>/resend")
def resend(number: int) -> ResponseReturnValue:
    with database().writing() as db:
        run = current_run(db)
        webhook = store.find(db, Webhook, run=run.id, number=min(number, store.LARGEST_NUMBER)) or abort(404)
        again = store.find(db, Webhook, number=webhooks.resend(db, run, webhook)) or abort(404)
    return jsonify(_shown(again)), 201


def _shown(webhook: Webhook) -> dict[str, Any]:
    return asdict(webhook) | {"body": masked(webhook.body)}
