"""Where results arrive. Nothing that is said here is believed: the gateway's answer to our own call decides."""

from contextlib import suppress

from flask import Blueprint, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from shop.extensions import client, limiter
from shop.payple import MalformedResult, UnverifiedResult, read_webhook
from shop.services import settlement, webhooks

bp = Blueprint("callbacks", __name__, url_prefix="/payments")


@bp.post("/result")
@limiter.limit("600 per minute")
def result() -> ResponseReturnValue:
    """Receive a payment result from the browser and redirect to the order.

    After a direct window this is a cross-site POST, which carries no Lax cookie: the attempt is found by its number,
    the session is neither read nor written, and the GET that follows has the cookie again.
    """
    order_no = settlement.handle_result(UnverifiedResult.from_form(request.form), client())
    if order_no is None:
        return redirect(url_for("orders.lookup"), code=303)
    return redirect(url_for("orders.show", order_no=order_no), code=303)


@bp.get("/result")
def result_by_get() -> ResponseReturnValue:
    """Some phones repeat a result as GET. It says nothing we could use, so it only leads back."""
    return redirect(url_for("orders.history"), code=303)


@bp.route("/webhook", methods=["HEAD", "POST"], provide_automatic_options=False)
def webhook() -> ResponseReturnValue:
    """Take a webhook as a reason to ask the gateway soon, and acknowledge it, whatever it says."""
    if request.method == "POST":
        with suppress(MalformedResult):
            webhooks.handle(read_webhook(request.get_data(cache=False)))
    return jsonify(result="success")
