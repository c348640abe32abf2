"""Cash receipts: the active one covers what was paid less what went back, or a dated job says what is owed."""

import pytest

from shop.errors import ReceiptRefused, RefundRefused
from shop.extensions import client
from shop.payple import ReceiptPurpose
from shop.rules.states import CashReceiptState, RefundState
from shop.services import cash_receipts, sweep
from shop.services.cash_receipts import ReceiptWish
from tests import world as worlds
from tests.services.test_refunding import paid_order, refund
from tests.world import World

PHONE = ReceiptWish(ReceiptPurpose.PERSONAL, "01012345678")


def plain_transfer(world: World) -> str:
    """A paid transfer of 10,000 won without a receipt."""
    buyer = world.browser()
    order_no = buyer.place_order(quantity=10)
    world.deliver(world.payer().pay(buyer.start_attempt(order_no, method="transfer")["fields"]))
    return order_no


def covered(world: World, order_no: str) -> int:
    """Won that the tax office has a receipt for, as the simulator's own books have it."""
    numbers = {attempt.attempt_no for attempt in world.order(order_no).attempts}
    payments = [row for row in world.control("GET", "payments") if row["oid"] in numbers]
    return sum(int(row["cash_receipt_amount"]) for row in payments if row["cash_receipt"] == "issued")


def states(world: World, order_no: str) -> list[tuple[str, int]]:
    return [(receipt.state.value, receipt.amount) for receipt in world.order(order_no).cash_receipts]


def issue(world: World, order_no: str, wish: ReceiptWish = PHONE) -> CashReceiptState:
    return cash_receipts.issue(order_no, wish, by="kim", client=client(), now=worlds.now()).state


@pytest.mark.both_engines
@pytest.mark.parametrize(
    "wish", [PHONE, ReceiptWish(ReceiptPurpose.COMPANY, "1234567890")], ids=["personal", "company"]
)
def test_staff_issue_a_receipt_later(world: World, wish: ReceiptWish) -> None:
    order_no = plain_transfer(world)

    assert issue(world, order_no, wish) is CashReceiptState.ISSUED

    assert states(world, order_no) == [("issued", 10_000)]
    assert covered(world, order_no) == 10_000


def test_after_a_refund_a_receipt_covers_only_the_rest(world: World) -> None:
    order_no = plain_transfer(world)
    refund(world, order_no, 4_000)

    issue(world, order_no)

    assert covered(world, order_no) == 6_000


@pytest.mark.parametrize(
    ("purpose", "identity"),
    [
        (ReceiptPurpose.PERSONAL, "123"),
        (ReceiptPurpose.PERSONAL, "0212345678"),
        (ReceiptPurpose.PERSONAL, "0101234567８"),
        (ReceiptPurpose.COMPANY, "123456789"),
        (ReceiptPurpose.COMPANY, "123-45-6789"),
        (ReceiptPurpose.PERSONAL, ""),
    ],
)
def test_a_malformed_identity_number_sends_nothing(world: World, purpose: ReceiptPurpose, identity: str) -> None:
    order_no = plain_transfer(world)
    before = len(world.control("GET", "ledger"))

    with pytest.raises(ReceiptRefused) as caught:
        issue(world, order_no, ReceiptWish(purpose, identity))

    assert caught.value.reason is ReceiptRefused.Reason.IDENTITY
    assert len(world.control("GET", "ledger")) == before


def test_what_cannot_have_a_receipt_gets_none(world: World) -> None:
    card, unpaid = paid_order(world), world.browser().place_order()
    with_one = paid_order(world, method="transfer")
    gone = plain_transfer(world)
    refund(world, gone, 10_000)

    reasons = []
    for order_no in (card, unpaid, with_one, gone):
        with pytest.raises(ReceiptRefused) as caught:
            issue(world, order_no)
        reasons.append(caught.value.reason.value)

    assert reasons == ["not_a_transfer", "not_paid", "already_issued", "nothing_left"]


def test_a_receipt_is_cancelled_by_itself_and_no_money_moves(world: World) -> None:
    order_no = paid_order(world, method="transfer")

    cash_receipts.cancel(order_no, by="kim", client=client(), now=worlds.now())

    assert states(world, order_no) == [("cancelled", 10_000)]
    assert covered(world, order_no) == 0
    assert world.order(order_no).refunded == 0


def test_a_refund_reduces_or_cancels_the_receipt_with_it(world: World) -> None:
    order_no = paid_order(world, method="transfer")

    refund(world, order_no, 4_000)
    assert states(world, order_no) == [("issued", 6_000)]
    assert covered(world, order_no) == 6_000
    refund(world, order_no, 6_000)

    assert [state for state, _amount in states(world, order_no)] == ["cancelled"]
    assert covered(world, order_no) == 0


@pytest.mark.parametrize(("amount", "rest"), [(4_000, 6_000), (10_000, 0)])
def test_a_receipt_that_the_refund_did_not_settle_is_put_right_the_next_day(
    world: World, amount: int, rest: int
) -> None:
    order_no = paid_order(world, method="transfer")
    world.control("POST", "policy", {"receipt_on_refund": "fail"})

    done = refund(world, order_no, amount)

    assert (done.state, done.receipt_code) == (RefundState.DONE, "-10002122")
    assert states(world, order_no) == [("cancel_due", 10_000)]
    sweep.run(client(), now=worlds.now())
    assert states(world, order_no) == [("cancel_due", 10_000)]
    world.advance(days=1, hours=10)
    sweep.run(client(), now=worlds.now())

    assert covered(world, order_no) == rest
    assert states(world, order_no) == [("cancelled", 10_000)] + ([("issued", rest)] if rest else [])


def test_a_further_refund_while_the_receipt_is_due_lowers_what_is_issued_again(world: World) -> None:
    order_no = paid_order(world, method="transfer")
    world.control("POST", "policy", {"receipt_on_refund": "fail"})
    refund(world, order_no, 4_000)
    refund(world, order_no, 1_000)

    world.advance(days=1, hours=10)
    sweep.run(client(), now=worlds.now())

    assert covered(world, order_no) == 5_000


def test_a_receipt_that_never_can_be_cancelled_stays_visible_as_due(world: World) -> None:
    order_no = paid_order(world, method="transfer")
    world.control("POST", "policy", {"receipt_on_refund": "fail"})
    refund(world, order_no, 4_000)
    world.fault("receipt_cancel", "unknown_outcome", times=50)

    for _day in range(4):
        world.advance(days=1)
        sweep.run(client(), now=worlds.now())

    (receipt,) = world.order(order_no).cash_receipts
    assert receipt.state is CashReceiptState.CANCEL_DUE
    assert receipt.due_at is not None
    assert receipt.tries >= 3


@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_lost_answer_to_an_issue_ends_in_one_receipt(world: World, phase: str) -> None:
    order_no = plain_transfer(world)
    world.fault("receipt_issue", "lost_answer", phase=phase)

    assert issue(world, order_no) is CashReceiptState.REQUESTED
    world.advance(hours=2)
    sweep.run(client(), now=worlds.now())

    assert covered(world, order_no) == 10_000
    assert [state for state, _amount in states(world, order_no)] == ["issued"]


def test_no_refund_leaves_while_a_receipt_request_has_no_answer(world: World) -> None:
    """It would be issued for more than remains paid, and nobody would know."""
    order_no = plain_transfer(world)
    world.fault("receipt_issue", "lost_answer", phase="before")
    issue(world, order_no)

    with pytest.raises(RefundRefused) as caught:
        refund(world, order_no, 4_000)
    assert caught.value.reason is RefundRefused.Reason.IN_FLIGHT

    world.advance(hours=2)
    sweep.run(client(), now=worlds.now())
    refund(world, order_no, 4_000)
    assert (states(world, order_no), covered(world, order_no)) == ([("issued", 6_000)], 6_000)


def test_a_repeat_that_is_not_sent_says_nothing_about_the_first_request(world: World) -> None:
    order_no = plain_transfer(world)
    world.fault("receipt_issue", "lost_answer", phase="after")
    issue(world, order_no)
    world.fault("auth", "http_500", phase="before")

    world.advance(hours=2)
    sweep.run(client(), now=worlds.now())
    assert [state for state, _amount in states(world, order_no)] == ["requested"]
    world.advance(hours=2)
    sweep.run(client(), now=worlds.now())

    assert (states(world, order_no), covered(world, order_no)) == ([("issued", 10_000)], 10_000)
