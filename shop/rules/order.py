"""What an order is, given its attempts and refunds, and whether it may be paid."""

from collections.abc import Collection
from datetime import datetime

from shop.errors import CannotPay
from shop.rules.states import HOLDING, AttemptState, OrderState

MOST_ATTEMPTS = 20
"""Per order. Nobody types a card number twenty times; a script does."""


def order_state(attempts: Collection[AttemptState], *, expired: bool) -> OrderState:
    """Return the state of an order, given those of its attempts."""
    if AttemptState.PAID in attempts:
        return OrderState.PAID
    if AttemptState.ATTENTION in attempts:
        return OrderState.ATTENTION
    if any(state in attempts for state in HOLDING):
        return OrderState.CHECKING
    return OrderState.EXPIRED if expired else OrderState.AWAITING_PAYMENT


def refunded_state(charged: int, refunded: int) -> OrderState:
    """Return the state of a paid order after refunds, in won."""
    if refunded <= 0:
        return OrderState.PAID
    return OrderState.REFUNDED if refunded >= charged else OrderState.PARTIALLY_REFUNDED


def require_payable(state: OrderState, attempts: int, expires_at: datetime, now: datetime) -> None:
    """Refuse a new attempt if the order cannot be paid.

    :raises CannotPay: with the reason
    """
    reasons = {
        OrderState.CHECKING: CannotPay.Reason.CHECKING,
        OrderState.ATTENTION: CannotPay.Reason.ATTENTION,
        OrderState.EXPIRED: CannotPay.Reason.EXPIRED,
    }
    if state is not OrderState.AWAITING_PAYMENT:
        raise CannotPay(reasons.get(state, CannotPay.Reason.PAID))
    if now >= expires_at:
        raise CannotPay(CannotPay.Reason.EXPIRED)
    if attempts >= MOST_ATTEMPTS:
        raise CannotPay(CannotPay.Reason.TOO_MANY)
