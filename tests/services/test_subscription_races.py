"""Subscriptions that are stopped while something else happens to them or to what pays them."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

import pytest

from shop.extensions import client
from shop.models import SavedMethod
from shop.rules.subscription import month_after
from shop.services import saved_methods, subscriptions
from shop.services.orders import Visitor
from tests.services.test_subscriptions import BUYER, Subscriber, subscribe
from tests.world import Purchase, World

SECONDS = 0.5
"""How long the other thread has to finish or to wait for a lock."""


def during_the_stop(world: World, act: Callable[[], object], *, first: bool) -> Thread:
    """Act in another thread in the middle of the next stop, before or after it looks at what it is paid with."""
    delete_unneeded = saved_methods.delete_unneeded

    def run() -> None:
        with world.app.app_context():
            act()

    thread = Thread(target=run)

    def interrupted(row: SavedMethod) -> None:
        world.monkeypatch.setattr(saved_methods, "delete_unneeded", delete_unneeded)
        if not first:
            delete_unneeded(row)
        thread.start()
        thread.join(SECONDS)
        if first:
            delete_unneeded(row)

    world.monkeypatch.setattr(saved_methods, "delete_unneeded", interrupted)
    return thread


@pytest.mark.both_engines
@pytest.mark.parametrize("other", ["payment", "look-up"])
def test_a_stop_and_something_else_at_once_wait_for_each_other_in_one_order(world: World, other: str) -> None:
    subscriber = subscribe(world)
    number, saved = subscriber.first.order_no, subscriber.row.saved_method
    assert saved
    key = saved.billing_key
    purchase = Purchase(world, subscriber.first.buyer, subscriptions.order_to_pay(number)).start()
    claim = purchase.claim()

    def look_up() -> None:
        world.control("POST", "billing-keys/deregister", {"payer_id": key})
        subscriptions.check_saved_method(number, client())

    acts = {"payment": lambda: world.deliver(claim), "look-up": look_up}
    thread = during_the_stop(world, acts[other], first=True)

    subscriptions.stop(number, client(), BUYER)
    thread.join()
    world.sweep(minutes=3)

    assert (subscriber.row.state, client().find_billing_key(key)) == ("stopped", None)
    assert purchase.states in [("paid", "paid"), ("expired", "prepared")]


@pytest.mark.both_engines
def test_what_is_deleted_while_its_subscription_stops_is_deregistered(world: World) -> None:
    purchase = world.purchase("monthly-book", save="y").pay()
    subscriber, owner = Subscriber(world, purchase), Visitor(purchase.order.visitor)
    saved = subscriber.row.saved_method
    assert saved
    key, saved_id = saved.billing_key, saved.id
    thread = during_the_stop(world, lambda: saved_methods.delete(owner, saved_id, client()), first=False)

    subscriptions.stop(purchase.order_no, client(), BUYER)
    thread.join()

    assert client().find_billing_key(key) is None


def test_a_month_whose_charge_is_found_after_the_stop_is_not_sold_again(world: World) -> None:
    subscriber = subscribe(world)
    world.fault("repay", "lost_answer", phase="after")
    subscriber.sweep_when_due()
    month, buyer = subscriber.row.month, subscriber.first.buyer
    subscriptions.stop(subscriber.first.order_no, client(), BUYER)
    world.sweep(minutes=1)
    assert subscriber.orders[-1][1] == "paid"

    again = Purchase(world, buyer, buyer.place_order("monthly-book"))

    assert again.order.month == month_after(month)
