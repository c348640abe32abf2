"""Payments whose window opens on one day in Korea and is approved on the next: the trade date is the second day."""

from datetime import timedelta

import pytest

from shop import clock
from shop.extensions import client
from shop.services import reports
from tests import world as worlds
from tests.world import Purchase, World


@pytest.fixture
def before_midnight(world: World) -> World:
    now = worlds.korea_now()
    late = now.replace(hour=23, minute=59, second=50, microsecond=0)
    world.advance(seconds=((late - now) % timedelta(days=1)).total_seconds())
    return world


def open_and_approve(world: World, scenario: str = "", **choices: str) -> Purchase:
    """An order of 10,000 won whose window is approved 20 seconds after it was opened."""
    purchase = world.purchase(quantity=10, **choices)
    window = purchase.open()
    world.advance(seconds=20)
    world.deliver(window.approve(scenario).result or [("PCD_PAY_OID", "")])
    return purchase


@pytest.mark.parametrize(("work", "scenario"), [("CERT", ""), ("PAY", ""), ("PAY", "lost_paid")])
def test_a_payment_is_found_under_the_day_of_its_approval(before_midnight: World, work: str, scenario: str) -> None:
    purchase = open_and_approve(before_midnight, scenario, work=work)
    before_midnight.sweep(minutes=41)

    attempt = purchase.attempt
    assert purchase.states == ("paid", "paid")
    assert attempt.payment_date == clock.korea_date(attempt.started_at) + timedelta(days=1)


@pytest.mark.parametrize(("amount", "is_lost"), [(3_000, False), (10_000, False), (10_000, True)])
def test_a_refund_names_the_day_of_the_payment(before_midnight: World, amount: int, is_lost: bool) -> None:
    purchase = open_and_approve(before_midnight)
    if is_lost:
        before_midnight.fault("cancel", "lost_answer", phase="after")
    purchase.refund(amount)

    before_midnight.sweep(seconds=10)

    assert (purchase.order.refunded, purchase.returned) == (amount, amount)


def test_a_payment_that_only_the_gateway_knows_is_compared_under_the_next_day(before_midnight: World) -> None:
    before_midnight.policy(inquiry_lag_seconds=86_400)
    open_and_approve(before_midnight, "lost_paid", work="PAY")
    before_midnight.sweep(hours=2)
    before_midnight.policy(inquiry_lag_seconds=0)

    [row] = reports.compare_day(client(), clock.korea_date(worlds.now())).differences

    assert (row.kind, row.ours, row.gateway) == ("state", "expired", "paid")
