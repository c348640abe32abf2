"""The states of orders, cash receipts and subscriptions, and every table of transitions.

The states of attempts and refunds, and the transitions of attempts, come from the client.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

from shop.payple.attempts import HOLDING, AttemptState
from shop.payple.attempts import TRANSITIONS as ATTEMPT_TRANSITIONS
from shop.payple.refund_rules import IN_FLIGHT, RefundState

__all__ = [
    "ACTIVE_RECEIPT",
    "HOLDING",
    "IN_FLIGHT",
    "LIVE",
    "REFUND_TRANSITIONS",
    "TRANSITIONS",
    "AttemptState",
    "CashReceiptState",
    "IllegalTransition",
    "OrderState",
    "RefundState",
    "Source",
    "SubscriptionState",
]


class OrderState(StrEnum):
    """What an order looks like from outside (`data-state` on its page)."""

    AWAITING_PAYMENT = "awaiting_payment"
    CHECKING = "checking"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    EXPIRED = "expired"
    ATTENTION = "attention"


class CashReceiptState(StrEnum):
    """The cash receipt (현금영수증) of a bank transfer."""

    NONE = "none"
    REQUESTED = "requested"
    ISSUED = "issued"
    CANCEL_DUE = "cancel_due"
    CANCELLED = "cancelled"
    FAILED = "failed"


class SubscriptionState(StrEnum):
    """Whether a subscription is charged every month. One that is paused waits for its buyer."""

    ACTIVE = "active"
    PAUSED = "paused"
    STOPPED = "stopped"


LIVE = (SubscriptionState.ACTIVE, SubscriptionState.PAUSED)
ACTIVE_RECEIPT = (CashReceiptState.REQUESTED, CashReceiptState.ISSUED, CashReceiptState.CANCEL_DUE)
"""At most one cash receipt of an attempt is in one of these."""


class Source(StrEnum):
    """Who makes something happen.

    Browser, webhook, page and sweep only make the shop inquire. Staff decide what the gateway does not tell.
    ``shop`` is the shop doing what it owes.
    """

    BROWSER = "browser"
    WEBHOOK = "webhook"
    PAGE = "page"
    SWEEP = "sweep"
    STAFF = "staff"
    SHOP = "shop"


class IllegalTransition(Exception):
    """A change of state that the table does not have: a mistake of the program."""


_O, _R, _C = OrderState, RefundState, CashReceiptState
ORDER_TRANSITIONS: Mapping[OrderState, frozenset[OrderState]] = {
    _O.AWAITING_PAYMENT: frozenset({_O.CHECKING, _O.PAID, _O.ATTENTION, _O.EXPIRED}),
    _O.CHECKING: frozenset({_O.AWAITING_PAYMENT, _O.PAID, _O.ATTENTION}),
    _O.ATTENTION: frozenset({_O.AWAITING_PAYMENT, _O.CHECKING, _O.PAID, _O.EXPIRED}),
    _O.EXPIRED: frozenset({_O.PAID, _O.ATTENTION}),
    _O.PAID: frozenset({_O.PARTIALLY_REFUNDED, _O.REFUNDED}),
    _O.PARTIALLY_REFUNDED: frozenset({_O.REFUNDED}),
    _O.REFUNDED: frozenset(),
}
"""An order follows its attempts and refunds. By itself it only expires or is cancelled."""
REFUND_TRANSITIONS: Mapping[RefundState, frozenset[RefundState]] = {
    _R.RESERVED: frozenset({_R.SUBMITTED, _R.REFUSED}),
    _R.SUBMITTED: frozenset({_R.DONE, _R.REFUSED, _R.UNKNOWN, _R.RESERVED}),
    _R.UNKNOWN: frozenset({_R.RESERVED, _R.SUBMITTED, _R.DONE, _R.REFUSED}),
    _R.REFUSED: frozenset({_R.DONE}),
    _R.DONE: frozenset(),
}
CASH_RECEIPT_TRANSITIONS: Mapping[CashReceiptState, frozenset[CashReceiptState]] = {
    _C.NONE: frozenset({_C.REQUESTED, _C.ISSUED}),
    _C.REQUESTED: frozenset({_C.ISSUED, _C.FAILED}),
    _C.ISSUED: frozenset({_C.CANCEL_DUE, _C.CANCELLED}),
    _C.CANCEL_DUE: frozenset({_C.CANCELLED}),
    _C.CANCELLED: frozenset(),
    _C.FAILED: frozenset(),
}
"""``none`` means that there is no row yet."""
SUBSCRIPTION_TRANSITIONS: Mapping[SubscriptionState, frozenset[SubscriptionState]] = {
    SubscriptionState.ACTIVE: frozenset({SubscriptionState.PAUSED, SubscriptionState.STOPPED}),
    SubscriptionState.PAUSED: frozenset({SubscriptionState.ACTIVE, SubscriptionState.STOPPED}),
    SubscriptionState.STOPPED: frozenset(),
}
TRANSITIONS: Mapping[type[StrEnum], Mapping[Any, Collection[StrEnum]]] = {
    AttemptState: ATTEMPT_TRANSITIONS,
    OrderState: ORDER_TRANSITIONS,
    RefundState: REFUND_TRANSITIONS,
    CashReceiptState: CASH_RECEIPT_TRANSITIONS,
    SubscriptionState: SUBSCRIPTION_TRANSITIONS,
}
