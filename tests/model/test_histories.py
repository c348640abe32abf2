"""Histories that once broke an invariant, as short as they could be made, and what they must come to."""

from __future__ import annotations

from tests.model.machine import insist
from tests.model.stage import Opening, Stage
from tests.payer import Pairs


def opened(stage: Stage, *lines: str | int, **choices: str) -> Opening:
    order_no = stage.place(*(lines or ("test-product", 10)))
    assert order_no
    opening = stage.start(order_no, **choices)
    assert opening
    return opening


def forged(opening: Opening, result: str = "success") -> Pairs:
    return [("PCD_PAY_OID", opening.attempt_no), ("PCD_PAY_RST", result)]


def left(stage: Stage, slug: str) -> int:
    return stage.evidence().stock[slug][-1]


def state(stage: Stage) -> str:
    stage.evidence()
    [order] = stage.orders.values()
    return order.state


def test_goods_go_back_to_the_shelf_once(stage: Stage) -> None:
    """A payment that has gone back shows up after the order has expired, and a person closes it."""
    stage.control("POST", "policy", {"inquiry_lag_seconds": 7_200, "inquiry_shows_refund": "on"})
    opening = opened(stage, "quiet-fountain-pen", 2, work="PAY")
    stage.pay(opening, "refunded_behind")
    for minutes in (41, 21):
        stage.advance(minutes=minutes)
        stage.sweep()
    assert (state(stage), left(stage, "quiet-fountain-pen")) == ("expired", 5)

    stage.advance(days=1, hours=1)
    stage.sweep()
    assert opening.order_no in stage.evidence().on_desk
    stage.settle_attention()
    stage.sweep()

    assert (state(stage), left(stage, "quiet-fountain-pen")) == ("expired", 5)
    insist(stage.settled())


def test_what_a_person_has_closed_does_not_come_back_by_itself(stage: Stage) -> None:
    """The gateway goes on to say that the payment was refunded, which the person knew."""
    stage.control("POST", "policy", {"inquiry_shows_refund": "on"})
    opening = opened(stage, work="PAY")
    stage.deliver(stage.pay(opening, "refunded_behind"))
    assert state(stage) == "attention"
    stage.settle_attention()
    assert state(stage) == "awaiting_payment"

    for hours in (1, 24, 24):
        stage.advance(hours=hours)
        stage.sweep()

    assert opening.order_no not in stage.evidence().on_desk


def test_keys_that_another_attempt_has_used_are_not_confirmed_again(stage: Stage) -> None:
    """Somebody posts the result of one window under the number of another, and the gateway cannot be asked."""
    mine, other = opened(stage), opened(stage)
    claim = stage.pay(other)
    stage.control("POST", "faults", {"op": "inquiry", "kind": "http_500", "phase": "before", "times": 1})

    stage.deliver(claim, PCD_PAY_OID=mine.attempt_no)
    stage.deliver(claim)

    insist(stage.safe())
    stage.advance(minutes=1)
    stage.sweep()
    states = {line["attempt_no"]: line["state"] for line in stage.evidence().lines}
    assert states[other.attempt_no] == "paid"
    insist(stage.settled())


def test_a_receipt_that_was_reduced_in_a_lost_answer_comes_to_rest(stage: Stage) -> None:
    """The gateway has reduced it with the refund; only the answer is lost, and a person says that the money is back."""
    opening = opened(stage, method="transfer", cash_receipt="y")
    stage.deliver(stage.pay(opening))
    stage.control("POST", "faults", {"op": "cancel", "kind": "lost_answer", "phase": "after"})
    stage.refund(opening.order_no, stage.wish(opening.order_no, 3_000))

    insist(stage.settled())

    [payment] = stage.payments()
    assert (payment["cash_receipt"], payment["cash_receipt_amount"]) == ("issued", 7_000)


def test_a_receipt_that_is_asked_for_after_the_charge_is_learned(stage: Stage) -> None:
    """An immediate window charges first and asks about the cash receipt then; something made us look in between."""
    stage.control("POST", "policy", {"receipt_on_refund": "fail"})
    opening = opened(stage, method="transfer", work="PAY", cash_receipt="y")
    stage.pay(opening, receipt="wait")
    stage.deliver(forged(opening))

    stage.deliver(stage.finish(opening))
    stage.refund(opening.order_no, stage.wish(opening.order_no, 3_000))

    insist(stage.settled())


def test_the_receipt_of_money_that_goes_back_at_once_does_not_stay(stage: Stage) -> None:
    """Both windows of an order charge; the receipt of the second does not follow when its money goes back."""
    stage.control("POST", "policy", {"receipt_on_refund": "fail"})
    first = opened(stage, method="transfer", work="PAY", cash_receipt="y")
    second = stage.start(first.order_no, method="transfer", work="PAY", cash_receipt="y")
    assert second

    for claim in (stage.pay(first), stage.pay(second)):
        stage.deliver(claim)

    insist(stage.settled())
    receipts = {payment["oid"]: payment["cash_receipt"] for payment in stage.payments()}
    assert receipts == {first.attempt_no: "issued", second.attempt_no: "cancelled"}
