"""Money that arrives for an expired order and does not fit it: the goods are not held any more, whatever is decided."""

import pytest

from shop.services import recording, sweep
from shop.states import AttemptState, OrderState
from shop.views.shop import client
from tests import world as worlds
from tests.world import World

STOCK = 4


def expired_with_wrong_money(world: World) -> tuple[str, str, str]:
    """Two pieces were ordered and given back; then an inquiry shows half of the money. Answers order, attempt, slug."""
    slug = worlds.scarce_product(world, STOCK)
    buyer = world.browser()
    order_no = buyer.place_order(slug, 2)
    opening = buyer.start_attempt(order_no, work="PAY")
    world.control("POST", "policy", {"inquiry_lag_seconds": 4000})
    claim = world.payer().pay(opening["fields"] | {"PCD_PAY_TOTAL": "1000"})
    world.advance(minutes=61)
    sweep.run(client(), now=worlds.now())
    assert world.order(order_no).state is OrderState.EXPIRED
    world.control("POST", "policy", {"inquiry_lag_seconds": 0})
    world.deliver(claim)
    assert world.attempt(opening["attempt_no"]).state is AttemptState.ATTENTION
    return order_no, opening["attempt_no"], slug


@pytest.mark.both_engines
def test_an_expired_order_stays_expired_when_a_person_has_looked_and_its_goods_come_back_once(world: World) -> None:
    order_no, attempt_no, slug = expired_with_wrong_money(world)
    assert world.order(order_no).state is OrderState.ATTENTION

    recording.close_attention(attempt_no, by="kim", now=worlds.now())
    world.advance(hours=2)
    sweep.run(client(), now=worlds.now())

    assert world.order(order_no).state is OrderState.EXPIRED
    assert world.stock(slug) == STOCK
