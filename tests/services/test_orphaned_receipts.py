"""Cash receipts of money that belongs to no order: when it has gone back, none of them may stand at the tax office."""

from collections.abc import Callable

import pytest

from shop.rules.states import AttemptState, RefundState
from tests.services.on_the_way import meanwhile
from tests.services.test_cash_receipts import covered, states
from tests.services.test_receipts_owed import receipts_on_desk, sweep_after
from tests.services.test_refunding import refund, returned
from tests.services.test_settlement import changed
from tests.world import World


def wrong_amount(world: World, work: str) -> tuple[str, str]:
    """A transfer of 1,000 won, with a cash receipt, for an order of 11,000: the money goes back at once."""
    buyer = world.browser()
    order_no = buyer.place_order(quantity=11)
    opening = buyer.start_attempt(order_no, method="transfer", cash_receipt="y", work=work)
    claim = world.payer().pay(opening["fields"] | {"PCD_PAY_TOTAL": "1000"})
    world.deliver(changed(claim, PAY_TOTAL="11000"))
    return order_no, opening["attempt_no"]


@pytest.mark.both_engines
@pytest.mark.parametrize("work", ["CERT", "PAY"])
def test_the_receipt_of_money_that_belongs_to_no_order_is_cancelled_with_it(world: World, work: str) -> None:
    order_no, attempt_no = wrong_amount(world, work)

    assert (world.attempt(attempt_no).state, returned(world, order_no)) == (AttemptState.ORPHANED, 1_000)
    assert (states(world, order_no), covered(world, order_no)) == ([("cancelled", 0)], 0)


@pytest.mark.both_engines
@pytest.mark.parametrize("work", ["CERT", "PAY"])
def test_one_that_did_not_follow_its_money_is_due_the_next_day(world: World, work: str) -> None:
    world.control("POST", "policy", {"receipt_on_refund": "fail"})
    order_no, _attempt_no = wrong_amount(world, work)
    assert (returned(world, order_no), covered(world, order_no)) == (1_000, 1_000)
    assert (states(world, order_no), receipts_on_desk()) == ([("cancel_due", 1_000)], ["cancel_due"])

    sweep_after(world, days=1, hours=10)

    assert (states(world, order_no), covered(world, order_no)) == ([("cancelled", 1_000)], 0)
    assert receipts_on_desk() == []


def test_one_whose_return_had_no_answer_is_looked_after_too(world: World) -> None:
    """The second cancel is refused because nothing is left, and says nothing of the receipt."""
    world.control("POST", "policy", {"receipt_on_refund": "fail"})
    world.fault("cancel", "lost_answer", phase="after")
    order_no, _attempt_no = wrong_amount(world, "CERT")
    assert states(world, order_no) == [("issued", 1_000)]

    sweep_after(world, minutes=1)
    assert states(world, order_no) == [("cancel_due", 1_000)]
    sweep_after(world, days=1, hours=10)

    assert (states(world, order_no), covered(world, order_no)) == ([("cancelled", 1_000)], 0)


def charged_before_its_receipt(world: World) -> tuple[str, Callable[[], object]]:
    """A window that charged 1,000 won for an order of 11,000 and asks about the receipt, after we have heard of it.

    The return could not be sent yet. Answers the order and how the payer goes on.
    """
    buyer = world.browser()
    order_no = buyer.place_order(quantity=11)
    opening = buyer.start_attempt(order_no, method="transfer", cash_receipt="y", work="PAY")
    window = world.payer().open(opening["fields"] | {"PCD_PAY_TOTAL": "1000"}).approve()
    claim = {"OID": opening["attempt_no"], "RST": "success", "CODE": "0000", "TYPE": "transfer", "TOTAL": "11000"}
    world.control("POST", "faults", {"op": "auth", "kind": ["intact", "http_500"]})
    world.deliver([(f"PCD_PAY_{name}", value) for name, value in claim.items()] + [("PCD_PAY_WORK", "PAY")])
    [owed] = world.order(order_no).refunds
    assert (owed.state, states(world, order_no)) == (RefundState.RESERVED, [])
    return order_no, window.ask_for_receipt


@pytest.mark.parametrize("answer", ["known", "lost"])
def test_one_that_was_issued_after_we_had_heard_of_the_money_is_found(world: World, answer: str) -> None:
    """The answer to our cancel tells of it; where that was lost, an inquiry does."""
    world.control("POST", "policy", {"receipt_on_refund": "fail"})
    order_no, go_on = charged_before_its_receipt(world)
    go_on()
    assert (states(world, order_no), covered(world, order_no)) == ([], 1_000)
    if answer == "lost":
        world.fault("cancel", "lost_answer", phase="after")

    for _time in range(3):
        sweep_after(world, minutes=2)
    assert (states(world, order_no), returned(world, order_no)) == ([("cancel_due", 1_000)], 1_000)
    sweep_after(world, days=1, hours=10)

    assert (states(world, order_no), covered(world, order_no)) == ([("cancelled", 1_000)], 0)


def test_a_receipt_of_other_money_keeps_no_refund_waiting(world: World) -> None:
    world.control("POST", "policy", {"receipt_on_refund": "fail"})
    buyer = world.browser()
    order_no = buyer.place_order(quantity=10)
    openings = [buyer.start_attempt(order_no, method="transfer", cash_receipt="y", work="PAY") for _window in "12"]
    for claim in [world.payer().pay(opening["fields"]) for opening in openings]:
        world.deliver(claim)
    assert states(world, order_no) == [("issued", 10_000), ("cancel_due", 10_000)]
    done: list[RefundState] = []
    meanwhile(world, "TSCANCEL", lambda: done.append(refund(world, order_no, 2_000).state))

    sweep_after(world, days=1, hours=10)

    assert done == [RefundState.DONE]
