"""The sales slip that PCD_PAY_CARDRECEIPT points to."""

from flask import Blueprint, abort, render_template, request

from shop.simulator import store
from shop.simulator.payment import Payment
from shop.simulator.web import database

bp = Blueprint("slip", __name__)


@bp.get("/slip/<slip_key>")
def slip(slip_key: str) -> str:
    """Show the slip of an approval; `?cancel=2` is that of the second cancellation."""
    with database().reading() as db:
        payment = store.find(db, Payment, slip_key=slip_key) or abort(404)
    number = request.args.get("cancel", 0, int)
    chosen = payment.cancellations[number - 1 : number] if number > 0 else ()
    return render_template("slip.html", payment=payment, cancellation=next(iter(chosen), None))
