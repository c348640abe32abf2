"""Many at once, on both engines: one order per cart, one confirm per attempt, and no piece sold twice."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import TypeVar

import pytest

from shop.db import db
from shop.errors import OutOfStock
from shop.extensions import client
from shop.rules.states import AttemptState, OrderState
from shop.services import orders, sweep
from shop.services.orders import CartOnHand, Payer, Visitor
from tests import world as worlds
from tests.page import PAYER
from tests.world import World

pytestmark = pytest.mark.both_engines

Result = TypeVar("Result")
PAYS = Payer("홍길동", "01012345678", "hong@example.com")


def all_at_once(world: World, width: int, act: Callable[[int], Result]) -> list[Result]:
    """Run the same act in many threads that start together."""
    db.session.remove()
    barrier = Barrier(width)

    def run(number: int) -> Result:
        with world.app.app_context():
            barrier.wait()
            return act(number)

    with ThreadPoolExecutor(width) as threads:
        return list(threads.map(run, range(width)))


def test_fifty_buyers_get_exactly_the_five_pieces_there_are(world: World) -> None:
    slug = worlds.scarce_product(world, stock=5)

    def buy(number: int) -> str:
        cart = CartOnHand({slug: 1}, f"cart-{number}")
        try:
            orders.place_order(cart, PAYS, Visitor(f"buyer-{number}"), hold=timedelta(hours=1))
        except OutOfStock:
            return "sold out"
        return "ordered"

    assert Counter(all_at_once(world, 50, buy)) == {"ordered": 5, "sold out": 45}
    assert world.stock(slug) == 0


def test_the_same_cart_sent_many_times_at_once_is_one_order(world: World) -> None:
    slug = worlds.scarce_product(world, stock=20)

    def order(_number: int) -> str:
        cart = CartOnHand({slug: 2}, "one-cart")
        placed = orders.place_order(cart, PAYS, Visitor("one-buyer"), hold=timedelta(hours=1))
        return placed.order_no

    assert len(set(all_at_once(world, 12, order))) == 1
    assert world.stock(slug) == 18


def test_a_result_delivered_many_times_at_once_is_confirmed_once(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    opening = buyer.start_attempt(order_no)
    claim = world.payer().pay(opening["fields"])

    all_at_once(world, 12, lambda _number: world.deliver(claim))

    confirms = [entry for entry in world.control("GET", "ledger") if entry["op"] == "confirm"]
    assert len(confirms) == 1
    assert world.order(order_no).state is OrderState.PAID
    assert world.events(opening["attempt_no"]).count("paid") == 1


def test_two_windows_finished_at_once_charge_once(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    openings = [buyer.start_attempt(order_no) for _window in range(4)]
    claims = [world.payer().pay(opening["fields"]) for opening in openings]

    all_at_once(world, 4, lambda number: world.deliver(claims[number]))

    assert len(world.charged()) == 1
    states = Counter(world.attempt(opening["attempt_no"]).state for opening in openings)
    assert states == {AttemptState.PAID: 1, AttemptState.PREPARED: 3}


def test_two_immediate_windows_finished_at_once_leave_one_payment_and_one_orphan(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    openings = [buyer.start_attempt(order_no, work="PAY") for _window in range(2)]
    claims = [world.payer().pay(opening["fields"]) for opening in openings]

    all_at_once(world, 2, lambda number: world.deliver(claims[number]))

    states = Counter(world.attempt(opening["attempt_no"]).state for opening in openings)
    assert states == {AttemptState.PAID: 1, AttemptState.ORPHANED: 1}
    assert world.order(order_no).state is OrderState.PAID


def test_a_result_and_the_expiry_of_its_order_at_once_agree(world: World) -> None:
    """A late approval of an immediate window against the sweep: sold and paid, whichever comes first."""
    slug = worlds.scarce_product(world, stock=4)
    buyer = world.browser()
    order_no = buyer.place_order(slug, 1)
    opening = buyer.start_attempt(order_no, work="PAY")
    claim = world.payer().pay(opening["fields"])
    world.advance(minutes=61)

    def act(number: int) -> None:
        if number % 2:
            world.deliver(claim)
        else:
            sweep.run(client())

    all_at_once(world, 6, act)

    assert (world.order(order_no).state, world.stock(slug)) == (OrderState.PAID, 3)


def test_a_double_click_on_the_order_button_is_one_order(world: World) -> None:
    buyer = world.browser()
    buyer.add_to_cart()
    fields = PAYER | {"csrf_token": buyer.csrf_token()}

    def click(_number: int) -> str:
        return str(buyer.copy().post("/orders", fields).headers["Location"])

    assert len(set(all_at_once(world, 6, click))) == 1
