"""Refunds of a payment that was opened on one Korean day and approved on the next: the gateway files it under one.

Payple's documents call the date of a cancel the payment's and, elsewhere, the request's; `date_rule` plays both. Its
one code for "cancelled already" and for "nothing under this date" must not make money count as returned that is not.
"""

from datetime import datetime, time, timedelta
from io import BytesIO

import pytest
import requests

from shop import clock
from shop.extensions import client
from shop.models import Refund
from shop.services import desk, refund_decisions, sweep
from shop.states import AttemptState, OrderState, RefundState
from tests import world as worlds
from tests.services.on_the_way import GoOn, intercept, meanwhile
from tests.services.test_refunding import refund, returned
from tests.services.test_seams import decide_too_early
from tests.world import World

RULES = ["approval", "opening", "either"]
rules = pytest.mark.parametrize("rule", RULES)


def before_midnight(world: World, rule: str) -> None:
    """Ten seconds to midnight in Korea, at a gateway that reads dates like this."""
    world.control("POST", "policy", {"date_rule": rule})
    now = worlds.korea_now()
    moment = datetime.combine(now.date(), time(23, 59, 50), clock.KOREA)
    world.advance(seconds=((moment - now) % timedelta(days=1)).total_seconds())


def paid_across(world: World, rule: str) -> str:
    """An order of 10,000 won whose window was opened before midnight and approved after it."""
    before_midnight(world, rule)
    buyer = world.browser()
    order_no = buyer.place_order(quantity=10)
    window = world.payer().open(buyer.start_attempt(order_no)["fields"])
    world.advance(seconds=20)
    world.deliver(window.approve().result or [])
    assert world.order(order_no).state is OrderState.PAID
    return order_no


def orphaned_across(world: World, rule: str) -> str:
    """An order of 1,000 won that two windows have charged across midnight."""
    before_midnight(world, rule)
    buyer = world.browser()
    order_no = buyer.place_order()
    openings = [buyer.start_attempt(order_no, work="PAY") for _window in range(2)]
    windows = [world.payer().open(opening["fields"]) for opening in openings]
    world.advance(seconds=20)
    for window in windows:
        world.deliver(window.approve().result or [])
    assert world.attempt(openings[1]["attempt_no"]).state is AttemptState.ORPHANED
    return order_no


def sweep_for_days(world: World, days: int = 2) -> None:
    world.advance(seconds=10)
    sweep.run(client(), now=worlds.now())
    for _day in range(days):
        world.advance(days=1)
        sweep.run(client(), now=worlds.now())


def lose_the_cancel_that_counts(world: World, rule: str) -> None:
    """Its answer; where the gateway files the payment under the opening's day, that is the second one."""
    kinds = ["intact", "lost_answer"] if rule == "opening" else ["lost_answer"]
    world.control("POST", "faults", {"op": "cancel", "kind": kinds, "phase": "after"})


def only_refund(world: World, order_no: str) -> Refund:
    [row] = world.order(order_no).refunds
    return row


@pytest.mark.both_engines
@rules
def test_what_no_order_takes_goes_back_whichever_day_the_gateway_files_it_under(world: World, rule: str) -> None:
    order_no = orphaned_across(world, rule)

    assert (only_refund(world, order_no).state, returned(world, order_no)) == (RefundState.DONE, 1000)
    assert desk.count(worlds.now()) == 0


@rules
@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_full_refund_without_an_answer_ends_in_what_is_true(world: World, rule: str, phase: str) -> None:
    order_no = paid_across(world, rule)
    world.fault("cancel", "lost_answer", phase=phase)
    assert refund(world, order_no, 10_000).state is RefundState.UNKNOWN

    sweep_for_days(world)

    assert (only_refund(world, order_no).state, returned(world, order_no)) == (RefundState.DONE, 10_000)
    assert world.order(order_no).state is OrderState.REFUNDED


@rules
@pytest.mark.parametrize("amount", [3_000, 10_000])
def test_staff_refunds_at_once_whichever_day_it_is_filed_under(world: World, rule: str, amount: int) -> None:
    order_no = paid_across(world, rule)

    assert refund(world, order_no, amount).state is RefundState.DONE

    assert world.order(order_no).refunded == returned(world, order_no) == amount


@rules
def test_a_part_whose_answer_is_lost_is_sent_no_second_time(world: World, rule: str) -> None:
    order_no = paid_across(world, rule)
    lose_the_cancel_that_counts(world, rule)

    lost = refund(world, order_no, 3_000)
    sweep_for_days(world)

    assert lost.state is RefundState.UNKNOWN
    assert returned(world, order_no) == 3_000


@rules
@pytest.mark.parametrize("amount", [3_000, 10_000])
def test_nothing_counts_as_returned_because_both_days_know_nothing(world: World, rule: str, amount: int) -> None:
    """The first cancel of this refund is refused: whatever went back, it was not this one."""
    order_no = paid_across(world, rule)
    (attempt,) = world.order(order_no).attempts
    world.control("POST", f"payments/{attempt.attempt_no}/cancel", {})

    refused = refund(world, order_no, amount)

    assert (refused.state, refused.result_code) == (RefundState.REFUSED, "PAYC0007")
    assert world.order(order_no).refunded == 0


@rules
def test_a_return_that_no_day_knows_waits_for_a_person_until_an_inquiry_finds_the_payment(
    world: World, rule: str
) -> None:
    """Both days say that nothing is left, or nothing known: only a gateway that knows the payment is believed."""
    order_no = paid_across(world, rule)
    lose_the_cancel_that_counts(world, rule)
    refund(world, order_no, 10_000)
    world.control("POST", "policy", {"inquiry_lag_seconds": 3_600})

    world.advance(seconds=10)
    sweep.run(client(), now=worlds.now())
    assert (only_refund(world, order_no).state, world.order(order_no).refunded) == (RefundState.UNKNOWN, 0)
    assert desk.count(worlds.now()) == 1
    world.advance(hours=2)
    sweep.run(client(), now=worlds.now())

    assert (only_refund(world, order_no).state, desk.count(worlds.now())) == (RefundState.DONE, 0)


def test_an_inquiry_that_knows_of_no_refund_keeps_it_open(world: World) -> None:
    """The cancels say "cancelled or unknown", and the inquiry says that nothing went back: a person has to look."""
    order_no = paid_across(world, "approval")
    world.control("POST", "policy", {"inquiry_shows_refund": "on"})
    world.fault("cancel", "lost_answer", phase="before")
    lost = refund(world, order_no, 10_000)
    deny_cancels(world)

    again = refund_decisions.repeat(lost.id, by="kim", client=client(), now=worlds.now())

    assert (again.state, again.awaits_person, world.order(order_no).refunded) == (RefundState.UNKNOWN, True, 0)


def deny_cancels(world: World) -> None:
    """From now on a cancel is told that there is nothing to cancel, and none reaches the gateway."""

    def denied(url: str, go_on: GoOn) -> requests.Response:
        if "cPayCAct" not in url:
            return go_on()
        response = requests.Response()
        response.status_code = 200
        response.raw = BytesIO(b'{"PCD_PAY_RST": "error", "PCD_PAY_CODE": "PAYC0007"}')
        return response

    intercept(world, denied)


@pytest.mark.both_engines
def test_a_refund_that_was_decided_meanwhile_is_not_sent_under_the_other_day(world: World) -> None:
    """Its worker was stopped for an hour, and a person has decided that nothing went back."""
    order_no = paid_across(world, "opening")

    meanwhile(world, "cPayCAct", lambda: decide_too_early(world, order_no))
    row = refund(world, order_no, 3_000)

    assert (row.state, row.decided_by, returned(world, order_no)) == (RefundState.REFUSED, "kim", 0)
