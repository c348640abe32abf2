"""Place orders and find them again. Prices are read here, once, and frozen."""

import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select, true, update
from sqlalchemy.exc import IntegrityError

from shop import clock
from shop.db import db, transaction
from shop.errors import CartProblem, NotFound, OutOfStock, TooManyOpenOrders
from shop.models import Order, OrderLine, Product
from shop.rules.states import OrderState, Source
from shop.services import cart as carts
from shop.services import journal, moving
from shop.services.cart import Cart, CartLine

LEAST_TOTAL = 1000
"""The payment window refuses smaller amounts, so an order of less could never be paid. In won."""
ORDER_NO = re.compile(r"[0-9]{8}-[A-Z2-7]{8}")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
PAGE_SIZE = 20
MOST_OPEN_ORDERS = 5
"""Unpaid orders per visitor, where limits are on."""


@dataclass(frozen=True)
class Payer:
    """Who pays, as typed into the order form. ``phone`` is digits only."""

    name: str
    phone: str
    email: str


@dataclass(frozen=True)
class Visitor:
    """A browser: the mark in its session, and the orders it found by number and phone."""

    mark: str
    found: Collection[str] = ()

    def owns(self, order: Order) -> bool:
        """Whether this browser may see the order."""
        return order.visitor == self.mark or order.order_no in self.found


@dataclass(frozen=True)
class CartOnHand:
    """A cart as the browser keeps it, and the one the buyer saw when the order form was shown (blank: not told)."""

    items: Mapping[str, int]
    id: str
    seen_id: str = ""


def place_order(
    cart: CartOnHand,
    payer: Payer,
    visitor: Visitor,
    *,
    hold: timedelta,
    now: datetime,
    most_open: int | None = None,
) -> Order:
    """Turn a cart into an order and reserve its stock. The same cart gives the same order, however often it is sent.

    :raises CartProblem: the cart is empty, too large, below what the payment window takes, or not the one that was seen
    :raises OutOfStock: fewer are left than wanted; nothing was reserved
    :raises TooManyOpenOrders: the visitor has ``most_open`` unpaid ones
    """
    placed = _order_of_cart(cart.seen_id or cart.id, visitor)
    if placed is not None:
        return placed
    if cart.seen_id not in ("", cart.id):
        raise CartProblem(CartProblem.Reason.CHANGED)
    if most_open is not None:
        _require_few_open(visitor, most_open, now)
    try:
        with transaction():
            return _place(cart, payer, visitor, hold=hold, now=now)
    except IntegrityError:  # the same cart, sent twice at once: the other one was first
        placed = _order_of_cart(cart.id, visitor)
        if placed is None:
            raise
        return placed


def _require_few_open(visitor: Visitor, most: int, now: datetime) -> None:
    theirs = (Order.visitor == visitor.mark, Order.state == OrderState.AWAITING_PAYMENT, Order.expires_at > now)
    unpaid, first_end = db.session.execute(select(func.count(), func.min(Order.expires_at)).where(*theirs)).one()
    if unpaid >= most:
        raise TooManyOpenOrders(first_end - now)


def get_order(order_no: str, visitor: Visitor) -> Order:
    """An order of this visitor.

    :raises NotFound: no such order, or somebody else's; the two look the same
    """
    order = _by_number(order_no)
    if order is None or not visitor.owns(order):
        raise NotFound
    return order


def find_for_guest(order_no: str, phone: str) -> Order:
    """An order by its number and the phone number it was placed with.

    :raises NotFound: the two do not belong together
    """
    order = _by_number(order_no)
    if order is None or order.payer_phone != phone:
        raise NotFound
    return order


def history(visitor: Visitor, before: int | None = None) -> Sequence[Order]:
    """The visitor's orders, newest first, one page and one row more if there are further ones."""
    mine = or_(Order.visitor == visitor.mark, Order.order_no.in_(visitor.found))
    query = select(Order).where(mine).order_by(Order.id.desc()).limit(PAGE_SIZE + 1)
    return db.session.scalars(query if before is None else query.where(Order.id < before)).all()


def _by_number(order_no: str) -> Order | None:
    if not ORDER_NO.fullmatch(order_no):
        return None
    return db.session.scalar(select(Order).where(Order.order_no == order_no))


def _order_of_cart(cart_id: str, visitor: Visitor) -> Order | None:
    return db.session.scalar(select(Order).where(Order.cart_id == cart_id, Order.visitor == visitor.mark))


def _place(on_hand: CartOnHand, payer: Payer, visitor: Visitor, *, hold: timedelta, now: datetime) -> Order:
    cart = carts.load(on_hand.items)
    _insist_on_sellable(cart)
    split = cart.breakdown
    order = Order(
        order_no=_new_order_no(now),
        visitor=visitor.mark,
        cart_id=on_hand.id,
        amount=split.total,
        taxable=split.taxable,
        exempt=split.exempt,
        vat=split.vat,
        goods=_goods(cart),
        payer_name=payer.name,
        payer_phone=payer.phone,
        payer_email=payer.email,
        placed_at=now,
        expires_at=now + hold,
        lines=[_frozen(line) for line in cart.lines],
    )
    take_stock(order.lines)
    step = moving.create(order)
    told = {"amount": order.amount, "lines": [[line.slug, line.quantity, line.amount] for line in order.lines]}
    journal.note("order_placed", at=now, order=order, source=Source.PAGE, row=order, step=step, evidence=told)
    return order


def _insist_on_sellable(cart: Cart) -> None:
    if not cart.lines:
        raise CartProblem(CartProblem.Reason.EMPTY)
    if cart.is_too_large:
        raise CartProblem(CartProblem.Reason.TOO_LARGE)
    if cart.total < LEAST_TOTAL:
        raise CartProblem(CartProblem.Reason.BELOW_MINIMUM)


def take_stock(lines: Sequence[OrderLine]) -> None:
    """Reserve the goods by conditional updates: two buyers can never both get the last one.

    :raises OutOfStock: fewer are left than wanted; the caller's transaction has to be rolled back
    """
    for line in _by_product(lines):
        left = or_(Product.stock.is_(None), Product.stock >= line.quantity)
        if _change_stock(line, -line.quantity, left) != 1:
            raise OutOfStock(line.slug)


def give_stock_back(lines: Sequence[OrderLine]) -> None:
    """Return what an unpaid order had reserved."""
    for line in _by_product(lines):
        _change_stock(line, line.quantity, true())


def _by_product(lines: Sequence[OrderLine]) -> list[OrderLine]:
    """The same order for everybody, so that two buyers of the same goods never wait for each other."""
    return sorted(lines, key=lambda line: line.product_id)


def _change_stock(line: OrderLine, by: int, condition: ColumnElement[bool]) -> int:
    return (
        db.session.connection()
        .execute(update(Product).where(Product.id == line.product_id, condition).values(stock=Product.stock + by))
        .rowcount
    )


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


def _new_order_no(now: datetime) -> str:
    """The Korean day, for people, and forty random bits, against guessing."""
    tail = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return f"{clock.korea_date(now):%Y%m%d}-{tail}"


def _goods(cart: Cart) -> str:
    """One line for the payment window: the first product and how many others."""
    first, *others = cart.lines
    return f"{first.product.name} 외 {len(others)}건" if others else first.product.name
