"""Find orders for the staff: by number, payer, phone end, state and trade date, newest first.

Pages are cut by the id of the last row (keyset), never counted or skipped: page ten thousand is as fast as the first.
Each way of searching has its index.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import selectinload

from shop.db import db
from shop.errors import NotFound
from shop.models import Attempt, JournalEntry, Order
from shop.rules.states import OrderState
from shop.services.orders import ORDER_NO

PAGE_SIZE = 50
MOST_ENTRIES = 1000
"""Journal rows on one page. An order has at most twenty attempts with a dozen rows each."""
_ATTEMPT_NO = re.compile(r"[0-9]{8}_[A-Z2-7]{20}")
_PHONE_END = re.compile(r"[0-9]{4}")
_PHONE = re.compile(r"01[0-9]{8,9}")


@dataclass(frozen=True)
class OrderFilter:
    """What to look for. ``words`` is an order or attempt number, a payer's name, or a phone number or its last four."""

    words: str = ""
    state: OrderState | None = None
    trade_date: date | None = None


@dataclass(frozen=True)
class OrderPage:
    """One page of orders, and where the next one starts; None: this is the last."""

    orders: Sequence[Order]
    next_before: int | None


def page(wanted: OrderFilter, before: int | None = None) -> OrderPage:
    """The newest orders that fit, older than the one with the id ``before``."""
    found = db.session.scalars(_query(wanted, before).limit(PAGE_SIZE + 1)).all()
    more = len(found) > PAGE_SIZE
    return OrderPage(found[:PAGE_SIZE], found[PAGE_SIZE - 1].id if more else None)


def get_order(order_no: str) -> Order:
    """Any order, for the staff.

    :raises NotFound: no such order
    """
    order = db.session.scalar(_whole(select(Order)).where(Order.order_no == order_no))
    if order is None:
        raise NotFound
    return order


def journal_of(order: Order) -> Sequence[JournalEntry]:
    """What happened to an order and its attempts, in the order it happened."""
    ours = select(JournalEntry.id).where(JournalEntry.order_no == order.order_no)
    numbers = [attempt.attempt_no for attempt in order.attempts]
    told = select(JournalEntry.id).where(JournalEntry.attempt_no.in_(numbers))
    query = select(JournalEntry).where(JournalEntry.id.in_(ours.union(told)))
    return db.session.scalars(query.order_by(JournalEntry.id).limit(MOST_ENTRIES)).all()


def _query(wanted: OrderFilter, before: int | None) -> Select[Order]:
    query = _whole(select(Order)).order_by(Order.id.desc())
    if wanted.words:
        query = query.where(_says(wanted.words))
    if wanted.state is not None:
        query = query.where(Order.state == wanted.state)
    if wanted.trade_date is not None:
        traded = select(Attempt.order_id).where(Attempt.trade_date == wanted.trade_date)
        query = query.where(Order.id.in_(traded))
    return query if before is None else query.where(Order.id < before)


def _whole(query: Select[Order]) -> Select[Order]:
    """With everything that a row of the list shows, in a few statements per page instead of a few per row."""
    attempts = selectinload(Order.attempts)
    return query.options(attempts.selectinload(Attempt.cash_receipts), selectinload(Order.refunds))


def _says(words: str) -> ColumnElement[bool]:
    """Guess what was typed from how it looks. A name is matched as a whole."""
    compact = re.sub(r"[-\s.]", "", words)
    if ORDER_NO.fullmatch(words.upper()):
        return Order.order_no == words.upper()
    if _ATTEMPT_NO.fullmatch(words.upper()):
        return Order.id.in_(select(Attempt.order_id).where(Attempt.attempt_no == words.upper()))
    if _PHONE_END.fullmatch(compact):
        return Order.phone_end == compact
    if _PHONE.fullmatch(compact):
        return (Order.phone_end == compact[-4:]) & (Order.payer_phone == compact)
    return Order.payer_name == words
