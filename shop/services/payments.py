"""Start an attempt to pay: freeze what is asked, authenticate, and hand over what the payment window wants."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from shop.db import db, transaction
from shop.errors import CannotPay
from shop.models import Attempt, Order
from shop.payple import (
    Authentication,
    ChargeMode,
    GatewayError,
    PaypleClient,
    PayType,
    WindowRequest,
    WindowScript,
    new_attempt_no,
    window_fields,
)
from shop.payple.flow import WINDOW_LIFETIME
from shop.rules.order import require_payable
from shop.rules.states import Source
from shop.services import journal, moving, settlement


@dataclass(frozen=True)
class Choices:
    """What the buyer (or the tester) chose on the order page. ``result_url`` is relative for a popup."""

    method: PayType
    work: ChargeMode
    window: str
    delivery: str
    cash_receipt: bool
    result_url: str


@dataclass(frozen=True)
class Opening:
    """Everything the page needs to open one payment window."""

    attempt_no: str
    fields: dict[str, str]


def start_attempt(
    order: Order, choices: Choices, client: PaypleClient, script: WindowScript, *, now: datetime
) -> Opening:
    """Begin one try. One authentication opens one window, so this happens when the buyer presses the button.

    :raises CannotPay: the order is paid, being checked, expired or tried too often
    :raises GatewayError: the gateway did not let us in; the attempt is withdrawn, nothing can have been paid
    """
    order_id = order.id
    is_answered = settlement.may_open_window(order, client)
    request = _prepare(order_id, choices, now, is_answered=is_answered)
    try:
        key = client.client_key if script is WindowScript.WITH_CLIENT_KEY else _authenticate(client, request)
    except GatewayError as error:
        settlement.withdraw(request.attempt_no, error)
        raise
    return Opening(request.attempt_no, window_fields(request, key))


def _authenticate(client: PaypleClient, request: WindowRequest) -> Authentication:
    return client.authenticate(attempt_no=request.attempt_no)


def _prepare(order_id: int, choices: Choices, now: datetime, *, is_answered: bool) -> WindowRequest:
    """Commit the attempt before anything leaves this machine."""
    with transaction():
        order = db.session.get_one(Order, order_id, with_for_update=True)
        tries = db.session.scalar(select(func.count()).where(Attempt.order_id == order.id)) or 0
        require_payable(order.state, tries, order.expires_at, now)
        if not is_answered:
            raise CannotPay(CannotPay.Reason.CHECKING)
        attempt = _new_attempt(order, choices, now)
        step = moving.create(attempt)
        journal.note(
            "attempt_started",
            at=now,
            order=order,
            attempt_no=attempt.attempt_no,
            source=Source.PAGE,
            row=attempt,
            step=step,
            evidence=_chosen(choices),
        )
        return _window_request(order, attempt, choices)


def _new_attempt(order: Order, choices: Choices, now: datetime) -> Attempt:
    return Attempt(
        order_id=order.id,
        attempt_no=new_attempt_no(now),
        method=choices.method,
        work=choices.work,
        window=choices.window,
        delivery=choices.delivery,
        cash_receipt_asked=choices.cash_receipt and choices.method is PayType.TRANSFER,
        amount=order.amount,
        started_at=now,
        deadline_at=now + WINDOW_LIFETIME,
        next_check_at=now + WINDOW_LIFETIME,
    )


def _window_request(order: Order, attempt: Attempt, choices: Choices) -> WindowRequest:
    return WindowRequest(
        attempt_no=attempt.attempt_no,
        amount=attempt.amount,
        goods=order.goods,
        pay_type=attempt.method,
        charge_mode=attempt.work,
        result_url=choices.result_url,
        payer_name=order.payer_name,
        payer_phone=order.payer_phone,
        payer_email=order.payer_email,
        taxable=order.taxable > 0,
        vat=order.vat if order.breakdown.is_mixed else None,
        cash_receipt=attempt.cash_receipt_asked,
    )


def _chosen(choices: Choices) -> dict[str, object]:
    return {
        "method": choices.method.value,
        "work": choices.work.value,
        "window": choices.window,
        "delivery": choices.delivery,
    }
