"""Finds orders, cancels and expires them, and places those that come of no cart."""

import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from sqlalchemy import ColumnElement, Select, bindparam, or_, select
from sqlalchemy.orm import joinedload, selectinload

from shop import clock
from shop.db import db, transaction
from shop.errors import NotFound
from shop.models import Attempt, JournalEntry, Order, OrderLine
from shop.rules.money import Tax, TaxBreakdown, Won, tax_breakdown
from shop.rules.order import require_cancellable
from shop.rules.states import AttemptState, OrderState, Source
from shop.services import catalogue, transitions
from shop.services.journal import Actor

ORDER_NO = re.compile(r"[0-9]{8}-[A-Z2-7]{8}")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
PAGE_SIZE = 20
STAFF_PAGE_SIZE = 50
MOST_ENTRIES = 1000
"""Journal rows on one page. An order has at most twenty attempts with a dozen rows each."""
_ATTEMPT_NO = re.compile(r"[0-9]{8}_[A-Z2-7]{20}")
_PHONE_END = re.compile(r"[0-9]{4}")
_PHONE = re.compile(r"01[0-9]{8,9}")
_LINE = ("product_id", "slug", "name", "name_en", "tax", "unit_price", "quantity", "amount")


@dataclass(frozen=True)
class Payer:
    name: str
    phone: str  # digits only
    email: str


@dataclass(frozen=True)
class Visitor:
    """A browser, the orders that it found by number and phone, and its network address."""

    mark: str
    found: Collection[str] = ()
    address: str = ""

    def owns(self, order: Order) -> bool:
        return order.visitor == self.mark or order.order_no in self.found


@dataclass(frozen=True)
class OrderFilter:
    """``words`` is an order or attempt number, a payer's name, or a phone number or its last four digits."""

    words: str = ""
    state: OrderState | None = None
    payment_date: date | None = None


@dataclass(frozen=True)
class OrderPage:
    orders: Sequence[Order]
    next_before: int | None


def place_again(order: Order, cart_id: str, month: date, expires_at: datetime) -> Order:
    """Place an order of a subscription for another month. The caller opens the transaction."""
    payer = Payer(order.payer_name, order.payer_phone, order.payer_email)
    lines = [OrderLine(**{name: getattr(line, name) for name in _LINE}) for line in order.lines]
    same = {"visitor": order.visitor, "address": order.address, "goods": order.goods}
    again = new_order(payer, order.breakdown, lines, cart_id=cart_id, month=month, expires_at=expires_at, **same)
    again.subscription = order.subscription
    catalogue.take_stock(again.lines)
    transitions.create(again, "order_placed", Actor(Source.SHOP), {"amount": again.amount})
    return again


def place_free(goods: str, amount: Won, tax: Tax, payer: Payer, expires_at: datetime, *, by: str) -> str:
    """Place an order of a free amount for a payment link, and return its number."""
    line = OrderLine(slug="", name=goods, name_en=goods, tax=tax, unit_price=amount, quantity=1, amount=amount)
    nobody = {"visitor": f"nobody-{secrets.token_urlsafe(18)}", "cart_id": ""}
    order = new_order(payer, tax_breakdown([(amount, tax)]), [line], goods=goods, expires_at=expires_at, **nobody)
    with transaction():
        transitions.create(order, "order_placed", Actor(Source.STAFF, by), {"amount": amount})
        return order.order_no


def new_order(payer: Payer, split: TaxBreakdown, lines: list[OrderLine], **columns: object) -> Order:
    return Order(
        order_no=_new_order_no(),
        amount=split.total,
        taxable=split.taxable,
        exempt=split.exempt,
        vat=split.vat,
        payer_name=payer.name,
        payer_phone=payer.phone,
        phone_end=payer.phone[-4:],
        payer_email=payer.email,
        placed_at=clock.now(),
        lines=lines,
        **columns,
    )


def get_order(order_no: str) -> Order:
    """Return any order with all its rows, or raise NotFound."""
    order = db.session.scalar(_whole(select(Order)).where(Order.order_no == order_no))
    if order is None:
        raise NotFound
    return order


def get_order_of(visitor: Visitor, order_no: str) -> Order:
    """Return an order of this visitor, or raise NotFound."""
    order = _by_number(order_no)
    if order is None or not visitor.owns(order):
        raise NotFound
    return order


def find_for_guest(order_no: str, phone: str) -> Order:
    """Return an order by its number and phone number, or raise NotFound."""
    order = _by_number(order_no)
    if order is None or order.payer_phone != phone:
        raise NotFound
    return order


def last_cancelled(visitor: Visitor) -> Order | None:
    """Return the visitor's newest order if it is cancelled."""
    newest = db.session.scalar(_orders_of(visitor).order_by(Order.id.desc()).limit(1))
    return newest if newest is not None and newest.cancelled_at is not None else None


def history(visitor: Visitor, before: int | None = None) -> OrderPage:
    """Return a page of the visitor's orders, newest first."""
    return _page(_orders_of(visitor).options(selectinload(Order.lines)), before, PAGE_SIZE)


def search(wanted: OrderFilter, before: int | None = None) -> OrderPage:
    return _page(_matching(wanted), before, STAFF_PAGE_SIZE)


def journal_of(order: Order) -> Sequence[JournalEntry]:
    of_order = select(JournalEntry.id).where(JournalEntry.order_no == order.order_no)
    numbers = [attempt.attempt_no for attempt in order.attempts]
    of_attempts = select(JournalEntry.id).where(JournalEntry.attempt_no.in_(numbers))
    query = select(JournalEntry).where(JournalEntry.id.in_(of_order.union(of_attempts)))
    return db.session.scalars(query.order_by(JournalEntry.id).limit(MOST_ENTRIES)).all()


def expire(order_no: str, *, source: Source) -> None:
    """Give up an unpaid order, if it is time and no window may be open."""
    with transaction():
        order = transitions.lock_order_no(order_no)
        is_time = order.state is OrderState.AWAITING_PAYMENT and clock.now() >= order.expires_at
        if is_time and all(attempt.state is not AttemptState.PREPARED for attempt in order.attempts):
            _give_up(order, "order_expired", source)


def cancel(order_id: int, *, is_answered: bool) -> None:
    """Give up an unpaid order for its buyer, or raise CannotCancel. A second time changes nothing."""
    with transaction():
        order = transitions.lock_order(order_id)
        if order.state is not OrderState.EXPIRED:
            require_cancellable(order.state, is_answered=is_answered)
            _give_up(order, "order_cancelled", Source.PAGE, cancelled_at=clock.now())


def _new_order_no() -> str:
    tail = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return f"{clock.today():%Y%m%d}-{tail}"


def _whole(query: Select[Order]) -> Select[Order]:
    attempts = selectinload(Order.attempts)
    return query.options(attempts.selectinload(Attempt.cash_receipts), selectinload(Order.refunds))


def _by_number(order_no: str) -> Order | None:
    if not ORDER_NO.fullmatch(order_no):
        return None
    return db.session.scalars(_whole_by_number(), {"order_no": order_no}).unique().one_or_none()


@cache
def _whole_by_number() -> Select[Order]:
    parts = joinedload(Order.lines), joinedload(Order.attempts), joinedload(Order.refunds)
    return select(Order).options(*parts).where(Order.order_no == bindparam("order_no"))


def _orders_of(visitor: Visitor) -> Select[Order]:
    return select(Order).where(or_(Order.visitor == visitor.mark, Order.order_no.in_(visitor.found)))


def _page(query: Select[Order], before: int | None, size: int) -> OrderPage:
    if before is not None:
        query = query.where(Order.id < before)
    found = db.session.scalars(query.order_by(Order.id.desc()).limit(size + 1)).all()
    return OrderPage(found[:size], found[size - 1].id if len(found) > size else None)


def _matching(wanted: OrderFilter) -> Select[Order]:
    query = _whole(select(Order))
    if wanted.words:
        query = query.where(_says(wanted.words))
    if wanted.state is not None:
        query = query.where(Order.state == wanted.state)
    if wanted.payment_date is not None:
        traded = select(Attempt.order_id).where(Attempt.payment_date == wanted.payment_date).cte("traded")
        # PostgreSQL would read all orders from the newest on and look each one up among those of the day.
        traded = traded.prefix_with("MATERIALIZED", dialect="postgresql")
        query = query.where(Order.id.in_(select(traded.c.order_id)))
    return query


def _says(words: str) -> ColumnElement[bool]:
    if ORDER_NO.fullmatch(words):
        return Order.order_no == words
    if _ATTEMPT_NO.fullmatch(words.upper()):
        return Order.id.in_(select(Attempt.order_id).where(Attempt.attempt_no == words.upper()))
    if _PHONE_END.fullmatch(words):
        return Order.phone_end == words
    if _PHONE.fullmatch(words):
        return (Order.phone_end == words[-4:]) & (Order.payer_phone == words)
    return Order.payer_name == words


def _give_up(order: Order, event: str, source: Source, *, cancelled_at: datetime | None = None) -> None:
    catalogue.give_stock_back(order.lines)
    now = clock.now()
    transitions.move(order, OrderState.EXPIRED, event, Actor(source), released_at=now, cancelled_at=cancelled_at)
