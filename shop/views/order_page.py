"""What the order page shows, worked out from the rows: it reads, it never decides."""

from dataclasses import dataclass
from datetime import datetime

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from shop import policy
from shop.errors import CannotPay
from shop.models import Order
from shop.settings import Mode, Window
from shop.states import OrderState
from shop.views import notices, security, user_agent
from shop.views.forms import PaymentForm
from shop.views.shop import settings

REFRESH_SECONDS = 5


@dataclass(frozen=True)
class PaymentStart:
    """What payment.js needs to open the window."""

    attempts_url: str
    result_url: str
    script_url: str
    needs_jquery: bool


def render(order: Order, now: datetime) -> ResponseReturnValue:
    """The page in the state its rows are in."""
    can_pay = _can_pay(order, now)
    if can_pay:
        security.admit_gateway()
    return render_template(
        "orders/show.html",
        order=order,
        notice=notices.of_order(order),
        form=PaymentForm(window=_default_window()) if can_pay else None,
        payment=_payment_start(order) if can_pay else None,
        receipt=order.paid_attempt,
        refresh_seconds=REFRESH_SECONDS if _is_waiting(order) else None,
    )


def _can_pay(order: Order, now: datetime) -> bool:
    try:
        policy.insist_on_payable(order.state, len(order.attempts), order.expires_at, now)
    except CannotPay:
        return False
    return True


def _is_waiting(order: Order) -> bool:
    """Whether news may come by itself: a call of ours without an answer, or a payment nobody can find yet."""
    last = order.last_attempt
    return order.state is OrderState.CHECKING or bool(
        order.state is OrderState.AWAITING_PAYMENT
        and last
        and last.is_unanswered
        and last.claim_result == "success"
        and last.inquiries <= policy.MOST_CLAIMS
    )


def _payment_start(order: Order) -> PaymentStart:
    here = settings()
    return PaymentStart(
        attempts_url=url_for("payments.start_attempt", order_no=order.order_no),
        result_url=url_for("callbacks.result"),
        script_url=here.gateway.script_url(here.window_script),
        needs_jquery=here.mode is not Mode.SIMULATOR,
    )


def _default_window() -> str:
    """Direct where a popup is unreliable: phones, and the browsers inside other apps."""
    if settings().window is Window.DIRECT or user_agent.is_phone_or_in_app(request.user_agent.string):
        return Window.DIRECT.value
    return Window.POPUP.value
