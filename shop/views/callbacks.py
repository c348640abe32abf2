"""Where results arrive. Nothing that is said here is believed: it only makes us ask the gateway."""

from flask import Blueprint, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from shop import clock
from shop.errors import TooManyTries
from shop.payple import Claim
from shop.services import limits, settlement, webhooks
from shop.states import Source
from shop.views.caller import caller
from shop.views.shop import client, wake_listener

bp = Blueprint("callbacks", __name__, url_prefix="/payments")


@bp.post("/result")
def result() -> ResponseReturnValue:
    """Hear the browser's claim, ask the gateway, and send the browser to its order.

    After a direct window this is a cross-site POST, which carries no Lax cookie: the attempt is found by its number,
    the session is neither read nor written, and the GET that follows has the cookie again. A result that comes too
    often still leads to its order; it only makes us ask the gateway no more.
    """
    claim, now = Claim.from_wire(request.form.items(multi=True)), clock.now()
    order_no = settlement.order_no_of(claim.attempt_no)
    try:
        limits.count_result(claim.attempt_no, caller(), is_ours=order_no is not None, now=now)
    except TooManyTries:
        if order_no is None:
            raise
    else:
        settlement.hear(claim, client(), source=Source.BROWSER, now=now)
    if order_no is None:
        return redirect(url_for("orders.lookup"), code=303)
    return redirect(url_for("orders.show", order_no=order_no), code=303)


@bp.get("/result")
def result_by_get() -> ResponseReturnValue:
    """Some phones repeat a result as GET. It says nothing we could use, so it only leads back."""
    return redirect(url_for("orders.history"), code=303)


@bp.route("/webhook", methods=["HEAD", "POST"], provide_automatic_options=False)
def webhook() -> ResponseReturnValue:
    """Keep what the gateway's server tells, then acknowledge it, whatever it was. The listener asks about it later.

    What could not be kept, because the database does not answer, is not acknowledged: it should be sent again.
    """
    if request.method == "POST" and webhooks.receive(request.get_data(cache=False), now=clock.now()):
        wake_listener()
    return jsonify(result="success")
