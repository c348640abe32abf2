"""Starts an attempt and returns the fields of its payment window."""

from dataclasses import dataclass, field
from datetime import timedelta

from shop import clock
from shop.db import transaction
from shop.errors import CannotPay
from shop.models import Attempt, Order
from shop.payple import (
    ChargeMode,
    GatewayError,
    PayerCheck,
    PaypleClient,
    PayType,
    WindowRequest,
    WindowScript,
    new_attempt_no,
    window_fields,
)
from shop.payple.attempts import WINDOW_LIFETIME
from shop.rules.method import Method
from shop.rules.order import require_payable
from shop.rules.states import Source
from shop.services import settlement, transitions
from shop.services.journal import Actor


@dataclass(frozen=True)
class Choices:
    """What was chosen on the order page. ``result_url`` is relative for a popup."""

    method: Method
    charge_mode: ChargeMode
    window: str
    delivery: str
    cash_receipt: bool
    result_url: str
    saves_for: str = ""  # the browser that wants to pay in the same way again
    billing_key: str = field(default="", repr=False)

    @property
    def payer_check(self) -> PayerCheck | None:
        return PayerCheck.PASSWORD if self.saves_for or self.billing_key else None


@dataclass(frozen=True)
class Opening:
    attempt_no: str
    fields: dict[str, str]


def start_attempt(
    order: Order, choices: Choices, client: PaypleClient, script: WindowScript, *, hold: timedelta
) -> Opening:
    """Start an attempt. One authentication opens one window. ``hold``: how long the order then keeps its stock.

    :raises CannotPay, GatewayError: no window opened
    """
    request = _prepare(order.id, choices, hold, is_answered=settlement.ask_open_windows(order, client))
    try:
        if script is WindowScript.WITH_CLIENT_KEY:
            return Opening(request.attempt_no, window_fields(request, client.client_key))
        authentication = client.authenticate(attempt_no=request.attempt_no)
    except GatewayError as error:
        settlement.expire_unopened(request.attempt_no, error)
        raise
    return Opening(request.attempt_no, window_fields(request, authentication))


def _prepare(order_id: int, choices: Choices, hold: timedelta, *, is_answered: bool) -> WindowRequest:
    with transaction():
        order = transitions.lock_order(order_id)
        require_payable(order.state, len(order.attempts), order.expires_at, clock.now())
        if transitions.has_subscribed_since(order):
            raise CannotPay(CannotPay.Reason.SUBSCRIBED)
        if not is_answered:
            raise CannotPay(CannotPay.Reason.CHECKING)
        order.expires_at = max(order.expires_at, order.placed_at + hold)
        attempt = _new_attempt(order, choices)
        chosen = {
            "method": choices.method.value,
            "work": choices.charge_mode.value,
            "window": choices.window,
            "delivery": choices.delivery,
            "saved": "new" if choices.saves_for else "used" if choices.billing_key else "",
        }
        transitions.create(attempt, "attempt_started", Actor(Source.PAGE), chosen)
        return _window_request(order, attempt, choices)


def _new_attempt(order: Order, choices: Choices) -> Attempt:
    now = clock.now()
    return Attempt(
        order_id=order.id,
        attempt_no=new_attempt_no(now),
        method=choices.method,
        charge_mode=choices.charge_mode,
        delivery=choices.delivery,
        cash_receipt_asked=choices.cash_receipt and choices.method.pay_type is PayType.TRANSFER,
        saves_for=choices.saves_for,
        amount=order.amount,
        started_at=now,
        next_check_at=now + WINDOW_LIFETIME,
    )


def _window_request(order: Order, attempt: Attempt, choices: Choices) -> WindowRequest:
    return WindowRequest(
        attempt_no=attempt.attempt_no,
        amount=attempt.amount,
        goods=order.goods,
        pay_type=attempt.pay_type,
        charge_mode=attempt.charge_mode,
        result_url=choices.result_url,
        payer_name=order.payer_name,
        payer_phone=order.payer_phone,
        payer_email=order.payer_email,
        taxable=order.taxable > 0,
        vat=order.vat_to_send,
        cash_receipt=attempt.cash_receipt_asked,
        card_app=attempt.method.card_app,
        payer_check=choices.payer_check,
        billing_key=choices.billing_key,
        month=order.month,
    )
