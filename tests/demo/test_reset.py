"""The reset: a lived-in shop, whose books agree with the simulator's."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import select

from shop import clock
from shop.db import db
from shop.extensions import settings
from shop.models import Attempt, JournalEntry, Order, Product, Refund
from shop.rules.states import AttemptState, OrderState, RefundState
from shop.services import desk, staff
from tests.demo.conftest import STAFF, Demo

UNSURE = (AttemptState.UNKNOWN, AttemptState.ATTENTION)


def insist_on_the_same_money(demo: Demo) -> None:
    """Every won of the simulator is on an order or went back, but for what three orders do not know yet."""
    with demo.app.app_context():
        attempts = {row.attempt_no: row for row in db.session.scalars(select(Attempt))}
        lost = select(Refund).where(Refund.state == RefundState.UNKNOWN)
        unsure = {row.attempt.attempt_no for row in db.session.scalars(lost)}
        unsure |= {number for number, row in attempts.items() if row.state in UNSURE}
        left = {number: row.remaining for number, row in attempts.items() if row.remaining}
    moved = {row["oid"]: row["total"] - row["refunded_total"] for row in demo.control("payments") if row["paid_at"]}

    assert len(unsure) == 3
    assert {number: amount for number, amount in left.items() if number not in unsure} == {
        number: amount for number, amount in moved.items() if amount and number not in unsure
    }


@pytest.mark.both_engines
def test_a_reset_gives_a_lived_in_shop(demo: Demo) -> None:
    demo.make("paid")
    demo.post("clock", {"days": 3})
    with demo.app.app_context():
        token = staff.sign_in(*STAFF.values())

    demo.post("reset")

    with demo.app.app_context():
        orders, now = list(db.session.scalars(select(Order))), clock.now()
        assert 20 <= len(orders) <= 25
        assert {order.state for order in orders} == set(OrderState)
        assert all(timedelta() <= now - order.placed_at < timedelta(days=5) for order in orders)
        assert all(order.order_no.startswith(f"{clock.korea_date(order.placed_at):%Y%m%d}") for order in orders)
        assert len({clock.korea_date(order.placed_at) for order in orders}) >= 4
        assert Counter(row.kind for row in desk.load().rows) == {"attempt": 1, "refund": 1, "cash-receipt": 1}
        assert desk.overdue_since() is None
        assert staff.find_session(token)
        stock = {row.slug: row.stock for row in db.session.execute(select(Product.slug, Product.stock))}
        events = set(db.session.scalars(select(JournalEntry.event)))
    assert (stock["quiet-fountain-pen"], stock["letter-set"], stock["test-product"]) == (4, 0, None)
    assert {"orphaned", "declined", "refund_unknown", "order_expired"} <= events
    assert clock.offset() == timedelta()
    assert demo.control("clock")["offset_seconds"] == 0
    insist_on_the_same_money(demo)


def test_the_next_reset_of_the_day_copies_the_days_before(demo: Demo) -> None:
    """Only the last hour is made anew: the older orders keep their numbers, in the simulator, too."""
    demo.post("reset")
    before = {row["oid"] for row in demo.control("payments")}
    demo.make("paid")
    demo.post("reset")
    after = {row["oid"] for row in demo.control("payments")}

    assert len(before) == len(after) > 20
    assert len(before & after) == len(before) - 4
    insist_on_the_same_money(demo)


def test_days_of_an_older_schema_are_made_anew(demo: Demo) -> None:
    demo.post("reset")
    before = {row["oid"] for row in demo.control("payments")}
    with demo.app.app_context():
        (kept,) = settings().instance.glob("lived-in-*.sqlite")
    with closing(sqlite3.connect(kept)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
        connection.commit()

    demo.post("reset")

    assert before.isdisjoint(row["oid"] for row in demo.control("payments"))
