"""How often somebody may try something, counted in the database: the same for every worker and every machine.

A limit saves work and makes guessing hopeless. It never decides about money: a result that is not listened to any more
still leads to its order, and the page and the sweep settle what has been paid.

Many honest buyers share one address, behind the router of an office or of a phone company, so figures per address are
far above what one person does; those per visitor, per order and per attempt number are near it.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete, func, or_, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from shop.db import UNAVAILABLE, db, release, transaction
from shop.errors import TooManyTries
from shop.models import Order, Tally
from shop.states import OrderState

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limit:
    """So many tries within some time."""

    kind: str
    most: int
    within: timedelta


RESULTS_OF_ATTEMPT = Limit("result_of_attempt", 100, timedelta(minutes=10))
"""A result comes once, a phone repeats it a few times. The gateway is asked far less often anyway."""
RESULTS_FROM_ADDRESS = Limit("result_from_address", 600, timedelta(minutes=1))
"""Ten payments a second from one address: no router has so many buyers of one shop behind it."""
UNKNOWN_FROM_ADDRESS = Limit("unknown_from_address", 60, timedelta(minutes=10))
"""A number of ours has a hundred random bits: whoever names another one is guessing, or comes back years later."""
LOOKUPS_FROM_ADDRESS = Limit("lookup_from_address", 60, timedelta(minutes=10))
LOOKUPS_OF_ORDER = Limit("lookup_of_order", 10, timedelta(minutes=10))
"""Who knows an order number would need years for the eight digits of a phone; its own browser needs no lookup."""
ATTEMPTS_OF_VISITOR = Limit("attempt_of_visitor", 30, timedelta(minutes=10))
"""Each opens a window and asks the gateway. An order takes twenty in all."""
ORDERS_OF_VISITOR = Limit("order_of_visitor", 20, timedelta(minutes=10))
ORDERS_FROM_ADDRESS = Limit("order_from_address", 120, timedelta(minutes=10))
"""An order holds stock while it is unpaid: a script without cookies must not take all of it in a minute."""
MOST_OPEN_ORDERS = 5
"""Unpaid orders per visitor at a time. Who wants a sixth has to pay one, or wait until one expires."""


@dataclass(frozen=True)
class Caller:
    """Who tries; what is blank is not counted."""

    address: str = ""
    visitor: str = ""


NOBODY = Caller()
"""Limits are switched off, or it is our own program."""


def count_result(attempt_no: str, caller: Caller, *, is_ours: bool, now: datetime) -> None:
    """A result was delivered. While nothing can be counted, it is listened to.

    :raises TooManyTries: it must not make us ask the gateway
    """
    also = (RESULTS_OF_ATTEMPT, attempt_no) if is_ours else (UNKNOWN_FROM_ADDRESS, caller.address)
    try:
        _count(now, (RESULTS_FROM_ADDRESS, caller.address), also)
    except UNAVAILABLE:
        release()
        log.exception("a result was not counted")


def count_lookup(order_no: str, caller: Caller, *, now: datetime) -> None:
    """Somebody looks for an order by number and phone.

    :raises TooManyTries: it must not be looked up now
    """
    of_order = order_no if caller.address else ""
    _count(now, (LOOKUPS_FROM_ADDRESS, caller.address), (LOOKUPS_OF_ORDER, of_order))


def count_attempt(caller: Caller, *, now: datetime) -> None:
    """A payment window is asked for.

    :raises TooManyTries: none may open now
    """
    _count(now, (ATTEMPTS_OF_VISITOR, caller.visitor))


def count_order(caller: Caller, *, now: datetime) -> None:
    """An order is about to be placed.

    :raises TooManyTries: too many were, or too many of this visitor's are unpaid
    """
    _insist_on_few_open(caller, now)
    _count(now, (ORDERS_FROM_ADDRESS, caller.address), (ORDERS_OF_VISITOR, caller.visitor))


def forget_old(now: datetime) -> None:
    """Throw away what counts no more, but for what somebody is counting anew: that has to wait for nobody."""
    old = select(Tally.kind, Tally.subject).where(Tally.until <= now).with_for_update(skip_locked=True)
    with transaction():
        db.session.execute(delete(Tally).where(tuple_(Tally.kind, Tally.subject).in_(old)))


def _insist_on_few_open(caller: Caller, now: datetime) -> None:
    theirs = (Order.visitor == caller.visitor, Order.state == OrderState.AWAITING_PAYMENT, Order.expires_at > now)
    query = select(func.count(), func.min(Order.expires_at)).where(*theirs)
    if not caller.visitor:
        return
    unpaid, first_end = db.session.execute(query).one()
    if unpaid >= MOST_OPEN_ORDERS:
        raise TooManyTries(first_end - now, TooManyTries.Reason.OPEN_ORDERS)


def _count(now: datetime, *tries: tuple[Limit, str]) -> None:
    """Count all of them, or none: a refused try is not counted, so that nobody waits longer for having asked."""
    counted = [(limit, subject[:60]) for limit, subject in tries if subject]
    if not counted:
        return
    with transaction():
        for limit, subject in counted:
            if not _counts(limit, subject, now):
                raise TooManyTries(_wait(limit, subject, now))


def _counts(limit: Limit, subject: str, now: datetime) -> bool:
    """One statement, so that parallel tries cannot slip under the count. A refused one writes nothing."""
    upsert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    is_over = Tally.until <= now
    first = {"kind": limit.kind, "subject": subject, "count": 1, "until": now + limit.within}
    statement = (
        upsert(Tally)
        .values(first)
        .on_conflict_do_update(
            index_elements=[Tally.kind, Tally.subject],
            set_={
                "count": case((is_over, 1), else_=Tally.count + 1),
                "until": case((is_over, now + limit.within), else_=Tally.until),
            },
            where=or_(is_over, Tally.count < limit.most),
        )
        .returning(Tally.count)
    )
    return db.session.execute(statement).first() is not None


def _wait(limit: Limit, subject: str, now: datetime) -> timedelta:
    until = db.session.scalar(select(Tally.until).where(Tally.kind == limit.kind, Tally.subject == subject))
    return until - now if until else limit.within
