"""Ledger and payments as JSON, and what Payple or the bank do behind the merchant's back."""

from flask import abort, jsonify, request
from flask.typing import ResponseReturnValue

from shop.simulator import clock, ledger, payment, scenarios, store
from shop.simulator.api import billing_key
from shop.simulator.api.cancel import cancel_in_admin
from shop.simulator.calls import Refused
from shop.simulator.payment import Payment
from shop.simulator.runs import Run
from shop.simulator.web import control_blueprint, current_run, database, read_order

bp = control_blueprint("payments")


@bp.get("/ledger")
def read_ledger() -> ResponseReturnValue:
    """Everything after a sequence number, oldest first; with `oid` what concerns that payment."""
    after = min(request.args.get("after", 0, int), store.LARGEST_NUMBER)
    with database().reading() as db:
        run = current_run(db).id
        lines = ledger.about(db, run, request.args["oid"]) if "oid" in request.args else ledger.after(db, run, after)
    return jsonify(lines)


@bp.get("/payments")
def list_payments() -> ResponseReturnValue:
    with database().reading() as db:
        run = current_run(db)
        return jsonify([_summary(one, run) for one in store.select(db, Payment, run=run.id)])


@bp.get("/payments/<path:oid>")
def show_payment(oid: str) -> ResponseReturnValue:
    """One payment: the completed one of this number, else the newest."""
    with database().reading() as db:
        run = current_run(db)
        found = payment.by_oid(db, run.id, oid)
    return jsonify(_summary(found, run)) if found else (jsonify(error="no such payment"), 404)


@bp.post("/payments/<path:oid>/cancel")
def cancel_in_partner_admin(oid: str) -> ResponseReturnValue:
    """`{"amount": won?}` cancels as in Payple's partner admin, unknown to the shop; without it, all that is left."""
    amount = read_order({"amount": (int, type(None))}).get("amount")
    if amount is not None and amount < 1:
        raise ValueError("amount is a whole number of won, at least 1")
    with database().writing() as db:
        run = current_run(db)
        paid = payment.completed(db, run.id, oid) or abort(404)
        try:
            done = cancel_in_admin(db, run, paid, amount or paid.remainder)
        except Refused as refused:
            return jsonify(error=refused.rule.en, code=refused.rule.code), 409
    return jsonify(_summary(done, run))


@bp.post("/billing-keys/deregister")
def deregister_by_payple() -> ResponseReturnValue:
    """`{"payer_id": …}` deregisters a billing key without the merchant; a webhook says so."""
    payer_id = read_order().get("payer_id", "")
    with database().writing() as db:
        run = current_run(db)
        billing_key.deregister_by_payple(db, run, billing_key.by_id(db, run, str(payer_id)) or abort(404))
    return "", 204


def _summary(shown: Payment, run: Run) -> dict[str, object]:
    receipt = shown.receipt
    return {
        "oid": shown.oid,
        "type": shown.method,
        "work": shown.work,
        "state": scenarios.state_of(run, shown),
        "total": shown.total,
        "refunded_total": shown.refunded_total,
        "paid_at": shown.approved_at.astimezone(clock.KOREA).isoformat() if shown.approved_at else None,
        "cash_receipt": {"answered": "requested", "skipped": "none"}.get(receipt.state, receipt.state),
        "cash_receipt_amount": receipt.amount,
        "scenario": shown.scenario,
    }
