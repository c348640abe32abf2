"""The seven cards of the presenter. Each makes an order, arranges what happens to it, and leads to the page to show."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for

from shop.demo import mishaps, personas, states
from shop.demo.buyer import Buyer
from shop.demo.tools import client, simulator
from shop.demo.wishes import DemoState, Wish
from shop.rules.method import Method
from shop.services import orders, sweep

BOOK_AND_BOOKMARK: Mapping[str, int] = {"moon-well": 1, "brass-bookmark": 1}
STATIONERY: Mapping[str, int] = {"threadbound-notebook": 1, "pencil-set": 1}
BOOK: Mapping[str, int] = {"cat-at-three": 1}
REASON = "연필만 반품"


@dataclass(frozen=True)
class Card:
    """``play`` returns the address of the page to show."""

    name: str
    play: Callable[[Buyer], str]


def play(name: str, buyer: Buyer) -> str:
    """Play a card and return the address of the page to show.

    :raises KeyError: there is no such card
    """
    simulator().control("DELETE", "scenarios")
    return CARDS[name].play(buyer)


def _popup_card(buyer: Buyer) -> str:
    order = buyer.place(BOOK_AND_BOOKMARK)
    return url_for("orders.show", order_no=order.order_no, method="card", window="popup")


def _direct_transfer(buyer: Buyer) -> str:
    order = buyer.place(STATIONERY)
    return url_for("orders.show", order_no=order.order_no, method="transfer", window="direct", cash_receipt="y")


def _lost_answer(buyer: Buyer) -> str:
    order = buyer.place(BOOK)
    simulator().control("POST", "scenarios", {"id": "lost_paid"})
    return url_for("orders.show", order_no=order.order_no, method="card", window="popup", work="CERT")


def _changed_amount(buyer: Buyer) -> str:
    order_no = mishaps.pay_less(buyer, BOOK_AND_BOOKMARK)
    sweep.run(client())  # it sends the refund, as it does every ten seconds
    return url_for("orders.show", order_no=order_no)


def _partial_refund(buyer: Buyer) -> str:
    """Lead to the plan of a refund, which shows what it does to money, VAT and receipt. Staff send it from there."""
    order_no = states.make(Wish(DemoState.PAID, Method.TRANSFER, cash_receipt=True, lines=STATIONERY), buyer)
    personas.sign_in_staff()
    order = orders.get_order(order_no)
    first = order.lines[0]
    plan: dict[str, Any] = {
        "intent": f"demo-{secrets.token_urlsafe(18)}",
        "amount": str(first.amount),
        "seen_refundable": str(order.amount),
        "reason": REASON,
        f"line_{first.id}": "y",
    }
    return url_for("admin.show_plan", order_no=order_no, **plan)


def _two_windows(buyer: Buyer) -> str:
    order_no = mishaps.pay_twice(buyer, BOOK)
    sweep.run(client())
    return url_for("orders.show", order_no=order_no)


def _subscription(buyer: Buyer) -> str:
    return url_for("subscriptions.show", number=states.make(Wish(DemoState.SUBSCRIPTION), buyer))


CARDS = {
    card.name: card
    for card in (
        Card("popup-card", _popup_card),
        Card("direct-transfer", _direct_transfer),
        Card("lost-answer", _lost_answer),
        Card("changed-amount", _changed_amount),
        Card("partial-refund", _partial_refund),
        Card("two-windows", _two_windows),
        Card("subscription", _subscription),
    )
}
