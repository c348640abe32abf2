"""A buyer of the demo: places an order and pays it, as a browser does but without one."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from shop.demo.tools import client, simulator
from shop.extensions import settings
from shop.models import Order
from shop.payple import ChargeMode, UnverifiedResult
from shop.rules.method import Method
from shop.services import checkout, orders, payments, settlement
from shop.services.checkout import CartOnHand
from shop.services.orders import Payer, Visitor
from shop.services.payments import Choices, Opening
from shop.settings import RESULT_PATH

PAYER = Payer("김나직", "01012345678", "buyer@example.com")


@dataclass(frozen=True)
class Payment:
    """How an order is paid. ``scenario`` is what the simulator lets happen to it, ``typed`` the payer's own card."""

    method: Method = Method.CARD
    charge_mode: ChargeMode = ChargeMode.ON_CONFIRM
    cash_receipt: bool = False
    scenario: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Buyer:
    """``visitor`` is the browser that owns the orders."""

    visitor: Visitor
    payer: Payer = PAYER

    def place(self, lines: Mapping[str, int], hold: timedelta | None = None) -> Order:
        """Place an order whose stock is held as long as the settings say, or for ``hold``."""
        usual = timedelta(minutes=settings().order_minutes)
        on_hand = CartOnHand(lines, secrets.token_urlsafe(18))
        return checkout.place_order(on_hand, self.payer, self.visitor, hold=usual if hold is None else hold)

    def start(self, order_no: str, payment: Payment) -> Opening:
        """Press 결제하기."""
        choices = Choices(payment.method, payment.charge_mode, "popup", "redirect", payment.cash_receipt, RESULT_PATH)
        order = orders.get_order_of(self.visitor, order_no)
        hold = timedelta(minutes=settings().order_minutes)
        return payments.start_attempt(order, choices, client(), settings().window_script, hold=hold)

    def approve(self, order_no: str, opening: Opening, payment: Payment) -> None:
        """Go through the window and deliver its result."""
        page_url = f"{settings().shop_url}/orders/{order_no}"
        result = simulator().pay(opening.fields, page_url, payment.scenario, payment.typed)
        if result:
            settlement.handle_result(UnverifiedResult.from_form(result), client())

    def pay(self, order_no: str, payment: Payment) -> None:
        self.approve(order_no, self.start(order_no, payment), payment)


def new_visitor() -> Visitor:
    """A browser that nobody has."""
    return Visitor(secrets.token_urlsafe(24))
