"""Refunds: reserve, commit, send, settle; the simulator's books are the oracle."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from shop import clock
from shop.db import db
from shop.errors import RefundRefused
from shop.extensions import client
from shop.models import Refund
from shop.rules.money import Won
from shop.rules.states import AttemptState, OrderState, RefundState
from shop.services import refunds, settlement, sweep
from shop.services.refunds import RefundWish
from tests import world as worlds
from tests.world import World

METHODS = ["card", "transfer"]


def paid_order(world: World, *, quantity: int = 10, method: str = "card", slug: str = "test-product") -> str:
    """An order that is paid; the test product costs 1,000 won."""
    buyer = world.browser()
    order_no = buyer.place_order(slug, quantity)
    opening = buyer.start_attempt(order_no, method=method, cash_receipt="y")
    world.deliver(world.payer().pay(opening["fields"]))
    assert world.order(order_no).state is OrderState.PAID
    return order_no


def refund(world: World, order_no: str, amount: int, *, intent: str = "", seen: int | None = None) -> Refund:
    """Refund as a member of staff who has just seen the balance."""
    facts = refunds.facts(world.order(order_no))
    assert facts is not None
    wish = RefundWish(
        Won(amount),
        Won(facts.refundable if seen is None else seen),
        "변심",
        intent or f"intent-{clock.now().timestamp()}",
    )
    return refunds.request(order_no, wish, by="kim", client=client())


def returned(world: World, order_no: str) -> int:
    """Won that went back, as the simulator's own books have it."""
    numbers = {attempt.attempt_no for attempt in world.order(order_no).attempts}
    payments = world.control("GET", "payments")
    return sum(int(row["refunded_total"]) for row in payments if row["oid"] in numbers)


def cancels(world: World) -> int:
    """How many cancels reached the gateway."""
    return sum(1 for entry in world.control("GET", "ledger") if entry["op"] == "cancel")


@pytest.mark.both_engines
@pytest.mark.parametrize("method", METHODS)
def test_a_full_refund_leaves_nothing_and_both_books_agree(world: World, method: str) -> None:
    order_no = paid_order(world, method=method)

    done = refund(world, order_no, 10_000)

    assert (done.state, done.is_full) == (RefundState.DONE, True)
    assert world.order(order_no).state is OrderState.REFUNDED
    assert returned(world, order_no) == world.order(order_no).refunded == 10_000


def test_parts_add_up_until_nothing_is_left(world: World) -> None:
    order_no = paid_order(world)

    for amount, state in ((3_000, "partially_refunded"), (1, "partially_refunded"), (6_999, "refunded")):
        assert refund(world, order_no, amount).state is RefundState.DONE
        assert world.order(order_no).state == state

    assert returned(world, order_no) == 10_000


def test_a_mixed_order_returns_all_of_its_tax(world: World) -> None:
    buyer = world.browser()
    buyer.add_to_cart("alley-timetable")
    order_no = buyer.place_order("test-product", 3)
    world.deliver(world.payer().pay(buyer.start_attempt(order_no)["fields"]))
    total = world.order(order_no).amount

    for amount in (5_000, 7_000, total - 12_000):
        assert refund(world, order_no, amount).state is RefundState.DONE

    order = world.order(order_no)
    assert (sum(part.vat for part in order.refunds), order.state) == (order.vat, OrderState.REFUNDED)


@pytest.mark.parametrize(
    ("amount", "seen", "reason"),
    [
        (10_001, None, "too_large"),
        (0, None, "too_large"),
        (-5, None, "too_large"),
        (1_000, 9_999, "stale_balance"),
        (1_000, 10_001, "stale_balance"),
    ],
)
def test_what_must_not_be_sent_is_not_sent(world: World, amount: int, seen: int | None, reason: str) -> None:
    order_no = paid_order(world)

    with pytest.raises(RefundRefused) as caught:
        refund(world, order_no, amount, seen=seen)

    assert (caught.value.reason, cancels(world), world.order(order_no).refunds) == (reason, 0, [])


def test_an_unpaid_order_has_nothing_to_refund(world: World) -> None:
    order_no = world.browser().place_order()

    with pytest.raises(RefundRefused) as caught:
        refunds.plan(world.order(order_no), Won(1000))

    assert caught.value.reason is RefundRefused.Reason.NOT_PAID


def test_the_same_form_sent_again_is_the_same_refund(world: World) -> None:
    order_no = paid_order(world)

    first = refund(world, order_no, 4_000, intent="one-form")
    again = refund(world, order_no, 4_000, intent="one-form")

    assert (first.id, cancels(world), returned(world, order_no)) == (again.id, 1, 4_000)


# --- lost answers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_lost_answer_to_a_full_cancel_is_asked_again_by_repeating_it(world: World, phase: str) -> None:
    order_no = paid_order(world)
    world.fault("cancel", "lost_answer", phase=phase)

    lost = refund(world, order_no, 10_000)
    assert lost.state is RefundState.UNKNOWN
    world.advance(seconds=10)
    sweep.run(client())

    assert world.order(order_no).refunds[0].state is RefundState.DONE
    assert returned(world, order_no) == 10_000
    assert world.order(order_no).state is OrderState.REFUNDED


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("was_refunded", [True, False])
def test_a_lost_answer_to_a_partial_refund_waits_for_a_person(world: World, phase: str, was_refunded: bool) -> None:
    order_no = paid_order(world)
    world.fault("cancel", "lost_answer", phase=phase)
    lost = refund(world, order_no, 4_000)
    sent = cancels(world)

    world.advance(days=2)
    sweep.run(client())
    with pytest.raises(RefundRefused) as caught:
        refund(world, order_no, 1_000)

    assert (cancels(world), caught.value.reason) == (sent, RefundRefused.Reason.IN_FLIGHT)
    decided = refunds.decide(lost.id, was_refunded=was_refunded, by="lee")
    assert (decided.state, decided.decided_by) == (
        RefundState.DONE if was_refunded else RefundState.REFUSED,
        "lee",
    )
    facts = refunds.facts(world.order(order_no))
    assert facts is not None
    assert facts.refundable == (6_000 if was_refunded else 10_000)


def test_nobody_decides_within_ten_minutes(world: World) -> None:
    world.fault("cancel", "lost_answer")
    lost = refund(world, paid_order(world), 4_000)
    world.advance(minutes=9)

    with pytest.raises(RefundRefused) as caught:
        refunds.decide(lost.id, was_refunded=False, by="lee")

    assert caught.value.reason is RefundRefused.Reason.NOT_UNKNOWN


def test_nobody_decides_twice(world: World) -> None:
    order_no = paid_order(world)
    world.fault("cancel", "lost_answer")
    lost = refund(world, order_no, 4_000)
    world.advance(minutes=10)
    refunds.decide(lost.id, was_refunded=True, by="lee")

    with pytest.raises(RefundRefused) as caught:
        refunds.decide(lost.id, was_refunded=False, by="lee")

    assert caught.value.reason is RefundRefused.Reason.NOT_UNKNOWN


@pytest.mark.parametrize("kind", ["other_amount", "other_oid"])
def test_a_yes_to_something_else_is_not_a_yes(world: World, kind: str) -> None:
    order_no = paid_order(world)
    world.fault("cancel", kind)

    assert refund(world, order_no, 4_000).state is RefundState.UNKNOWN


def test_a_failed_authentication_sends_nothing_and_frees_the_amount(world: World) -> None:
    order_no = paid_order(world)
    world.fault("auth", "http_500")

    assert refund(world, order_no, 4_000).state is RefundState.REFUSED

    assert cancels(world) == 0
    assert refund(world, order_no, 10_000).state is RefundState.DONE


def test_a_refund_done_behind_our_back_is_refused_and_shown(world: World) -> None:
    order_no = paid_order(world)
    (attempt,) = world.order(order_no).attempts
    world.control("POST", f"payments/{attempt.attempt_no}/cancel", {})

    refused = refund(world, order_no, 10_000)

    assert (refused.state, refused.result_code) == (RefundState.REFUSED, "PAYC0007")
    assert world.order(order_no).state is OrderState.PAID


def test_a_refund_whose_worker_died_before_sending_is_released(world: World) -> None:
    order_no = paid_order(world)
    facts = refunds.facts(world.order(order_no))
    assert facts is not None
    wish = RefundWish(Won(4_000), facts.refundable, "변심", "never-sent")
    refunds._reserve(order_no, wish, "kim")

    world.advance(minutes=2, seconds=1)
    sweep.run(client())

    assert (world.order(order_no).refunds[0].state, cancels(world)) == (RefundState.REFUSED, 0)


def test_a_refund_whose_worker_died_while_sending_is_unknown(world: World) -> None:
    order_no = paid_order(world)
    facts = refunds.facts(world.order(order_no))
    assert facts is not None
    wish = RefundWish(Won(4_000), facts.refundable, "변심", "perhaps-sent")
    refund_id, _new = refunds._reserve(order_no, wish, "kim")
    refunds._submit(refund_id)

    world.advance(minutes=2, seconds=1)
    sweep.run(client())

    assert world.order(order_no).refunds[0].state is RefundState.UNKNOWN


# --- money that belongs to no order ---------------------------------------------------------------------------------


def test_a_second_payment_of_one_order_goes_back_by_itself(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    first, second = (buyer.start_attempt(order_no, work="PAY") for _window in range(2))
    for opening in (first, second):
        world.deliver(world.payer().pay(opening["fields"]))

    assert world.order(order_no).state is OrderState.PAID
    assert world.attempt(second["attempt_no"]).state is AttemptState.ORPHANED
    assert returned(world, order_no) == 1000
    assert world.order(order_no).refunded == 0


def test_wrong_amount_goes_back_and_the_order_can_be_paid(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order(quantity=11)
    opening = buyer.start_attempt(order_no, work="PAY")
    claim = world.payer().pay(opening["fields"] | {"PCD_PAY_TOTAL": "1000"})

    world.deliver(claim)

    assert returned(world, order_no) == 1000
    assert world.order(order_no).state is OrderState.AWAITING_PAYMENT
    world.deliver(world.payer().pay(buyer.start_attempt(order_no)["fields"]))
    assert world.order(order_no).state is OrderState.PAID


@pytest.mark.parametrize("amount", [3_000, 10_000])
def test_payment_that_is_refunded_elsewhere_waits_for_a_person(world: World, amount: int) -> None:
    world.control("POST", "policy", {"inquiry_shows_refund": "on"})
    buyer = world.browser()
    order_no = buyer.place_order(quantity=10)
    opening = buyer.start_attempt(order_no, work="PAY")
    claim = world.payer().pay(opening["fields"])
    world.control("POST", f"payments/{opening['attempt_no']}/cancel", {"amount": amount})

    world.deliver(claim)

    assert world.order(order_no).state is OrderState.ATTENTION
    assert (world.order(order_no).refunds, returned(world, order_no)) == ([], amount)
    settlement.close(opening["attempt_no"], by="kim")
    assert world.order(order_no).state is OrderState.AWAITING_PAYMENT


def test_an_orphan_whose_cancel_is_lost_is_cancelled_by_the_sweep(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    first, second = (buyer.start_attempt(order_no, work="PAY") for _window in range(2))
    world.deliver(world.payer().pay(first["fields"]))
    world.fault("cancel", "lost_answer", phase="before")
    world.deliver(world.payer().pay(second["fields"]))
    assert returned(world, order_no) == 0

    world.advance(seconds=10)
    sweep.run(client())

    assert returned(world, order_no) == 1000


def test_money_that_arrives_after_expiry_and_sell_out_goes_back(world: World) -> None:
    slug = worlds.scarce_product(world, stock=1)
    buyer = world.browser()
    order_no = buyer.place_order(slug)
    opening = buyer.start_attempt(order_no, work="PAY")
    window = world.payer().open(opening["fields"])
    world.control("POST", "policy", {"inquiry_lag_seconds": 3 * 3600})
    window.approve()
    world.advance(hours=2)
    sweep.run(client())
    assert world.order(order_no).state is OrderState.EXPIRED
    world.browser().place_order(slug)

    world.control("POST", "policy", {"inquiry_lag_seconds": 0})
    world.deliver([("PCD_PAY_OID", opening["attempt_no"]), ("PCD_PAY_RST", "success")])

    assert world.order(order_no).state is OrderState.EXPIRED


# --- races ----------------------------------------------------------------------------------------------------------


@pytest.mark.both_engines
@pytest.mark.parametrize("same_form", [True, False])
def test_two_operators_at_once_return_the_money_once(world: World, same_form: bool) -> None:
    order_no = paid_order(world)
    db.session.remove()
    width = 6
    barrier = Barrier(width)

    def press(number: int) -> str:
        wish = RefundWish(Won(6_000), Won(10_000), "변심", "form" if same_form else f"form-{number}")
        with world.app.app_context():
            barrier.wait()
            try:
                return refunds.request(order_no, wish, by="kim", client=client()).intent
            except RefundRefused as refused:
                return refused.reason.value

    with ThreadPoolExecutor(width) as threads:
        answers = Counter(threads.map(press, range(width)))

    assert returned(world, order_no) == 6_000
    assert cancels(world) == 1
    if same_form:
        assert answers == {"form": width}


# --- what a repeated full cancel may not conclude ---------------------------------------------------------------------


@pytest.mark.parametrize(("op", "kind"), [("auth", "http_500"), ("cancel", "refused")])
def test_a_repeat_that_tells_nothing_about_the_first_try_leaves_the_refund_unknown(
    world: World, op: str, kind: str
) -> None:
    """The first cancel worked and its answer was lost: neither "not sent" nor another no makes that undone."""
    order_no = paid_order(world)
    world.fault("cancel", "lost_answer", phase="after")
    refund(world, order_no, 10_000)
    world.fault(op, kind, phase="before")

    world.advance(seconds=10)
    sweep.run(client())
    assert world.order(order_no).refunds[0].state is RefundState.UNKNOWN
    world.advance(hours=2)
    sweep.run(client())

    assert world.order(order_no).refunds[0].state is RefundState.DONE
    assert returned(world, order_no) == world.order(order_no).refunded == 10_000
