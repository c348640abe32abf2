"""Refunds are reserved, committed, sent and settled. The simulator's books decide what really went back."""

from collections import Counter

import pytest
from sqlalchemy import select

from shop.db import db
from shop.errors import RefundRefused
from shop.extensions import client
from shop.models import JournalEntry, Refund
from shop.rules.states import OrderState, RefundState, Source
from shop.services import refunds
from tests.services.interception import act_before
from tests.world import Purchase, World


def paid(world: World, **choices: str) -> Purchase:
    """A paid order of 10,000 won."""
    return world.purchase(quantity=10, **choices).pay()


def states(purchase: Purchase) -> list[RefundState]:
    return [refund.state for refund in purchase.order.refunds]


@pytest.mark.stricter_engine
@pytest.mark.parametrize("method", ["card", "transfer"])
def test_parts_go_back_until_nothing_is_left(world: World, method: str) -> None:
    purchase = paid(world, method=method)

    for amount, state in ((3_000, "partially_refunded"), (1, "partially_refunded"), (6_999, "refunded")):
        refund = purchase.refund(amount)
        assert (refund.state, refund.is_full) == (RefundState.DONE, state == "refunded")
        assert purchase.order.state == state

    assert purchase.returned == purchase.order.refunded == 10_000


def test_a_mixed_order_returns_all_of_its_tax(world: World) -> None:
    buyer = world.browser()
    buyer.add_to_cart("alley-timetable")
    purchase = Purchase(world, buyer, buyer.place_order("test-product", 3)).start().pay()

    for amount in (5_000, 7_000, purchase.order.amount - 12_000):
        assert purchase.refund(amount).state is RefundState.DONE

    order = purchase.order
    assert (sum(part.vat for part in order.refunds), order.state) == (order.vat, OrderState.REFUNDED)


def test_what_must_not_be_sent_is_not_sent(world: World) -> None:
    purchase = paid(world)

    for amount, seen in ((10_001, None), (0, None), (-5, None), (1_000, 9_999), (1_000, 10_001)):
        with pytest.raises(RefundRefused) as caught:
            purchase.refund(amount, seen=seen)
        assert caught.value.reason == ("stale_balance" if seen else "too_large")

    assert (world.calls("cancel"), states(purchase)) == (0, [])


@pytest.mark.both_engines
@pytest.mark.parametrize("same_form", [True, False])
def test_operators_at_once_return_the_money_once(world: World, same_form: bool) -> None:
    purchase = paid(world)
    wishes = [purchase.wish(6_000, key="form" if same_form else f"form-{number}") for number in range(6)]

    def press(number: int) -> str:
        try:
            return refunds.request(purchase.order_no, wishes[number], by="kim", client=client()).refund_no
        except RefundRefused as refused:
            return refused.reason.value

    answers = Counter(world.all_at_once(6, press))

    assert (purchase.returned, world.calls("cancel")) == (6_000, 1)
    if same_form:
        assert answers == {"form": 6}


# --- lost answers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_full_cancel_without_an_answer_is_sent_again(world: World, phase: str) -> None:
    purchase = paid(world)
    world.fault("cancel", "lost_answer", phase=phase)
    assert purchase.refund(10_000).state is RefundState.UNKNOWN

    world.sweep(seconds=10)

    assert states(purchase) == [RefundState.DONE]
    assert (purchase.order.state, purchase.returned) == (OrderState.REFUNDED, 10_000)


@pytest.mark.parametrize(
    ("phase", "was_refunded", "state", "rest"),
    [("after", True, RefundState.DONE, 6_000), ("before", False, RefundState.REFUSED, 10_000)],
)
def test_a_partial_refund_without_an_answer_waits_for_a_person_who_decides_once_and_after_ten_minutes(
    world: World, phase: str, was_refunded: bool, state: RefundState, rest: int
) -> None:
    purchase = paid(world)
    world.fault("cancel", "lost_answer", phase=phase)
    lost = purchase.refund(4_000)
    sent = world.calls("cancel")

    def decide() -> Refund:
        return refunds.decide(lost.id, was_refunded=was_refunded, by="lee")

    with pytest.raises(RefundRefused, match="in_flight"):
        purchase.refund(1_000)
    world.sweep(minutes=9)
    with pytest.raises(RefundRefused, match="wrong_state"):
        decide()
    world.sweep(minutes=1)
    decided = decide()
    with pytest.raises(RefundRefused, match="wrong_state"):
        decide()

    assert (world.calls("cancel"), decided.state, decided.decided_by) == (sent, state, "lee")
    assert purchase.wish(1).seen_refundable == rest


def test_a_failed_authentication_sends_nothing_and_frees_the_amount(world: World) -> None:
    purchase = paid(world)
    world.fault("auth", "http_500")

    assert purchase.refund(4_000).state is RefundState.REFUSED

    assert world.calls("cancel") == 0
    assert purchase.refund(10_000).state is RefundState.DONE


@pytest.mark.parametrize(("is_submitted", "state"), [(False, RefundState.REFUSED), (True, RefundState.UNKNOWN)])
def test_a_refund_whose_worker_died_is_refused_before_the_call_and_unknown_after_it(
    world: World, is_submitted: bool, state: RefundState
) -> None:
    purchase = paid(world)
    reserved = refunds._reserve(purchase.order_no, purchase.wish(4_000), "kim")
    if is_submitted:
        refunds._begin(reserved.id)

    world.sweep(minutes=2, seconds=1)

    assert (states(purchase), world.calls("cancel")) == ([state], 0)


@pytest.mark.stricter_engine
@pytest.mark.parametrize(("amount", "is_decided"), [(4_000, False), (4_000, True), (10_000, False)])
def test_a_late_yes_counts_after_the_worker_was_taken_for_dead(world: World, amount: int, is_decided: bool) -> None:
    purchase = paid(world)

    def give_up() -> None:
        world.sweep(minutes=3)
        if is_decided:
            world.advance(minutes=10)
            refunds.decide(purchase.order.refunds[0].id, was_refunded=False, by="lee")

    act_before(world, "cPayCAct", give_up)

    done = purchase.refund(amount)

    assert (done.state, purchase.order.refunded, purchase.returned) == (RefundState.DONE, amount, amount)


def test_what_another_sweep_has_just_repeated_waits_for_its_next_date(world: World) -> None:
    purchase = world.purchase().pay()
    world.fault("cancel", "lost_answer", phase="before")
    refund_id = purchase.refund(1_000).id
    calls = world.calls("cancel")

    refunds.handle_due(refund_id, client())

    assert world.calls("cancel") == calls


def test_each_change_of_a_state_is_a_row_of_the_journal_with_its_source(world: World) -> None:
    purchase = paid(world)
    purchase.refund(4_000)

    rows = db.session.scalars(
        select(JournalEntry).where(JournalEntry.order_no == purchase.order_no).order_by(JournalEntry.id)
    )

    assert [(row.event, row.source, row.evidence.get("by", "")) for row in rows if row.event != "result"] == [
        ("order_placed", Source.PAGE, ""),
        ("attempt_started", Source.PAGE, ""),
        ("confirming", Source.BROWSER, ""),
        ("paid", Source.BROWSER, ""),
        ("refund_reserved", Source.STAFF, "kim"),
        ("refund_submitted", Source.STAFF, "kim"),
        ("refund_done", Source.STAFF, "kim"),
    ]
