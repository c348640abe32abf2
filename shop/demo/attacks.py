"""Attacks on an unpaid order, done for real: from the buyer's browser, or by a stranger."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from shop.demo.buyer import Buyer, Payment, new_visitor
from shop.demo.simulator import Pairs
from shop.demo.tools import client, simulator
from shop.extensions import settings
from shop.models import Order
from shop.payple import UnverifiedResult, new_attempt_no
from shop.rules.states import Source
from shop.services import settlement, webhooks
from shop.services.payments import Opening

CARD = Payment()
OTHER_AMOUNTS = ("1000", "2000")
"""Won. The window takes no less than the first."""
FOREIGN_CONFIRM = "https://attacker.example/php/PayCardConfirmAct.php?ACT_=PAYM"


class Attack(StrEnum):
    AMOUNT = "amount"
    NUMBER = "number"
    CONFIRM_URL = "confirm_url"
    FORGED = "forged"
    TWICE = "twice"
    FOREIGN = "foreign"
    WEBHOOK = "webhook"
    CART = "cart"


def run(attack: Attack, buyer: Buyer, order: Order) -> None:
    """Attack an order of this buyer.

    :raises CannotPay: the order takes no payment now
    """
    opening = buyer.start(order.order_no, CARD)
    _ATTACKS[attack](opening, f"{settings().shop_url}/orders/{order.order_no}")


def _change_amount(opening: Opening, page: str) -> None:
    """Change the amount in the page before the window opens."""
    other = next(amount for amount in OTHER_AMOUNTS if amount != opening.fields["PCD_PAY_TOTAL"])
    _deliver(simulator().pay(opening.fields | {"PCD_PAY_TOTAL": other}, page))


def _change_number(opening: Opening, page: str) -> None:
    """Pay under a number of one's own, and write ours into the result."""
    own = simulator().pay(opening.fields | {"PCD_PAY_OID": new_attempt_no()}, page)
    _deliver(_changed(own, PCD_PAY_OID=opening.attempt_no))


def _change_confirm_url(opening: Opening, page: str) -> None:
    """Send the shop to a foreign server for the confirm."""
    _deliver(_changed(simulator().pay(opening.fields, page), PCD_PAY_COFURL=FOREIGN_CONFIRM))


def _forge_success(opening: Opening, _page: str) -> None:
    """Report a success that never happened, with made-up keys."""
    made_up = {"PCD_AUTH_KEY": "a" * 32, "PCD_PAY_REQKEY": "b" * 32}
    _deliver(list((_success(opening) | made_up | {"PCD_PAY_COFURL": client().gateway.confirm_urls[0]}).items()))


def _deliver_twice(opening: Opening, page: str) -> None:
    result = simulator().pay(opening.fields, page)
    _deliver(result)
    _deliver(result)


def _use_foreign_result(opening: Opening, page: str) -> None:
    """Take the result of somebody else's payment and write our number and amount into it."""
    stranger = Buyer(new_visitor())
    theirs = stranger.start(stranger.place({"test-product": 1}).order_no, CARD)
    result = simulator().pay(theirs.fields, page)
    total = opening.fields["PCD_PAY_TOTAL"]
    _deliver(_changed(result, PCD_PAY_OID=opening.attempt_no, PCD_PAY_TOTAL=total))


def _forge_webhook(opening: Opening, _page: str) -> None:
    webhooks.handle(UnverifiedResult.from_form(_success(opening)))
    settlement.settle(opening.attempt_no, client(), source=Source.WEBHOOK)


def _change_cart(opening: Opening, page: str) -> None:
    """The order was frozen when it was placed: what the browser keeps as its cart changes nothing."""
    _deliver(simulator().pay(opening.fields | {"PCD_PAY_GOODS": "황금 책갈피 99개"}, page))


_ATTACKS: Mapping[Attack, Callable[[Opening, str], None]] = {
    Attack.AMOUNT: _change_amount,
    Attack.NUMBER: _change_number,
    Attack.CONFIRM_URL: _change_confirm_url,
    Attack.FORGED: _forge_success,
    Attack.TWICE: _deliver_twice,
    Attack.FOREIGN: _use_foreign_result,
    Attack.WEBHOOK: _forge_webhook,
    Attack.CART: _change_cart,
}


def _success(opening: Opening) -> dict[str, str]:
    return {
        "PCD_PAY_RST": "success",
        "PCD_PAY_CODE": "0000",
        "PCD_PAY_OID": opening.attempt_no,
        "PCD_PAY_TOTAL": opening.fields["PCD_PAY_TOTAL"],
    }


def _changed(result: Pairs, **fields: str) -> Pairs:
    return list((dict(result) | fields).items())


def _deliver(result: Pairs) -> None:
    settlement.handle_result(UnverifiedResult.from_form(result), client())
