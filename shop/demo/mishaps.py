"""What goes wrong between a buyer and a shop, done for real: another amount, two windows, a refused card."""

from collections.abc import Mapping
from dataclasses import replace

from shop.demo.buyer import Buyer, Payment
from shop.payple import ChargeMode
from shop.rules.method import Method

IN_WINDOW = Payment(charge_mode=ChargeMode.IN_WINDOW)
LOWERED = "1000"
"""Won that the changed page asks for."""


def pay_less(buyer: Buyer, lines: Mapping[str, int]) -> str:
    """Change the amount in the page before the window opens, and pay that. Return the order's number."""
    order_no = buyer.place(lines).order_no
    opening = buyer.start(order_no, IN_WINDOW)
    changed = replace(opening, fields=opening.fields | {"PCD_PAY_TOTAL": LOWERED})
    buyer.approve(order_no, changed, IN_WINDOW)
    return order_no


def pay_twice(buyer: Buyer, lines: Mapping[str, int]) -> str:
    """Open the window of one order in two tabs and approve both. Return the order's number."""
    order_no = buyer.place(lines).order_no
    openings = [buyer.start(order_no, IN_WINDOW) for _tab in range(2)]
    for opening in openings:
        buyer.approve(order_no, opening, IN_WINDOW)
    return order_no


def be_declined(buyer: Buyer, lines: Mapping[str, int]) -> str:
    """Pay with a card whose limit is reached. Return the order's number."""
    order_no = buyer.place(lines).order_no
    buyer.pay(order_no, Payment(scenario="limit"))
    return order_no


def pay_after_decline(buyer: Buyer, lines: Mapping[str, int]) -> str:
    order_no = be_declined(buyer, lines)
    buyer.pay(order_no, Payment(Method.TRANSFER))
    return order_no
