"""The scripts for merchants' pages, and the sales slip."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, render_template, request

from shop.simulator import messages, payments
from shop.simulator.views.requests import storage

bp = Blueprint("pages", __name__)


@bp.get("/js/cpay.payple.1.0.1.js")
@bp.get("/js/v1/payment.js")
def script() -> Response:
    """Both window generations are one file: it finds out from its own address which of them it is."""
    answer = current_app.send_static_file("merchant.js")
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@bp.get("/slip/<slip_key>")
def slip(slip_key: str) -> str:
    """The sales slip that PCD_PAY_CARDRECEIPT points to; `?cancel=2` is that of the second cancellation."""
    with storage().reading() as db:
        payment = payments.by_slip_key(db, slip_key) or abort(404)
    number = request.args.get("cancel", 0, int)
    chosen = payment.cancellations[number - 1 : number] if number > 0 else ()
    goods = messages.goods_text(payment.goods)
    return render_template("slip.html", payment=payment, goods=goods, cancellation=next(iter(chosen), None))
