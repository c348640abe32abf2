"""The control plane under /_sim, for drivers of fault tests: the webhook bench and the barriers. JSON in, JSON out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, abort, jsonify
from flask.typing import ResponseReturnValue

from shop.simulator import barriers, bench, ledger, webhooks
from shop.simulator.acts.announce import resend
from shop.simulator.barriers import Barrier
from shop.simulator.ledger import Entry
from shop.simulator.masking import masked
from shop.simulator.outgoing import checked_address
from shop.simulator.views import pausing
from shop.simulator.views.requests import current_run, read_order, settings, storage
from shop.simulator.views.steering import explain
from shop.simulator.webhooks import Webhook

bp = Blueprint("driving", __name__, url_prefix="/_sim")
bp.register_error_handler(ValueError, explain)


@bp.get("/webhooks")
def list_webhooks() -> ResponseReturnValue:
    """Every webhook of the run in the order of its making, with all that was tried."""
    with storage().reading() as db:
        return jsonify([_told(webhook) for webhook in webhooks.of_run(db, current_run().id)])


@bp.post("/webhooks")
def set_bench() -> ResponseReturnValue:
    """`{hold?, release?, duplicate?, shuffle?, drop?, delay?, seed?}`; what is left out stays as it is."""
    run, order = current_run(), read_order()
    with storage().writing() as db:
        stand = bench.changed(bench.of_run(db, run.id), order)
        bench.keep(db, run.id, stand)
        if order.get("release"):
            webhooks.release(db, run.id)
        ledger.write(db, Entry(run.id, run.now(), "bench", note=str(order)))
    return jsonify(asdict(stand))


@bp.post("/webhooks/<int:number>/resend")
def resend_webhook(number: int) -> ResponseReturnValue:
    """Send the same notice once more."""
    run = current_run()
    with storage().writing() as db:
        webhook = webhooks.by_id(db, run.id, number) or abort(404)
        again = webhooks.by_id(db, run.id, resend(db, run, webhook)) or abort(404)
    return jsonify(_told(again)), 201


@bp.get("/barrier")
def list_barriers() -> ResponseReturnValue:
    """The barriers of the run; `waiting` ones hold a request at this moment."""
    return jsonify([asdict(barrier) for barrier in pausing.barriers().of_run(current_run().id)])


@bp.post("/barrier")
def put_up_barrier() -> ResponseReturnValue:
    """`{op, phase, oid?, notify_url?, seconds?}`: the next such request waits there, and the address is told."""
    barrier = pausing.barriers().put_up(_barrier_from(current_run().id, read_order()))
    return jsonify(asdict(barrier)), 201


@bp.post("/barrier/<int:number>/release")
def release_barrier(number: int) -> ResponseReturnValue:
    """Let the request go on."""
    return ("", 204) if pausing.barriers().release(current_run().id, number) else abort(404)


def _told(webhook: Webhook) -> dict[str, Any]:
    return asdict(webhook) | {"body": masked(webhook.body)}


def _barrier_from(run: str, order: dict[str, Any]) -> Barrier:
    texts = {name: order.get(name, "") for name in ("op", "phase", "oid", "notify_url")}
    seconds = order.get("seconds", Barrier.seconds)
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if set(order) - {*texts, "seconds"} or not is_number or not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("a barrier is {op, phase, oid?, notify_url?, seconds?}")
    checked_address(texts["notify_url"], settings().webhook_hosts)
    return barriers.checked(Barrier(run, **texts, seconds=float(seconds)))
