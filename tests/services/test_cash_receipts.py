"""Cash receipts: the active one covers what was paid and not refunded, or a dated job says what is owed.

The simulator's books are the oracle.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from shop.db import db
from shop.errors import ReceiptRefused, RefundRefused
from shop.extensions import client
from shop.payple import ReceiptPurpose
from shop.rules.cash_receipt import ReceiptWish, next_morning
from shop.rules.states import AttemptState, CashReceiptState, OrderState, RefundState
from shop.services import cash_receipts, desk, refunds, settlement, sweep
from tests import world as worlds
from tests.page import PageClient
from tests.payer import Pairs, Window
from tests.postbox import Postbox
from tests.services.on_the_way import meanwhile
from tests.services.test_refunding import paid_order, refund, returned
from tests.services.test_settlement import changed
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


def books(world: World, order_no: str) -> tuple[list[tuple[str, int]], int]:
    return states(world, order_no), covered(world, order_no)


def on_desk() -> list[str]:
    db.session.rollback()
    return [row.subject.state.value for row in desk.load(worlds.now()).rows if row.kind == "cash-receipt"]


def issue(world: World, order_no: str, wish: ReceiptWish = PHONE) -> CashReceiptState:
    return cash_receipts.issue(order_no, wish, by="kim", client=client()).state


def run_sweep(world: World, times: int = 3, **units: float) -> None:
    """Let time pass and sweep a few times: each sweep makes one call of a job."""
    world.advance(**units)
    for _sweep in range(times):
        db.session.rollback()
        sweep.run(client())


def refuse_to_settle(world: World) -> None:
    """A refund does not change its receipt, which can be cancelled from the next day on."""
    world.control("POST", "policy", {"receipt_on_refund": "fail"})


def due_transfer(world: World, amount: int = 4_000) -> str:
    """A transfer of 10,000 won, refunded in part, whose receipt did not follow."""
    refuse_to_settle(world)
    order_no = paid_order(world, method="transfer")
    refund(world, order_no, amount)
    assert states(world, order_no) == [("cancel_due", 10_000)]
    return order_no


# --- by hand --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wish", [PHONE, ReceiptWish(ReceiptPurpose.COMPANY, "1234567890")], ids=["personal", "company"]
)
@pytest.mark.parametrize("refunded", [0, 4_000])
def test_staff_issue_a_receipt_for_what_remains_paid(world: World, wish: ReceiptWish, refunded: int) -> None:
    order_no = plain_transfer(world)
    if refunded:
        refund(world, order_no, refunded)

    assert issue(world, order_no, wish) is CashReceiptState.ISSUED

    rest = 10_000 - refunded
    assert books(world, order_no) == ([("issued", rest)], rest)


def test_a_malformed_identity_number_sends_nothing(world: World) -> None:
    order_no = plain_transfer(world)
    before = world.calls()

    with pytest.raises(ReceiptRefused) as caught:
        issue(world, order_no, ReceiptWish(ReceiptPurpose.PERSONAL, "123"))

    assert (caught.value.reason, world.calls()) == (ReceiptRefused.Reason.IDENTITY, before)


def test_what_cannot_have_a_receipt_gets_none(world: World) -> None:
    card, unpaid = paid_order(world), world.browser().place_order()
    with_one, gone = paid_order(world, method="transfer"), plain_transfer(world)
    refund(world, gone, 10_000)

    reasons = []
    for order_no in (card, unpaid, with_one, gone):
        with pytest.raises(ReceiptRefused) as caught:
            issue(world, order_no)
        reasons.append(caught.value.reason.value)

    assert reasons == ["not_a_transfer", "not_paid", "already_issued", "nothing_left"]


def test_a_receipt_is_cancelled_by_itself_and_no_money_moves(world: World) -> None:
    order_no = paid_order(world, method="transfer")

    cash_receipts.cancel(order_no, by="kim", client=client())

    assert books(world, order_no) == ([("cancelled", 10_000)], 0)
    assert world.order(order_no).refunded == 0


# --- after a refund -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("amount", "after"), [(4_000, ("issued", 6_000)), (10_000, ("cancelled", 0))])
def test_a_receipt_that_the_gateway_settles_with_the_refund_is_done(
    world: World, amount: int, after: tuple[str, int]
) -> None:
    order_no = paid_order(world, method="transfer")

    refund(world, order_no, amount)

    assert books(world, order_no) == ([after], 10_000 - amount)
    assert on_desk() == []


@pytest.mark.both_engines
@pytest.mark.parametrize(("amount", "rest"), [(4_000, 6_000), (10_000, 0)])
def test_a_receipt_that_it_does_not_settle_is_put_right_from_nine_the_next_morning(
    world: World, amount: int, rest: int
) -> None:
    order_no = due_transfer(world, amount)
    due_at = next_morning(worlds.now())
    run_sweep(world, seconds=(due_at - worlds.now() - timedelta(minutes=1)).total_seconds())
    assert (states(world, order_no), on_desk()) == ([("cancel_due", 10_000)], ["cancel_due"])

    run_sweep(world, minutes=1, seconds=1)

    assert books(world, order_no) == ([("cancelled", 10_000)] + ([("issued", rest)] if rest else []), rest)
    assert on_desk() == []


def test_a_further_refund_lowers_what_is_issued_again(world: World) -> None:
    order_no = due_transfer(world, 4_000)
    refund(world, order_no, 1_000)

    run_sweep(world, days=1)

    assert covered(world, order_no) == 5_000


@pytest.mark.parametrize("policy", ["settled", "fail"])
def test_a_refund_that_a_person_decided_leaves_a_job(world: World, policy: str) -> None:
    """Nobody knows what the lost answer said about the receipt."""
    world.control("POST", "policy", {"receipt_on_refund": policy})
    order_no = paid_order(world, method="transfer")
    world.fault("cancel", "lost_answer", phase="after")
    lost = refund(world, order_no, 3_000)

    world.advance(minutes=10)
    refunds.decide(lost.id, was_refunded=True, by="kim")
    assert on_desk() == ["cancel_due"]
    for _try in range(4):
        run_sweep(world, days=1)

    assert (states(world, order_no)[-1], covered(world, order_no)) == (("issued", 7_000), 7_000)


# --- money that no order takes --------------------------------------------------------------------------------------


def wrong_amount(world: World, work: str) -> tuple[str, str]:
    """A transfer of 1,000 won, with a cash receipt, for an order of 11,000: the money goes back at once."""
    buyer = world.browser()
    order_no = buyer.place_order(quantity=11)
    opening = buyer.start_attempt(order_no, method="transfer", cash_receipt="y", work=work)
    claim = world.payer().pay(opening["fields"] | {"PCD_PAY_TOTAL": "1000"})
    world.deliver(changed(claim, PAY_TOTAL="11000"))
    return order_no, opening["attempt_no"]


@pytest.mark.parametrize("work", ["CERT", "PAY"])
@pytest.mark.parametrize("policy", ["settled", "fail"])
@pytest.mark.parametrize("answer", ["known", "lost"])
def test_the_receipt_of_money_that_no_order_takes_is_cancelled(
    world: World, work: str, policy: str, answer: str
) -> None:
    world.control("POST", "policy", {"receipt_on_refund": policy})
    if answer == "lost":
        world.fault("cancel", "lost_answer", phase="after")
    order_no, attempt_no = wrong_amount(world, work)
    run_sweep(world, minutes=1)

    assert (world.attempt(attempt_no).state, returned(world, order_no)) == (AttemptState.ORPHANED, 1_000)
    is_done = (policy, answer) == ("settled", "known")
    assert on_desk() == ([] if is_done else ["cancel_due"])
    run_sweep(world, days=1)

    assert (states(world, order_no)[0][0], covered(world, order_no), on_desk()) == ("cancelled", 0, [])


# --- answers that are lost or refusals ------------------------------------------------------------------------------


def test_a_sweep_makes_one_call_of_a_job(world: World) -> None:
    order_no = due_transfer(world)
    calls = ("receipt", "receipt_cancel", "receipt_issue", "inquiry")
    before = world.calls(*calls)

    run_sweep(world, times=1, days=1)
    assert (states(world, order_no), world.calls(*calls)) == ([("cancelled", 10_000), ("requested", 6_000)], before + 1)
    run_sweep(world, times=1)

    assert (states(world, order_no)[-1], world.calls(*calls)) == (("issued", 6_000), before + 2)


@pytest.mark.parametrize(
    ("kind", "phase"), [("lost_answer", "before"), ("lost_answer", "after"), ("refused", "before")]
)
def test_a_failed_issue_is_checked_by_an_inquiry(world: World, kind: str, phase: str) -> None:
    order_no = plain_transfer(world)
    world.fault("receipt_issue", kind, phase=phase)

    issue(world, order_no)
    run_sweep(world, minutes=10)
    run_sweep(world, minutes=10)

    assert books(world, order_no) == (([("failed", 10_000)], 0) if kind == "refused" else ISSUED)


@pytest.mark.parametrize(
    ("kind", "phase"), [("lost_answer", "before"), ("lost_answer", "after"), ("refused", "before")]
)
def test_a_failed_cancel_is_checked_by_an_inquiry(world: World, kind: str, phase: str) -> None:
    order_no = due_transfer(world)
    world.fault("receipt_cancel", kind, phase=phase)

    run_sweep(world, days=1)
    run_sweep(world, minutes=10)
    run_sweep(world, minutes=10)

    assert books(world, order_no) == ([("cancelled", 10_000), ("issued", 6_000)], 6_000)


@pytest.mark.parametrize(("op", "kind"), [("auth", "http_500"), ("receipt_issue", "refused")])
def test_a_receipt_that_the_shop_owes_is_asked_for_until_it_is_issued(world: World, op: str, kind: str) -> None:
    """Only the gateway has the number that the payer gave in the window."""
    order_no = due_transfer(world)
    run_sweep(world, times=1, days=1)
    world.fault(op, kind, phase="before", times=2)
    run_sweep(world, times=2)
    assert states(world, order_no)[-1] == ("requested", 6_000)
    assert on_desk() == ["requested"]

    run_sweep(world, days=1)
    run_sweep(world, days=1)

    assert (states(world, order_no)[-1], covered(world, order_no)) == (("issued", 6_000), 6_000)


def test_a_person_issues_with_another_number_what_the_gateway_refuses_to_the_shop(world: World) -> None:
    order_no = due_transfer(world)
    run_sweep(world, times=1, days=1)
    world.fault("receipt_issue", "refused", phase="before")
    run_sweep(world, times=2)
    assert states(world, order_no)[-1] == ("requested", 6_000)

    issued = cash_receipts.issue(order_no, PHONE, by="kim", client=client())

    assert (issued.state, issued.identity, issued.requested_by) == ("issued", PHONE.identity, "kim")
    assert covered(world, order_no) == 6_000


def test_a_receipt_that_never_can_be_cancelled_stays_visible(world: World) -> None:
    world.control("POST", "policy", {"receipt_on_refund": "fail_for_good"})
    order_no = paid_order(world, method="transfer")
    refund(world, order_no, 4_000)

    for _day in range(4):
        run_sweep(world, days=1)

    (receipt,) = world.order(order_no).cash_receipts
    assert (receipt.state, on_desk()) == (CashReceiptState.CANCEL_DUE, ["cancel_due"])
    assert receipt.due_at is not None
    assert receipt.due_at > worlds.now()


# --- one at a time --------------------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_no_refund_leaves_while_a_receipt_call_has_no_answer(world: World) -> None:
    """The receipt would be issued for more than remains paid."""
    order_no = plain_transfer(world)
    world.fault("receipt_issue", "lost_answer", phase="before")
    issue(world, order_no)

    with pytest.raises(RefundRefused) as caught:
        refund(world, order_no, 4_000)
    assert caught.value.reason is RefundRefused.Reason.IN_FLIGHT

    run_sweep(world, minutes=1)
    run_sweep(world, minutes=1)
    refund(world, order_no, 4_000)
    assert books(world, order_no) == ([("issued", 6_000)], 6_000)


def test_a_receipt_waits_for_a_refund_without_an_answer(world: World) -> None:
    order_no = due_transfer(world, 3_000)
    world.fault("cancel", "lost_answer", phase="after")
    lost = refund(world, order_no, 2_000)
    run_sweep(world, days=1)
    [receipt] = world.order(order_no).cash_receipts
    assert receipt.state is CashReceiptState.CANCEL_DUE
    with pytest.raises(ReceiptRefused) as caught:
        cash_receipts.retry(receipt.id, by="kim", client=client())
    assert caught.value.reason is ReceiptRefused.Reason.IN_FLIGHT

    refunds.decide(lost.id, was_refunded=True, by="kim")
    run_sweep(world)

    assert (states(world, order_no)[-1], covered(world, order_no)) == (("issued", 5_000), 5_000)


@pytest.mark.both_engines
def test_neither_a_refund_nor_a_person_comes_between_a_call_and_its_answer(world: World) -> None:
    order_no = due_transfer(world)
    refused: list[str] = []

    def interfere() -> None:
        with pytest.raises(RefundRefused) as no_refund:
            refund(world, order_no, 2_000)
        with pytest.raises(ReceiptRefused) as no_cancel:
            cash_receipts.cancel(order_no, by="kim", client=client())
        refused.extend([no_refund.value.reason, no_cancel.value.reason])

    meanwhile(world, "TSCANCEL", interfere)
    run_sweep(world, days=1)

    assert refused == ["in_flight", "in_flight"]
    assert world.calls("receipt_cancel") == 1
    assert covered(world, order_no) == 6_000


@pytest.mark.parametrize("amount", [1_000, 6_000])
def test_a_refund_while_a_request_waits_lowers_it(world: World, amount: int) -> None:
    order_no = due_transfer(world)
    run_sweep(world, times=1, days=1)
    assert states(world, order_no)[-1] == ("requested", 6_000)

    assert refund(world, order_no, amount).state is RefundState.DONE
    run_sweep(world)

    rest = 6_000 - amount
    assert covered(world, order_no) == rest
    assert (states(world, order_no)[-1][0], on_desk()) == ("issued" if rest else "failed", [])


# --- windows that ask about the receipt after the charge ------------------------------------------------------------


@dataclass
class Charged:
    """Somebody whose window has charged 10,000 won and now asks about the cash receipt."""

    world: World
    buyer: PageClient = field(init=False)
    order_no: str = field(init=False)
    attempt_no: str = field(init=False)
    window: Window = field(init=False)

    def __post_init__(self) -> None:
        self.buyer = self.world.browser()
        self.order_no = self.buyer.place_order(quantity=10)
        opening = self.buyer.start_attempt(self.order_no, method="transfer", work="PAY", cash_receipt="y")
        self.attempt_no = opening["attempt_no"]
        self.window = self.world.payer().open(opening["fields"]).approve()
        assert "window-cash-receipt-submit" in self.window.page.texts

    def forge(self) -> None:
        """Somebody reports success before the window has finished."""
        told = {"RST": "success", "CODE": "0000", "OID": self.attempt_no, "TYPE": "transfer", "TOTAL": "10000"}
        self.world.deliver([(f"PCD_PAY_{name}", value) for name, value in told.items()] + [("PCD_PAY_WORK", "PAY")])

    def settle_early(self) -> None:
        """The order is paid, by an answer that shows no receipt yet."""
        self.forge()
        assert self.world.order(self.order_no).state is OrderState.PAID
        assert self.books == ([], 0)

    def finish(self) -> Pairs:
        """The payer asks for the receipt; what the browser would deliver."""
        result = self.window.ask_for_receipt().result
        assert result
        return result

    @property
    def books(self) -> tuple[list[tuple[str, int]], int]:
        return books(self.world, self.order_no)


@pytest.fixture
def charged(world: World) -> Charged:
    return Charged(world)


ISSUED = ([("issued", 10_000)], 10_000)


@pytest.mark.both_engines
def test_a_webhook_settles_the_charge_and_the_browsers_result_brings_the_receipt(world: World) -> None:
    postbox = Postbox.of(world)
    charged = Charged(world)
    postbox.deliver()
    postbox.sweep()
    assert (world.order(charged.order_no).state, charged.books) == (OrderState.PAID, ([], 0))

    world.deliver(charged.finish())

    assert charged.books == ISSUED
    assert world.attempt(charged.attempt_no).next_check_at is None


def test_without_its_result_the_window_s_end_brings_the_receipt(charged: Charged) -> None:
    charged.settle_early()
    charged.finish()
    charged.world.fault("inquiry", "lost_answer")

    run_sweep(charged.world, minutes=41)
    assert charged.books == ([], 10_000)
    run_sweep(charged.world, minutes=3)

    assert charged.books == ISSUED
    assert charged.world.events(charged.attempt_no).count("receipt_issued") == 1


def test_who_skips_the_receipt_is_asked_about_once_more(charged: Charged) -> None:
    result = charged.window.skip_receipt().result
    assert result
    charged.world.deliver(result)
    asked = charged.world.calls("inquiry")

    for _time in range(4):
        run_sweep(charged.world, minutes=20)

    assert charged.world.calls("inquiry") == asked + 1
    assert charged.books == ([], 0)


def test_reports_without_end_cause_a_few_inquiries(charged: Charged) -> None:
    charged.settle_early()
    asked = charged.world.calls("inquiry")

    for _time in range(3 * settlement.MOST_RESULTS):
        charged.forge()

    assert charged.world.calls("inquiry") == asked + settlement.MOST_RESULTS
    assert charged.books == ([], 0)


@pytest.mark.parametrize(("work", "choices"), [("PAY", {}), ("CERT", {"cash_receipt": "y"})])
def test_where_no_receipt_can_come_after_the_charge_nothing_is_asked(
    world: World, work: str, choices: dict[str, str]
) -> None:
    buyer = world.browser()
    opening = buyer.start_attempt(buyer.place_order(), 200, method="transfer", work=work, **choices)
    world.deliver(world.payer().pay(opening["fields"], cash_receipt=False))

    attempt = world.attempt(opening["attempt_no"])

    assert (attempt.state, attempt.next_check_at) == (AttemptState.PAID, None)


@pytest.mark.parametrize("amount", [3_000, 10_000])
@pytest.mark.parametrize("policy", ["settled", "fail"])
@pytest.mark.parametrize("inquiry", ["answered", "lost"])
def test_a_refund_meets_a_receipt_that_was_issued_meanwhile(
    charged: Charged, policy: str, amount: int, inquiry: str
) -> None:
    """An inquiry before the refund finds it; where that is lost, the refund's own answer tells of it."""
    charged.world.control("POST", "policy", {"receipt_on_refund": policy})
    charged.settle_early()
    charged.finish()
    if inquiry == "lost":
        charged.world.fault("inquiry", "lost_answer")

    assert refund(charged.world, charged.order_no, amount).state is RefundState.DONE
    run_sweep(charged.world, days=1)

    rest = 10_000 - amount
    active = sum(won for state, won in states(charged.world, charged.order_no) if state == "issued")
    assert (active, covered(charged.world, charged.order_no)) == (rest, rest)


def test_a_receipt_that_is_found_after_a_refund_is_put_right(charged: Charged) -> None:
    charged.settle_early()
    refund(charged.world, charged.order_no, 3_000)
    charged.world.deliver(charged.finish())
    assert on_desk() == ["cancel_due"]

    run_sweep(charged.world, days=1)
    run_sweep(charged.world, minutes=10)

    assert (states(charged.world, charged.order_no)[-1], covered(charged.world, charged.order_no)) == (
        ("issued", 7_000),
        7_000,
    )


def test_a_look_up_waits_for_a_refund_without_an_answer(charged: Charged) -> None:
    charged.settle_early()
    charged.world.fault("cancel", "lost_answer")
    refund(charged.world, charged.order_no, 3_000)

    run_sweep(charged.world, minutes=41)

    next_check_at = charged.world.attempt(charged.attempt_no).next_check_at
    assert next_check_at is not None
    assert next_check_at > worlds.now()


def test_staff_who_issue_a_receipt_are_told_that_there_is_one(charged: Charged) -> None:
    charged.settle_early()
    charged.finish()

    with pytest.raises(ReceiptRefused) as caught:
        issue(charged.world, charged.order_no)

    assert caught.value.reason is ReceiptRefused.Reason.ALREADY_ISSUED
    assert (charged.books, charged.world.calls("receipt_issue")) == (ISSUED, 0)


def test_a_receipt_of_an_orphan_that_is_asked_for_before_its_return_is_cancelled(world: World) -> None:
    refuse_to_settle(world)
    buyer = world.browser()
    order_no = buyer.place_order(quantity=11)
    opening = buyer.start_attempt(order_no, method="transfer", cash_receipt="y", work="PAY")
    window = world.payer().open(opening["fields"] | {"PCD_PAY_TOTAL": "1000"}).approve()
    told = {"RST": "success", "CODE": "0000", "OID": opening["attempt_no"], "TYPE": "transfer", "TOTAL": "11000"}
    world.control("POST", "faults", {"op": "auth", "kind": ["intact", "http_500"]})
    world.deliver([(f"PCD_PAY_{name}", value) for name, value in told.items()] + [("PCD_PAY_WORK", "PAY")])
    window.ask_for_receipt()
    world.fault("cancel", "lost_answer", phase="after")

    run_sweep(world, minutes=1)
    run_sweep(world, minutes=1)
    run_sweep(world, minutes=45)
    assert (returned(world, order_no), on_desk()) == (1_000, ["cancel_due"])
    run_sweep(world, days=1)

    assert (covered(world, order_no), on_desk()) == (0, [])
