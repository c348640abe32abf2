"""Unpaid orders hold little and not for long: pieces of a product, pieces of a visitor and of an address, minutes."""

from datetime import timedelta

import pytest

from shop.extensions import client
from shop.rules.states import OrderState
from shop.services import sweep
from tests import staff as people
from tests.page import PAYER
from tests.world import World

PLENTY, MORE, MOST = "pencil-set", "paper-tape", "threadbound-notebook"
"""Products with a large, but limited stock."""
LIMITED = {"RATE_LIMITS": "on", "MOST_UNPAID": "15"}


def test_an_order_has_ten_pieces_of_a_product_at_most(world: World) -> None:
    buyer = world.browser()
    cart = buyer.add_to_cart(PLENTY, 11)
    assert "지금은 10개까지 살 수 있어요" in cart.text
    left = world.stock(PLENTY)

    page = buyer.submit("/orders", PAYER, 409)

    assert "한 상품은 한 번에 10개까지 주문할 수 있어요." in page.text
    assert world.stock(PLENTY) == left
    assert world.browser().place_order(PLENTY, 10)
    assert world.browser().place_order("test-product", 99)


@pytest.mark.parametrize("shop_values", [LIMITED])
def test_a_visitor_holds_few_unpaid_pieces_and_paying_or_cancelling_makes_room(world: World) -> None:
    buyer = world.browser()
    first = buyer.place_order(PLENTY, 10)
    second = buyer.place_order(MORE, 5)
    left = world.stock(MOST)
    buyer.place_order("test-product", 99)
    buyer.add_to_cart(MOST, 1)

    page = buyer.submit("/orders", PAYER, 429)

    assert "15분쯤 뒤에 가장 오래된 주문부터 자동으로 취소돼요" in page.text
    assert int(page.response.headers["Retry-After"]) <= 15 * 60
    assert world.stock(MOST) == left
    people.pay(world, buyer, first)
    assert buyer.place_order(MOST, 9)
    buyer.submit(f"/orders/{second}/cancellation", {})
    assert buyer.place_order(MORE, 5)


@pytest.mark.parametrize("shop_values", [LIMITED])
def test_an_address_holds_twice_as_many_as_a_visitor(world: World) -> None:
    for slug in (PLENTY, MORE, MOST):
        world.browser().place_order(slug, 10)
    last = world.browser()
    last.add_to_cart(PLENTY)

    last.submit("/orders", PAYER, 429)


def test_stock_is_held_for_a_short_time_until_a_window_opens(world: World) -> None:
    buyer, other = world.browser(), world.browser()
    idle, tried = buyer.place_order(PLENTY, 2), other.place_order(PLENTY, 3)
    left = world.stock(PLENTY) or 0
    other.start_attempt(tried)
    order = world.order(tried)
    assert order.expires_at - order.placed_at == timedelta(minutes=60)

    world.advance(minutes=16)
    report = sweep.run(client())

    assert report.expired == [idle]
    assert world.stock(PLENTY) == left + 2
    assert buyer.start_attempt(idle, status=409)["error"]["code"] == "expired"
    assert other.get(f"/orders/{tried}").state == OrderState.AWAITING_PAYMENT
