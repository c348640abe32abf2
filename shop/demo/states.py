"""Orders in a wanted state, made through the real flow. The simulator breaks what the state needs broken."""

import secrets
from datetime import timedelta

from shop.demo.buyer import Buyer, Payment
from shop.demo.tools import client, simulator
from shop.demo.wishes import DemoState, Wish
from shop.extensions import settings
from shop.rules.money import Won
from shop.rules.states import Source, SubscriptionState
from shop.services import orders, refunds, subscriptions
from shop.services.refunds import RefundWish

ALWAYS = 1000
"""How many inquiries break about an order that would settle itself otherwise."""
MONTHLY_BOOK = {"monthly-book": 1}
REASON = "구매자 변심"
SCENARIOS = {
    DemoState.CHECKING: "lost_paid",
    DemoState.RECEIPT_DUE: "receipt_cancel_fails",
    DemoState.REFUND_UNKNOWN: "refund_lost",
}


def make(wish: Wish, buyer: Buyer) -> str:
    """Make such an order and return its number.

    :raises ShopError: the lines cannot be ordered
    :raises SimulatorAway: the simulator does not play along
    """
    if wish.state is DemoState.EXPIRED:
        return _expired(wish, buyer)
    if wish.state is DemoState.SUBSCRIPTION:
        return _subscription(wish, buyer)
    order_no = buyer.place(wish.lines).order_no
    if wish.state is DemoState.AWAITING_PAYMENT:
        return order_no
    _pay(order_no, wish, buyer)
    if wish.state is DemoState.REFUNDED:
        _refund(order_no, is_full=True)
    elif wish.state in (DemoState.PARTIALLY_REFUNDED, DemoState.RECEIPT_DUE, DemoState.REFUND_UNKNOWN):
        _refund(order_no, is_full=False)
    return order_no


def _expired(wish: Wish, buyer: Buyer) -> str:
    order = buyer.place(wish.lines, hold=timedelta())
    order_no = order.order_no
    orders.expire(order.order_no, source=Source.SWEEP)
    return order_no


def _subscription(wish: Wish, buyer: Buyer) -> str:
    """The live subscription of the browser, or a new one. Each has its own card or account: a key pays one."""
    for row in subscriptions.list_of(buyer.visitor):
        if row.state is not SubscriptionState.STOPPED:
            return row.number
    order_no = buyer.place(MONTHLY_BOOK).order_no
    typed = {"card_number": _card_number(), "account": f"1002{secrets.randbelow(10**8):08}"}
    buyer.pay(order_no, Payment(wish.method, typed=typed))
    return order_no


def _card_number() -> str:
    """A made-up card with a valid last digit."""
    digits = f"99990100000{secrets.randbelow(10_000):04}"
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(digits))
    return digits + str(-sum(sum(divmod(value, 10)) for value in doubled) % 10)


def _pay(order_no: str, wish: Wish, buyer: Buyer) -> None:
    payment = Payment(wish.method, cash_receipt=wish.cash_receipt, scenario=SCENARIOS.get(wish.state, ""))
    opening = buyer.start(order_no, payment)
    if wish.state is DemoState.ATTENTION:
        simulator().fault("confirm", "other_oid", oid=opening.attempt_no)
        simulator().fault("inquiry", "other_oid", oid=opening.attempt_no, times=ALWAYS)
    if wish.state is DemoState.CHECKING:
        simulator().fault("inquiry", "lost_answer", oid=opening.attempt_no, times=ALWAYS)
    buyer.approve(order_no, opening, payment)


def _refund(order_no: str, *, is_full: bool) -> None:
    """Refund everything; or the first of several lines, half of a single one."""
    order = orders.get_order(order_no)
    first, *others = order.lines
    line_ids = (first.id,) if others and not is_full else ()
    part = first.amount if others else order.amount // 2
    wish = RefundWish(
        amount=Won(order.amount if is_full else part),
        seen_refundable=Won(order.amount),
        reason=REASON,
        refund_no=f"demo-{secrets.token_urlsafe(18)}",
        line_ids=line_ids,
    )
    refunds.request(order_no, wish, by=settings().admin_username or "demo", client=client())
