"""What an order is, given its attempts and refunds, and whether it may be paid or cancelled."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from shop.errors import CannotCancel, CannotPay
from shop.rules.states import HOLDING, AttemptState, OrderState

MOST_ATTEMPTS = 20
"""Per order. Nobody types a card number twenty times; a script does."""
_REASONS = {
    OrderState.CHECKING: CannotPay.Reason.CHECKING,
    OrderState.ATTENTION: CannotPay.Reason.ATTENTION,
    OrderState.EXPIRED: CannotPay.Reason.EXPIRED,
}
"""Why an order is not open; any other state is that of a paid one."""


class OrphanReason(StrEnum):
    """Why an order does not take a payment that is as it should be."""

    SECOND_PAYMENT = "second_payment"
    ORDER_CANCELLED = "order_cancelled"
    OUT_OF_STOCK = "out_of_stock"
    SUBSCRIBED = "subscribed"


def order_state(attempts: Collection[AttemptState], *, expired: bool) -> OrderState:
    """Return the state of an order, given those of its attempts."""
    if AttemptState.PAID in attempts:
        return OrderState.PAID
    if AttemptState.ATTENTION in attempts:
        return OrderState.ATTENTION
    if expired:
        return OrderState.EXPIRED
    return OrderState.CHECKING if any(state in attempts for state in HOLDING) else OrderState.AWAITING_PAYMENT


def refunded_state(charged: int, refunded: int) -> OrderState:
    """Return the state of a paid order after refunds, in won."""
    if refunded <= 0:
        return OrderState.PAID
    return OrderState.REFUNDED if refunded >= charged else OrderState.PARTIALLY_REFUNDED


def require_payable(state: OrderState, attempts: int, expires_at: datetime, now: datetime) -> None:
    """Refuse a new attempt if the order cannot be paid.

    :raises CannotPay: with the reason
    """
    if state is not OrderState.AWAITING_PAYMENT:
        raise CannotPay(_REASONS.get(state, CannotPay.Reason.PAID))
    if now >= expires_at:
        raise CannotPay(CannotPay.Reason.EXPIRED)
    if attempts >= MOST_ATTEMPTS:
        raise CannotPay(CannotPay.Reason.TOO_MANY)


def require_cancellable(state: OrderState, *, is_answered: bool) -> None:
    """Refuse to cancel an order that is paid or may be. ``is_answered``: the gateway has told about every PAY window.

    :raises CannotCancel: with the reason
    """
    if state is not OrderState.AWAITING_PAYMENT:
        raise CannotCancel(_REASONS.get(state, CannotPay.Reason.PAID))
    if not is_answered:
        raise CannotCancel(CannotPay.Reason.CHECKING)
