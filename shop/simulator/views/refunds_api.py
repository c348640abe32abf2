"""The calls between servers after a payment: cancel, cash receipts."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request

from shop.simulator.acts.cancel import cancel
from shop.simulator.acts.cash_receipt import ACTS, change_receipt
from shop.simulator.views.answering import answering
from shop.simulator.views.requests import read_message, run_of_token, settings

bp = Blueprint("refunds_api", __name__)


@bp.post("/php/account/api/cPayCAct.php")
def cancel_payment() -> Response:
    """A part or all of a payment goes back."""
    asked = read_message()
    run, oid = run_of_token(asked), asked.get("PCD_PAY_OID", "")
    return answering("cancel", run, oid, asked, lambda db: cancel(db, settings().origin, asked, run))


@bp.post("/php/taxsave/api/tsAct.php")
def cash_receipt() -> Response:
    """One address for both: `ACT_` says whether the receipt is issued or cancelled."""
    asked, act = read_message(), ACTS.get(request.args.get("ACT_", "")) or abort(404)
    run, oid = run_of_token(asked), asked.get("PCD_PAY_OID", "")
    return answering(act.purpose.id, run, oid, asked, lambda db: change_receipt(db, act, asked, run))
