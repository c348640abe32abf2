"""Cash receipts that the shop owes to put right after a refund, and who is at them."""

import json
from threading import Event, Thread

import pytest
import requests

from shop.db import db
from shop.errors import ReceiptRefused, RefundRefused
from shop.extensions import client
from shop.rules.money import Won
from shop.rules.states import RefundState
from shop.services import cash_receipts, desk, refunds, sweep
from shop.services.refunds import RefundWish
from tests import world as worlds
from tests.services.on_the_way import GoOn, intercept, meanwhile, reword
from tests.services.test_cash_receipts import PHONE, covered, states
from tests.services.test_refunding import paid_order, refund
from tests.world import World


def sweep_after(world: World, **units: float) -> None:
    world.advance(**units)
    db.session.rollback()
    sweep.run(client(), now=worlds.now())


def receipts_on_desk() -> list[str]:
    return [row.subject.state.value for row in desk.load(worlds.now()).rows if row.kind == "cash-receipt"]


# --- what remains after a refund --------------------------------------------------------------------------------------


def due_again(world: World, amount: int) -> str:
    """A transfer of 10,000 won, refunded in part, whose receipt did not follow."""
    world.control("POST", "policy", {"receipt_on_refund": "fail"})
    order_no = paid_order(world, method="transfer")
    refund(world, order_no, amount)
    assert states(world, order_no) == [("cancel_due", 10_000)]
    return order_no


@pytest.mark.both_engines
@pytest.mark.parametrize(("op", "kind"), [("auth", "http_500"), ("receipt_issue", "refused")])
def test_a_receipt_that_we_owe_is_issued_however_often_that_failed_at_first(world: World, op: str, kind: str) -> None:
    """Nobody but the gateway knows the number that the payer gave in the window."""
    order_no = due_again(world, 4_000)
    meanwhile(world, "TSCANCEL", lambda: world.fault(op, kind, phase="before", times=2))
    sweep_after(world, days=1, hours=10)
    assert states(world, order_no) == [("cancelled", 10_000), ("requested", 6_000)]

    for _day in range(3):
        sweep_after(world, days=1, hours=2)

    assert (states(world, order_no)[-1], covered(world, order_no)) == (("issued", 6_000), 6_000)
    assert receipts_on_desk() == []


@pytest.mark.parametrize("amount", [1_000, 6_000])
def test_a_refund_is_possible_while_it_waits_and_it_is_issued_for_what_is_left(world: World, amount: int) -> None:
    order_no = due_again(world, 4_000)
    meanwhile(world, "TSCANCEL", lambda: world.fault("receipt_issue", "refused", phase="before"))
    sweep_after(world, days=1, hours=10)

    assert refund(world, order_no, amount).state is RefundState.DONE
    sweep_after(world, days=1, hours=10)

    rest = 6_000 - amount
    assert covered(world, order_no) == rest
    assert states(world, order_no)[-1] == (("issued", rest) if rest else ("failed", 6_000))
    assert receipts_on_desk() == []


def test_a_person_who_learns_the_payers_number_issues_what_the_gateway_refused_to(world: World) -> None:
    order_no = due_again(world, 4_000)
    meanwhile(world, "TSCANCEL", lambda: world.fault("receipt_issue", "refused", phase="before"))
    sweep_after(world, days=1, hours=10)
    assert states(world, order_no)[-1] == ("requested", 6_000)

    issued = cash_receipts.issue(order_no, PHONE, by="kim", client=client(), now=worlds.now())

    assert (issued.state, issued.identity, issued.requested_by) == ("issued", PHONE.identity, "kim")
    assert (states(world, order_no), covered(world, order_no)) == ([("cancelled", 10_000), ("issued", 6_000)], 6_000)


def test_a_receipt_that_a_person_wanted_is_theirs_again_after_a_no(world: World) -> None:
    order_no = due_again(world, 4_000)
    sweep_after(world, days=1, hours=10)
    cash_receipts.cancel(order_no, by="kim", client=client(), now=worlds.now())
    world.fault("receipt_issue", "refused", phase="before")

    cash_receipts.issue(order_no, PHONE, by="kim", client=client(), now=worlds.now())

    assert states(world, order_no)[-1] == ("failed", 6_000)


@pytest.mark.both_engines
def test_a_refund_that_began_a_moment_before_a_repeated_cancel_is_refused(world: World) -> None:
    """Its `now` is older: it waited for the order, or its machine's clock is behind."""
    order_no = due_again(world, 1_000)
    world.fault("receipt_cancel", "lost_answer", phase="before")
    sweep_after(world, days=1, hours=10)
    world.advance(hours=2)
    pressed, refused = worlds.now(), []

    def refund_too() -> None:
        wish = RefundWish(Won(3_000), Won(9_000), "변심", "intent-that-was-pressed-before")
        with pytest.raises(RefundRefused) as caught:
            refunds.request(order_no, wish, by="kim", client=client(), now=pressed)
        refused.append(caught.value.reason)

    meanwhile(world, "TSCANCEL", refund_too)
    sweep_after(world, seconds=1)

    assert refused == [RefundRefused.Reason.IN_FLIGHT]
    assert (states(world, order_no)[-1], covered(world, order_no)) == (("issued", 9_000), 9_000)


@pytest.mark.both_engines
def test_a_new_receipt_is_for_what_is_left_when_it_is_asked_for(world: World) -> None:
    """However a refund came between the cancel and the new request, nobody asks for more than remains paid."""
    order_no = due_again(world, 1_000)
    sent, answer, done = Event(), Event(), []

    def slow(url: str, go_on: GoOn) -> requests.Response:
        if "cPayCAct" in url and "TSREG" not in url:
            sent.set()
            assert answer.wait(20)
        return go_on()

    def press() -> None:
        with world.app.app_context():
            done.append(refund(world, order_no, 3_000).state)

    pressing = Thread(target=press)

    def refund_first() -> None:
        """It is reserved and sent before the cancel of the receipt is written down, and answered after it."""
        world.monkeypatch.setattr("shop.services.receipt_rows.is_under_way", lambda _receipt, _now: False)
        intercept(world, slow)
        pressing.start()
        assert sent.wait(20)

    meanwhile(world, "TSCANCEL", refund_first)
    sweep_after(world, days=1, hours=10)
    assert states(world, order_no)[-1] == ("requested", 9_000)
    answer.set()
    pressing.join()
    sweep_after(world, minutes=10)

    assert done == [RefundState.DONE]
    assert (states(world, order_no)[-1], covered(world, order_no)) == (("issued", 6_000), 6_000)
    asked = [entry for entry in world.control("GET", "ledger") if entry["rule"] == "receipt_above_paid"]
    assert asked == []


# --- one at a time, and no old number -------------------------------------------------------------------------------


def test_a_person_does_not_cancel_what_is_just_being_cancelled(world: World) -> None:
    order_no = due_again(world, 4_000)
    refused: list[str] = []

    def cancel_too() -> None:
        with pytest.raises(ReceiptRefused) as caught:
            cash_receipts.cancel(order_no, by="kim", client=client(), now=worlds.now())
        refused.append(caught.value.reason)

    meanwhile(world, "TSCANCEL", cancel_too)
    sweep_after(world, days=1, hours=10)

    assert refused == [ReceiptRefused.Reason.IN_FLIGHT]
    cancels = [entry for entry in world.control("GET", "ledger") if entry["op"] == "receipt_cancel"]
    assert len(cancels) == 1
    assert covered(world, order_no) == 6_000


def test_an_inquiry_that_shows_the_cancelled_receipt_is_no_new_one(world: World) -> None:
    """It may tell how things stood when the payment was made."""
    order_no = due_again(world, 4_000)
    [first] = world.order(order_no).cash_receipts
    old = first.number
    meanwhile(world, "TSCANCEL", lambda: world.fault("receipt_issue", "lost_answer", phase="before"))
    sweep_after(world, days=1, hours=10)
    assert states(world, order_no)[-1] == ("requested", 6_000)

    def as_it_was(response: requests.Response) -> bytes:
        told = response.json() | {"PCD_TAXSAVE_FLAG": "Y", "PCD_TAXSAVE_RST": "Y", "PCD_TAXSAVE_MGTNUM": old}
        return json.dumps(told).encode()

    reword(world, "PayChkAct", as_it_was)
    sweep_after(world, hours=2)

    assert (states(world, order_no)[-1], covered(world, order_no)) == (("issued", 6_000), 6_000)
    assert world.order(order_no).cash_receipts[-1].number != old
