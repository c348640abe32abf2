"""The control plane under /_sim, doing to payments what no merchant asked for. Every route takes `?run=`."""

from __future__ import annotations

from flask import Blueprint, abort, jsonify
from flask.typing import ResponseReturnValue

from shop.simulator import billing_keys, payments
from shop.simulator.acts.cancel import cancel_behind
from shop.simulator.acts.deregister import deregister_behind
from shop.simulator.rulebook import Rule
from shop.simulator.views.observing import summary
from shop.simulator.views.requests import current_run, read_order, settings, storage
from shop.simulator.views.steering import explain

bp = Blueprint("backstage", __name__, url_prefix="/_sim")
bp.register_error_handler(ValueError, explain)


@bp.post("/payments/<path:oid>/cancel")
def cancel_behind_the_shop(oid: str) -> ResponseReturnValue:
    """`{"amount": won?}` cancels as in Payple's partner admin, unknown to the shop; without it, all that is left."""
    run, amount = current_run(), _amount(read_order().get("amount"))
    with storage().writing() as db:
        payment = payments.completed(db, run.id, oid) or abort(404)
        done = cancel_behind(db, settings().origin, run, payment, amount or payment.remainder)
    if isinstance(done, Rule):
        return jsonify(error=done.en, code=done.code), 409
    return jsonify(summary(done, run))


@bp.post("/billing-keys/deregister")
def deregister_behind_the_shop() -> ResponseReturnValue:
    """`{"payer_id": …}` takes a billing key back as Payple or the bank may; the merchant hears of it by webhook."""
    run, payer_id = current_run(), str(read_order().get("payer_id", ""))
    with storage().writing() as db:
        deregister_behind(db, run, billing_keys.by_id(db, run.id, payer_id) or abort(404))
    return "", 204


def _amount(wish: object) -> int | None:
    if wish is None:
        return None
    if isinstance(wish, bool) or not isinstance(wish, int) or wish < 1:
        raise ValueError("amount is a whole number of won, at least 1")
    return wish
