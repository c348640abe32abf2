"""What the order page shows, worked out from the rows: it reads, it never decides."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from shop import policy
from shop.errors import CannotPay
from shop.models import Attempt, Order
from shop.payple import Work
from shop.settings import Mode, Window
from shop.states import AttemptState, OrderState
from shop.views import notices, security, user_agent
from shop.views.forms import PaymentForm
from shop.views.shop import settings

REFRESH_SECONDS = 5
SETTLING = timedelta(seconds=30)
"""How long a reported payment may be missing from the gateway's inquiry before we ask the buyer again."""


@dataclass(frozen=True)
class PaymentStart:
    """What payment.js needs to open the window."""

    attempts_url: str
    result_url: str
    script_url: str
    needs_jquery: bool


def render(order: Order, now: datetime) -> ResponseReturnValue:
    """The page in the state its rows are in."""
    settling = any(is_settling(attempt, now) for attempt in order.attempts)
    can_pay = _can_pay(order, now) and not settling
    if can_pay:
        security.admit_gateway()
    return render_template(
        "orders/show.html",
        order=order,
        notice=notices.of_order(order, settling=settling),
        settling=settling,
        form=PaymentForm(window=_default_window()) if can_pay else None,
        payment=_payment_start(order) if can_pay else None,
        receipt=order.paid_attempt,
        refresh_seconds=REFRESH_SECONDS if settling or order.state is OrderState.CHECKING else None,
    )


def is_settling(attempt: Attempt, now: datetime) -> bool:
    """Whether a window that pays at once has just reported a payment that the gateway cannot find yet.

    An inquiry may show a payment late. Until it has had its time, the page must not invite anybody to pay again.
    """
    is_reported = attempt.work is Work.PAY and attempt.claim_result == "success"
    is_missing = is_reported and attempt.state is AttemptState.PREPARED
    return is_missing and attempt.claimed_at is not None and now - attempt.claimed_at < SETTLING


def _can_pay(order: Order, now: datetime) -> bool:
    try:
        policy.insist_on_payable(order.state, len(order.attempts), order.expires_at, now)
    except CannotPay:
        return False
    return True


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
