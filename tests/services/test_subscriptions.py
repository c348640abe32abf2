"""Subscriptions: what starts and continues them, and that no month is charged twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from shop import clock
from shop.db import db
from shop.extensions import client
from shop.models import Order, SavedMethod, Subscription
from shop.rules.states import Source, SubscriptionState
from shop.rules.subscription import MORE_TRIES, charge_time, month_after, month_of
from shop.services import monthly_charges, saved_methods, subscriptions, sweep
from shop.services.journal import Actor
from shop.services.orders import Visitor
from tests.page import PAYER
from tests.payer import Pairs
from tests.world import Purchase, World

PRICE = 15_000
OTHER_CARD = {"card_number": "9999020000001232"}
BUYER = Actor(Source.PAGE)


@dataclass
class Subscriber:
    world: World
    first: Purchase

    @property
    def row(self) -> Subscription:
        db.session.rollback()
        return db.session.scalars(select(Subscription).where(Subscription.number == self.first.order_no)).one()

    @property
    def orders(self) -> list[tuple[str, str]]:
        """The month and the state of each order."""
        return [(f"{order.month:%m}", order.state.value) for order in self.row.orders]

    @property
    def tries(self) -> list[str]:
        return [attempt.state.value for attempt in self.row.orders[-1].attempts]

    def sweep_when_due(self) -> sweep.Report:
        due = self.row.next_charge_at
        assert due
        return self.world.sweep(seconds=max(0, (due - clock.now()).total_seconds()) + 1)

    def change_method(self, **typed: str) -> Purchase:
        """Pay the next month in the window."""
        order_no = subscriptions.order_to_pay(self.first.order_no)
        purchase = Purchase(self.world, self.first.buyer, order_no).start()
        self.world.deliver(purchase.open().approve(**typed).result or [])
        return purchase


def subscribe(world: World, method: str = "card", work: str = "CERT", **typed: str) -> Subscriber:
    _go_to_the_twentieth(world)
    purchase = world.purchase("monthly-book", method=method, work=work)
    world.deliver(purchase.open().approve(**typed).result or [])
    return Subscriber(world, purchase)


def _go_to_the_twentieth(world: World) -> None:
    """A day on which the following ones are of the same month."""
    today = clock.korea_date(clock.now())
    later = (month_after(today.replace(day=1)) if today.day > 20 else today).replace(day=20)
    world.advance(days=(later - today).days)


def registered(row: SavedMethod | None) -> bool:
    return row is not None and client().find_billing_key(row.billing_key) is not None


@pytest.mark.stricter_engine
@pytest.mark.parametrize(("method", "work"), [("card", "PAY"), ("transfer", "CERT")])
def test_the_first_payment_starts_and_the_sweep_continues(world: World, method: str, work: str) -> None:
    subscriber = subscribe(world, method, work)
    month, day = month_of(clock.now()), subscriber.row.day
    assert (subscriber.row.state, subscriber.row.next_charge_at) == ("active", charge_time(month_after(month), day))

    reports = [subscriber.sweep_when_due() for _ in range(2)]

    months = [month, month_after(month), month_after(month_after(month))]
    assert [report.subscriptions for report in reports] == [[subscriber.row.id]] * 2
    assert subscriber.orders == [(f"{one:%m}", "paid") for one in months]
    assert list(world.charged().values()) == [PRICE] * 3
    assert saved_methods.saved_by(Visitor(subscriber.row.visitor)) == []


def test_a_months_payment_goes_back_like_any_other(world: World) -> None:
    subscriber = subscribe(world, "transfer")
    subscriber.sweep_when_due()
    month = Purchase(world, subscriber.first.buyer, subscriber.row.orders[-1].order_no)

    assert [month.refund(5_000).state, month.refund(10_000).state] == ["done", "done"]
    assert (month.returned, month.order.state) == (PRICE, "refunded")


@pytest.mark.stricter_engine
@pytest.mark.parametrize(("phase", "state"), [("after", "paid"), ("before", "declined")])
def test_a_lost_answer_stays_unknown_until_the_gateway_tells(world: World, phase: str, state: str) -> None:
    subscriber = subscribe(world)
    world.fault("repay", "lost_answer", phase=phase)
    subscriber.sweep_when_due()
    world.fault("inquiry", "lost_answer", times=9)
    subscriber.sweep_when_due()
    assert (subscriber.tries, len(world.asked("RePayCardAct"))) == (["unknown"], 1)

    world.control("DELETE", "faults")
    world.sweep(minutes=41)
    assert subscriber.tries == [state]
    subscriber.sweep_when_due()

    assert subscriber.orders[1][1] == "paid"
    assert sum(world.charged().values()) == PRICE * (len(subscriber.orders))


def test_a_month_whose_charge_could_not_be_sent_is_charged_on_the_next_day(world: World) -> None:
    subscriber = subscribe(world)
    world.fault("auth", "http_500", times=1000)
    subscriber.sweep_when_due()
    for _try in range(10):
        world.sweep(minutes=4)
    world.control("DELETE", "faults")

    subscriber.sweep_when_due()

    assert (subscriber.tries, subscriber.row.state) == (["expired", "paid"], "active")


def test_a_declined_month_is_tried_on_three_more_days_and_later_months_stay_unpaid_until_it_resumes(
    world: World,
) -> None:
    subscriber = subscribe(world)
    world.control("POST", "scenarios", {"id": "limit", "times": 9})
    days = []
    for _ in range(MORE_TRIES + 1):
        subscriber.sweep_when_due()
        days.append(clock.korea_date(clock.now()))
    world.control("DELETE", "scenarios")

    assert [day - days[0] for day in days] == [timedelta(days=count) for count in range(MORE_TRIES + 1)]
    assert (subscriber.tries, subscriber.row.state) == (["declined"] * 4, "paused")
    world.sweep(days=61)
    assert (len(subscriber.tries), list(world.charged().values())) == (4, [PRICE])

    subscriptions.resume(subscriber.first.order_no)
    world.sweep()
    assert [state for _month, state in subscriber.orders] == ["paid", "expired", "paid"]
    assert (subscriber.row.state, subscriber.row.stopped_at) == ("active", None)


@pytest.mark.parametrize(("days", "skipped"), [(12, 0), (42, 1)])
def test_a_sweep_that_comes_late_charges_the_last_due_month(world: World, days: int, skipped: int) -> None:
    subscriber = subscribe(world)
    month, due = subscriber.row.month, subscriber.row.next_charge_at
    assert due

    world.sweep(days=(due - clock.now()).days + days)

    assert subscriber.orders[-1] == (f"{month_after(month) if skipped else month:%m}", "paid")


def test_another_way_to_pay_pays_the_next_month_in_the_window(world: World) -> None:
    subscriber = subscribe(world)
    old = subscriber.row.saved_method
    assert old
    old_key = old.billing_key

    subscriber.change_method(**OTHER_CARD)
    world.sweep()
    new = subscriber.row.saved_method
    subscriber.sweep_when_due()

    assert new
    assert new.billing_key != old_key
    assert client().find_billing_key(old_key) is None
    assert [state for _month, state in subscriber.orders] == ["paid"] * 3
    assert len(world.charged()) == 3


def test_the_window_pays_a_paused_month(world: World) -> None:
    subscriber = subscribe(world)
    world.control("POST", "scenarios", {"id": "limit", "times": 9})
    for _ in range(MORE_TRIES + 1):
        subscriber.sweep_when_due()
    world.control("DELETE", "scenarios")

    subscriber.change_method(**OTHER_CARD)

    assert (subscriber.row.state, subscriber.orders[-1][1]) == ("active", "paid")


@pytest.mark.both_engines
def test_sweeps_at_the_same_time_charge_a_month_once(world: World) -> None:
    subscriber = subscribe(world)
    due = subscriber.row.next_charge_at
    assert due
    world.advance(seconds=(due - clock.now()).total_seconds() + 1)
    found = [subscriber.row.id] * 4
    db.session.rollback()

    world.all_at_once(4, lambda number: monthly_charges.charge(found[number], client()))

    assert (subscriber.tries, list(world.charged().values())) == (["paid"], [PRICE] * 2)


@pytest.mark.parametrize("days", [0, 2])
def test_a_restored_backup_finds_the_charge_that_it_has_forgotten(world: World, days: int) -> None:
    subscriber = subscribe(world)
    before = {name: getattr(subscriber.row, name) for name in ("month", "next_charge_at")}
    subscriber.sweep_when_due()
    forget_last_order(subscriber, before)
    calls = len(world.asked("RePayCardAct"))

    world.sweep(days=days)

    assert (subscriber.tries, list(world.charged().values())) == (["paid"], [PRICE] * 2)
    assert len(world.asked("RePayCardAct")) == calls


def test_nothing_is_charged_while_the_buyers_own_window_may_still_charge(world: World) -> None:
    subscriber = subscribe(world)
    due = subscriber.row.next_charge_at
    assert due
    world.advance(seconds=(due - clock.now()).total_seconds() - 60)
    order_no = subscriptions.order_to_pay(subscriber.first.order_no)
    window = Purchase(world, subscriber.first.buyer, order_no).start(work="PAY").open()
    world.sweep(minutes=2)
    assert subscriber.tries == ["prepared"]

    world.deliver(window.approve().result or [])

    assert (subscriber.orders[-1][1], list(world.charged().values())) == ("paid", [PRICE] * 2)


def test_a_month_that_another_number_has_paid_is_for_a_person(world: World) -> None:
    subscriber = subscribe(world)
    before = {name: getattr(subscriber.row, name) for name in ("month", "next_charge_at")}
    subscriber.change_method()
    forget_last_order(subscriber, before)

    subscriber.sweep_when_due()
    world.sweep(days=2)

    assert (subscriber.tries, subscriber.orders[-1][1]) == (["attention"], "attention")
    assert list(world.charged().values()) == [PRICE] * 2


def test_stopping_deregisters_and_takes_back_what_is_not_paid(world: World) -> None:
    subscriber = subscribe(world)
    key = subscriber.row.saved_method.billing_key  # type: ignore[union-attr]
    subscriptions.order_to_pay(subscriber.first.order_no)

    for _time in range(2):
        subscriptions.stop(subscriber.first.order_no, client(), BUYER)
    world.sweep(days=62)

    assert ([state for _month, state in subscriber.orders], subscriber.row.state) == (["paid", "expired"], "stopped")
    assert (client().find_billing_key(key), len(world.charged())) == (None, 1)


def test_what_is_saved_for_other_orders_stays_registered(world: World) -> None:
    purchase = world.purchase("monthly-book", save="y").pay()
    subscriber, owner = Subscriber(world, purchase), Visitor(purchase.order.visitor)
    [saved] = saved_methods.saved_by(owner)
    subscriptions.stop(purchase.order_no, client(), BUYER)
    assert registered(db.session.get(SavedMethod, saved.id))

    saved_methods.delete(owner, saved.id, client())
    assert (subscriber.row.saved_method, db.session.scalars(select(SavedMethod)).all()) == (None, [])


def test_a_saved_card_that_a_subscription_needs_is_only_not_offered_any_more(world: World) -> None:
    purchase = world.purchase("monthly-book", save="y").pay()
    subscriber, owner = Subscriber(world, purchase), Visitor(purchase.order.visitor)
    saved_methods.delete(owner, subscriber.row.saved_method_id or 0, client())
    subscriber.sweep_when_due()

    assert (saved_methods.saved_by(owner), subscriber.orders[-1][1]) == ([], "paid")


def test_a_key_that_is_not_registered_any_more_pauses(world: World) -> None:
    subscriber = subscribe(world)
    key = subscriber.row.saved_method.billing_key  # type: ignore[union-attr]
    world.control("POST", "billing-keys/deregister", {"payer_id": key})
    subscriptions.check_saved_method(subscriber.first.order_no, client())
    assert subscriber.row.saved_method is None

    subscriber.sweep_when_due()

    assert (subscriber.row.state, subscriber.tries) == ("paused", [])


def two_windows(world: World, work: str) -> list[tuple[Purchase, Pairs]]:
    """Two first payments of one browser, by two cards, whose results are on their way."""
    buyer = world.browser()
    purchases = [Purchase(world, buyer, buyer.place_order("monthly-book")).start(work=work) for _ in range(2)]
    results = [purchases[0].claim(), purchases[1].open().approve(**OTHER_CARD).result or []]
    return list(zip(purchases, results, strict=True))


def live() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(Subscription.state != SubscriptionState.STOPPED)) or 0


def test_a_second_first_payment_is_not_confirmed_not_even_after_the_stop(world: World) -> None:
    (first, result), (second, other_result) = two_windows(world, "CERT")
    world.deliver(result)
    world.deliver(other_result)

    assert (live(), second.states, list(world.charged().values())) == (1, ("awaiting_payment", "prepared"), [PRICE])
    assert second.refused_start() == "subscribed"
    page = second.page()
    assert "이미 다른 주문으로 구독했어요" in page.text
    assert not page.has("pay")
    subscriptions.stop(first.order_no, client(), BUYER)
    assert second.refused_start() == "subscribed"


@pytest.mark.both_engines
def test_of_two_first_payments_at_once_one_starts_a_subscription_and_one_goes_back(world: World) -> None:
    windows = two_windows(world, "PAY")

    world.all_at_once(2, lambda number: world.deliver(windows[number][1]))
    world.sweep()

    first, second = sorted((purchase for purchase, _result in windows), key=lambda one: one.attempt.state)
    assert (live(), first.attempt.state, second.attempt.state) == (1, "orphaned", "paid")
    assert (first.returned, second.returned) == (PRICE, 0)
    assert "이미 다른 주문으로 구독해서 받지 않았어요" in first.page().text


def test_one_key_pays_one_live_subscription(world: World) -> None:
    subscribe(world)
    other = subscribe(world, **OTHER_CARD)
    other.change_method()  # with the card of the first

    assert (other.row.state, other.row.saved_method) == ("paused", None)


@pytest.mark.parametrize(("slug", "quantity"), [("monthly-book", 2), ("test-product", 1)])
def test_a_subscription_is_ordered_alone_and_once(world: World, slug: str, quantity: int) -> None:
    buyer = world.browser()
    buyer.add_to_cart(slug, quantity)
    buyer.add_to_cart("monthly-book")
    buyer.submit("/orders", PAYER, 409)

    db.session.rollback()
    assert db.session.scalars(select(Order)).all() == []


def forget_last_order(subscriber: Subscriber, before: dict[str, Any]) -> None:
    """What a backup from before the last order has."""
    order = subscriber.row.orders[-1]
    for attempt in order.attempts:
        db.session.delete(attempt)
    for line in order.lines:
        db.session.delete(line)
    db.session.flush()
    db.session.delete(order)
    db.session.execute(update(Subscription).values(**before))
    db.session.commit()
