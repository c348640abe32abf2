"""Turns a cart into an order and reserves its stock. Prices are frozen then."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.exc import IntegrityError

from shop import clock
from shop.db import db, transaction
from shop.errors import CartProblem, TooManyUnpaid
from shop.models import Order, OrderLine, Product
from shop.models.product import LARGEST_QUANTITY
from shop.rules.money import LARGEST_TOTAL
from shop.rules.states import OrderState, Source
from shop.services import cart as carts
from shop.services import catalogue, orders, subscriptions, transitions
from shop.services.cart import Cart, CartLine
from shop.services.journal import Actor
from shop.services.orders import Payer, Visitor

LEAST_TOTAL = 1000
"""Won. The payment window refuses less."""
VISITORS_PER_ADDRESS = 2
"""An address may hold so many times what one visitor may: people share it."""
_ORDER_OF_CART = select(Order).where(Order.cart_id == bindparam("cart_id"), Order.visitor == bindparam("visitor"))
"""Built once, because every order runs it."""


@dataclass(frozen=True)
class CartOnHand:
    items: Mapping[str, int]
    id: str
    seen_id: str = ""  # the cart that the order form showed


def place_order(
    cart: CartOnHand,
    payer: Payer,
    visitor: Visitor,
    *,
    hold: timedelta,
    most_per_product: int = LARGEST_QUANTITY,
    most_unpaid: int | None = None,
) -> Order:
    """Turn a cart into an order and reserve its stock. The same cart, sent again, gives the same order.

    :raises CartProblem, OutOfStock, TooManyUnpaid: nothing was reserved
    """
    placed = _order_of_cart(cart.seen_id or cart.id, visitor)
    if placed is not None:
        return placed
    if cart.seen_id not in ("", cart.id):
        raise CartProblem(CartProblem.Reason.CHANGED)
    try:
        with transaction():
            order = _place(cart, payer, visitor, hold=hold, most=most_per_product)
            if most_unpaid is not None:
                _require_few_unpaid(visitor, most_unpaid)
            return order
    except IntegrityError:  # the same cart, sent twice at once: the other one was first
        placed = _order_of_cart(cart.id, visitor)
        if placed is None:
            raise
        return placed


def _order_of_cart(cart_id: str, visitor: Visitor) -> Order | None:
    return db.session.scalar(_ORDER_OF_CART, {"cart_id": cart_id, "visitor": visitor.mark})


def _place(on_hand: CartOnHand, payer: Payer, visitor: Visitor, *, hold: timedelta, most: int) -> Order:
    now = clock.now()
    cart = carts.load(on_hand.items, most)
    _require_sellable(cart)
    month = subscriptions.month_to_pay(visitor) if cart.is_subscription else None
    order = orders.new_order(
        payer,
        cart.breakdown,
        [_frozen(line) for line in cart.lines],
        visitor=visitor.mark,
        address=visitor.address,
        cart_id=on_hand.id,
        goods=_goods(cart),
        expires_at=now + hold,
        month=month,
    )
    catalogue.take_stock(order.lines)
    lines = [[line.slug, line.quantity, line.amount] for line in order.lines]
    transitions.create(order, "order_placed", Actor(Source.PAGE), {"amount": order.amount, "lines": lines})
    return order


def _require_sellable(cart: Cart) -> None:
    if not cart.lines:
        raise CartProblem(CartProblem.Reason.EMPTY)
    if cart.is_subscription and cart.count > 1:
        raise CartProblem(CartProblem.Reason.NOT_ALONE)
    if cart.total > LARGEST_TOTAL:
        raise CartProblem(CartProblem.Reason.TOO_LARGE)
    if any(line.product.stock is not None and line.quantity > line.most for line in cart.lines):
        raise CartProblem(CartProblem.Reason.TOO_MANY)
    if cart.total < LEAST_TOTAL:
        raise CartProblem(CartProblem.Reason.BELOW_MINIMUM)


def _require_few_unpaid(visitor: Visitor, most: int) -> None:
    """Count pieces of limited stock, the new order's too."""
    is_theirs, is_near = Order.visitor == visitor.mark, Order.address == visitor.address
    pieces = func.sum(OrderLine.quantity)
    held = select(pieces.filter(is_theirs), pieces.filter(is_near), func.min(Order.expires_at))
    lines = held.join(OrderLine.order).join(Product, Product.id == OrderLine.product_id)
    is_unpaid = (Order.state == OrderState.AWAITING_PAYMENT, Product.stock.is_not(None), or_(is_theirs, is_near))
    theirs, near, first_end = db.session.execute(lines.where(*is_unpaid)).one()
    if (theirs or 0) > most or (near or 0) > VISITORS_PER_ADDRESS * most:
        raise TooManyUnpaid(max(first_end - clock.now(), timedelta()))


def _frozen(line: CartLine) -> OrderLine:
    product = line.product
    return OrderLine(
        product_id=product.id,
        slug=product.slug,
        name=product.name,
        name_en=product.name_en,
        tax=product.tax,
        unit_price=product.price,
        quantity=line.quantity,
        amount=line.amount,
    )


def _goods(cart: Cart) -> str:
    first, *others = cart.lines
    return f"{first.product.name} 외 {len(others)}건" if others else first.product.name
