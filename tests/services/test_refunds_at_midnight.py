"""Refunds of a payment that is opened on one Korean day and approved on the next."""

from datetime import datetime, time, timedelta

import pytest

from shop import clock
from shop.extensions import client
from shop.rules.states import AttemptState, OrderState, RefundState
from shop.services import sweep
from tests import world as worlds
from tests.services.test_refunding import refund, returned
from tests.world import World


def just_before_midnight(world: World) -> None:
    now = worlds.korea_now()
    moment = datetime.combine(now.date(), time(23, 59, 50), clock.KOREA)
    world.advance(seconds=((moment - now) % timedelta(days=1)).total_seconds())


def paid_across_midnight(world: World) -> str:
    """An order of 10,000 won whose window is opened before midnight and approved after it."""
    just_before_midnight(world)
    buyer = world.browser()
    order_no = buyer.place_order(quantity=10)
    window = world.payer().open(buyer.start_attempt(order_no)["fields"])
    world.advance(seconds=20)
    world.deliver(window.approve().result or [])
    assert world.order(order_no).state is OrderState.PAID
    return order_no


@pytest.mark.both_engines
def test_second_payment_across_midnight_goes_back(world: World) -> None:
    just_before_midnight(world)
    buyer = world.browser()
    order_no = buyer.place_order()
    openings = [buyer.start_attempt(order_no, work="PAY") for _window in range(2)]
    windows = [world.payer().open(opening["fields"]) for opening in openings]
    world.advance(seconds=20)

    for window in windows:
        world.deliver(window.approve().result or [])

    assert world.attempt(openings[1]["attempt_no"]).state is AttemptState.ORPHANED
    [row] = world.order(order_no).refunds
    assert (row.state, returned(world, order_no)) == (RefundState.DONE, 1000)


@pytest.mark.parametrize("amount", [3_000, 10_000])
def test_staff_refund_names_the_day_of_the_payment(world: World, amount: int) -> None:
    order_no = paid_across_midnight(world)

    assert refund(world, order_no, amount).state is RefundState.DONE
    assert returned(world, order_no) == amount


@pytest.mark.parametrize("phase", ["before", "after"])
def test_lost_full_refund_across_midnight_ends_done(world: World, phase: str) -> None:
    order_no = paid_across_midnight(world)
    world.fault("cancel", "lost_answer", phase=phase)
    assert refund(world, order_no, 10_000).state is RefundState.UNKNOWN

    world.advance(seconds=10)
    sweep.run(client())

    assert returned(world, order_no) == 10_000
    assert world.order(order_no).state is OrderState.REFUNDED
