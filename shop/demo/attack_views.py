"""공격해 보기: attack an order of this browser, then read in the conversation what came of it."""

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from shop.demo import attacks
from shop.demo.attacks import Attack
from shop.demo.buyer import Buyer
from shop.errors import NotFound
from shop.services import orders
from shop.views.session import keep_cart, visitor

bp = Blueprint("attacks", __name__, url_prefix="/demo/orders")
OTHER_CART = {"brass-bookmark": 9}


@bp.post("/<order_no>/attacks")
def attack(order_no: str) -> ResponseReturnValue:
    """Attack an unpaid order of this browser."""
    name = request.form.get("attack", "")
    if name not in list(Attack):
        raise NotFound
    order = orders.get_order_of(visitor(), order_no)
    if name == Attack.CART:
        keep_cart(OTHER_CART)
    attacks.run(Attack(name), Buyer(visitor()), order)
    return redirect(url_for("conversation.show", order_no=order_no, attack=name), code=303)
