"""결제하기: start an attempt and hand the page what the payment window wants."""

from datetime import timedelta

from flask import Blueprint, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from shop.extensions import client, limiter, settings, visitor_mark
from shop.payple import ChargeMode
from shop.rules.method import Method
from shop.services import orders, payments, saved_methods
from shop.services.payments import Choices
from shop.settings import Window
from shop.views import messages
from shop.views.forms import PaymentForm
from shop.views.session import visitor

bp = Blueprint("payments", __name__)


@bp.post("/orders/<order_no>/attempts")
@limiter.limit("30 per 10 minutes", key_func=visitor_mark)
def start_attempt(order_no: str) -> ResponseReturnValue:
    """Answer the attempt's number and the fields for the payment window, as JSON."""
    order = orders.get_order_of(visitor(), order_no)
    form = PaymentForm(_posted(), saved=saved_methods.saved_by(visitor()), keeps_key=order.month is not None)
    if not form.is_valid():
        error = {"message": messages.of_form(form).sentence, "code": "choices", "advice": ""}
        return jsonify(error=error), 422
    hold = timedelta(minutes=settings().order_minutes)
    opening = payments.start_attempt(order, _choices(form), client(), settings().window_script, hold=hold)
    return jsonify(attempt_no=opening.attempt_no, fields=opening.fields)


def _posted() -> MultiDict[str, str]:
    """Form fields, or the members of a JSON object as text: what is neither text nor yes or no will match no choice."""
    if not request.is_json:
        return request.form
    try:
        body = request.get_json()
    except RecursionError as error:
        raise BadRequest from error
    if not isinstance(body, dict):
        raise BadRequest
    switches = {True: "y", False: ""}
    return MultiDict({name: switches[value] if isinstance(value, bool) else str(value) for name, value in body.items()})


def _choices(form: PaymentForm) -> Choices:
    """What was chosen. The result address selects the window: relative for a popup, absolute for direct."""
    is_direct, saved = form.window.data == Window.DIRECT.value, form.chosen_saved
    method = saved.method if saved else Method(form.method.data)
    saves = form.save.data and saved is None and method.card_app is None
    return Choices(
        method=method,
        charge_mode=ChargeMode(form.work.data),
        window=form.window.data,
        delivery=form.delivery.data,
        cash_receipt=form.cash_receipt.data,
        result_url=settings().result_url if is_direct else url_for("callbacks.result"),
        saves_for=visitor().mark if saves else "",
        billing_key=saved.billing_key if saved else "",
    )
