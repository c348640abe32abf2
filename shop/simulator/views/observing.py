"""The control plane under /_sim, looking: ledger and payments, as JSON. Every route takes `?run=`."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from shop.simulator import clock, ledger, payments
from shop.simulator.payment import Payment
from shop.simulator.rules.paying import state_at
from shop.simulator.runs import Run
from shop.simulator.views.requests import current_run, storage

bp = Blueprint("observing", __name__, url_prefix="/_sim")
LARGEST_NUMBER = 2**63 - 1


@bp.get("/ledger")
def read_ledger() -> ResponseReturnValue:
    """Everything after a sequence number, oldest first."""
    after = min(request.args.get("after", 0, int), LARGEST_NUMBER)
    with storage().reading() as db:
        return jsonify(ledger.after(db, current_run().id, after))


@bp.get("/payments")
def list_payments() -> ResponseReturnValue:
    """Every payment of the run in the order of opening."""
    run = current_run()
    with storage().reading() as db:
        return jsonify([summary(payment, run) for payment in payments.of_run(db, run.id)])


@bp.get("/payments/<path:oid>")
def show_payment(oid: str) -> ResponseReturnValue:
    """One payment: the completed one of this number, else the newest."""
    run = current_run()
    with storage().reading() as db:
        payment = payments.by_oid(db, run.id, oid)
    return jsonify(summary(payment, run)) if payment else (jsonify(error="no such payment"), 404)


def summary(payment: Payment, run: Run) -> dict[str, object]:
    """One payment for drivers."""
    receipt = payment.receipt
    return {
        "oid": payment.oid,
        "type": payment.method,
        "work": payment.work,
        "state": state_at(payment, run.now(), run.policy.confirm_minutes),
        "total": payment.total,
        "refunded_total": payment.refunded_total,
        "paid_at": payment.approved_at.astimezone(clock.KOREA).isoformat() if payment.approved_at else None,
        "cash_receipt": {"answered": "requested", "skipped": "none"}.get(receipt.state, receipt.state),
        "cash_receipt_amount": receipt.amount,
        "scenario": payment.scenario,
    }
