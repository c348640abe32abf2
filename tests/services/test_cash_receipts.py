"""Cash receipts: the active one covers what was paid and not refunded, or a dated job says what is owed.

The simulator's books decide what is active.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from shop.db import db
from shop.errors import ReceiptRefused, RefundRefused
from shop.extensions import client
from shop.payple import ReceiptPurpose
from shop.rules.cash_receipt import ReceiptWish, next_morning
from shop.rules.states import AttemptState, CashReceiptState, RefundState
from shop.services import cash_receipts, desk, refunds
from tests import world as worlds
from tests.payer import Pairs, Window
from tests.services.interception import act_before
from tests.world import Purchase, World, changed

PHONE = ReceiptWish(ReceiptPurpose.PERSONAL, "01012345678")
COMPANY = ReceiptWish(ReceiptPurpose.COMPANY, "1234567890")
Books = tuple[list[tuple[str, int]], int]
ISSUED: Books = ([("issued", 10_000)], 10_000)


def paid(world: World, method: str = "transfer", **choices: str) -> Purchase:
    """A paid order of 10,000 won."""
    return world.purchase(quantity=10, method=method, **choices).pay()


def with_receipt(world: World) -> Purchase:
    return paid(world, cash_receipt="y")


def with_due_receipt(world: World, amount: int = 4_000) -> Purchase:
    """The same, refunded in part, and the receipt did not follow: it can be cancelled from the next day on."""
    world.policy(receipt_on_refund="fail")
    purchase = with_receipt(world)
    purchase.refund(amount)
    assert rows(purchase) == [("cancel_due", 10_000)]
    return purchase


def rows(purchase: Purchase) -> list[tuple[str, int]]:
    return [(receipt.state.value, receipt.amount) for receipt in purchase.order.cash_receipts]


def books(purchase: Purchase) -> Books:
    """The receipts in the shop, and the won that the active one covers at the gateway."""
    return rows(purchase), purchase.covered


def on_desk() -> list[str]:
    db.session.rollback()
    return [row.subject.state.value for row in desk.load().rows if row.kind == "cash-receipt"]


def issue(purchase: Purchase, wish: ReceiptWish = PHONE) -> CashReceiptState:
    return cash_receipts.issue(purchase.order_no, wish, by="kim", client=client()).state


def why_not_issued(purchase: Purchase) -> ReceiptRefused.Reason:
    with pytest.raises(ReceiptRefused) as caught:
        issue(purchase)
    return caught.value.reason


# --- by hand --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wish", "refunded"), [(PHONE, 0), (COMPANY, 4_000)], ids=["personal", "company"])
def test_staff_issue_a_receipt_for_what_remains_paid_and_cancel_it(
    world: World, wish: ReceiptWish, refunded: int
) -> None:
    purchase = paid(world)
    if refunded:
        purchase.refund(refunded)

    assert issue(purchase, wish) is CashReceiptState.ISSUED

    rest = 10_000 - refunded
    assert books(purchase) == ([("issued", rest)], rest)
    cash_receipts.cancel(purchase.order_no, by="kim", client=client())
    assert (books(purchase), purchase.order.refunded) == (([("cancelled", rest)], 0), refunded)


def test_what_cannot_have_a_receipt_gets_none(world: World) -> None:
    refunded = paid(world)
    refunded.refund(10_000)
    in_app = paid(world, method="app_card", cash_receipt="y")
    orders = (paid(world, method="card"), in_app, world.purchase(), with_receipt(world), refunded)

    reasons = [why_not_issued(purchase).value for purchase in orders]

    assert reasons == ["not_a_transfer", "not_a_transfer", "not_paid", "already_issued", "nothing_left"]
    assert in_app.attempt.cash_receipt_asked is False


# --- after a refund -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("amount", "after"), [(4_000, ("issued", 6_000)), (10_000, ("cancelled", 0))])
def test_a_receipt_that_the_gateway_changes_with_the_refund_is_done(
    world: World, amount: int, after: tuple[str, int]
) -> None:
    purchase = with_receipt(world)

    purchase.refund(amount)

    assert (books(purchase), on_desk()) == (([after], 10_000 - amount), [])


@pytest.mark.stricter_engine
@pytest.mark.parametrize("amounts", [(4_000,), (4_000, 1_000), (10_000,)])
def test_a_receipt_that_did_not_follow_is_corrected_from_nine_the_next_morning(
    world: World, amounts: tuple[int, ...]
) -> None:
    purchase = with_due_receipt(world, amounts[0])
    for amount in amounts[1:]:
        purchase.refund(amount)
    due_at = next_morning(worlds.now())
    world.sweep(3, seconds=(due_at - worlds.now() - timedelta(minutes=1)).total_seconds())
    assert (rows(purchase), on_desk()) == ([("cancel_due", 10_000)], ["cancel_due"])

    world.sweep(3, minutes=1, seconds=1)

    rest = 10_000 - sum(amounts)
    assert books(purchase) == ([("cancelled", 10_000)] + ([("issued", rest)] if rest else []), rest)
    assert on_desk() == []


@pytest.mark.parametrize("policy", ["settled", "fail"])
def test_a_refund_that_a_person_decided_leaves_a_job(world: World, policy: str) -> None:
    """Nobody knows what the lost answer said about the receipt."""
    world.policy(receipt_on_refund=policy)
    purchase = with_receipt(world)
    world.fault("cancel", "lost_answer", phase="after")
    lost = purchase.refund(3_000)

    world.advance(minutes=10)
    refunds.decide(lost.id, was_refunded=True, by="kim")
    assert on_desk() == ["cancel_due"]
    for _try in range(4):
        world.sweep(3, days=1)

    assert (rows(purchase)[-1], purchase.covered) == (("issued", 7_000), 7_000)


@pytest.mark.parametrize(("work", "policy"), [("CERT", "fail"), ("PAY", "settled")])
def test_the_receipt_of_an_orphaned_payment_is_cancelled(world: World, work: str, policy: str) -> None:
    world.policy(receipt_on_refund=policy)
    purchase = world.purchase(quantity=11, method="transfer", cash_receipt="y", work=work)
    world.deliver(changed(purchase.claim(PAY_TOTAL="1000"), PAY_TOTAL="11000"))
    world.sweep()

    assert (purchase.attempt.state, purchase.returned) == (AttemptState.ORPHANED, 1_000)
    assert on_desk() == ([] if policy == "settled" else ["cancel_due"])
    world.sweep(3, days=1)

    assert (rows(purchase)[0][0], purchase.covered, on_desk()) == ("cancelled", 0, [])


# --- lost answers and refusals --------------------------------------------------------------------------------------


def test_a_sweep_makes_one_call_of_a_job(world: World) -> None:
    purchase = with_due_receipt(world)
    kinds = ("receipt_cancel", "receipt_issue", "inquiry")
    before = world.calls(*kinds)

    world.sweep(days=1)
    assert (rows(purchase), world.calls(*kinds)) == ([("cancelled", 10_000), ("requested", 6_000)], before + 1)
    world.sweep()

    assert (rows(purchase)[-1], world.calls(*kinds)) == (("issued", 6_000), before + 2)


LOST_OR_REFUSED = [("lost_answer", "before"), ("lost_answer", "after"), ("refused", "before")]


@pytest.mark.parametrize(("kind", "phase"), LOST_OR_REFUSED)
def test_an_issue_that_failed_is_checked_by_an_inquiry(world: World, kind: str, phase: str) -> None:
    purchase = paid(world)
    world.fault("receipt_issue", kind, phase=phase)

    issue(purchase)
    world.fault("inquiry", "lost_answer")
    for _round in range(3):
        world.sweep(3, minutes=10)

    assert books(purchase) == (([("failed", 10_000)], 0) if kind == "refused" else ISSUED)


@pytest.mark.parametrize(("kind", "phase"), LOST_OR_REFUSED)
def test_a_cancel_that_failed_is_checked_by_an_inquiry(world: World, kind: str, phase: str) -> None:
    purchase = with_due_receipt(world)
    world.fault("receipt_cancel", kind, phase=phase)

    world.sweep(3, days=1)
    world.sweep(3, minutes=10)
    world.sweep(3, minutes=10)

    assert books(purchase) == ([("cancelled", 10_000), ("issued", 6_000)], 6_000)


@pytest.mark.parametrize(("op", "kind"), [("auth", "http_500"), ("receipt_issue", "refused")])
@pytest.mark.parametrize("by_person", [False, True])
def test_a_receipt_that_the_shop_owes_is_asked_for_until_it_is_issued(
    world: World, op: str, kind: str, by_person: bool
) -> None:
    """Only the gateway has the number that the payer gave in the window; a person may issue with another one."""
    purchase = with_due_receipt(world)
    world.sweep(days=1)
    world.fault(op, kind, phase="before", times=2)
    world.sweep(2)
    assert (rows(purchase)[-1], on_desk()) == (("requested", 6_000), ["requested"])

    if by_person:
        world.control("DELETE", "faults")
        issue(purchase)
        assert purchase.order.cash_receipts[-1].identity == PHONE.identity
    else:
        world.sweep(3, days=1)
        world.sweep(3, days=1)

    assert (rows(purchase)[-1], purchase.covered) == (("issued", 6_000), 6_000)


def test_a_receipt_that_never_can_be_cancelled_stays_visible(world: World) -> None:
    world.policy(receipt_on_refund="fail_for_good")
    purchase = with_receipt(world)
    purchase.refund(4_000)

    for _day in range(4):
        world.sweep(3, days=1)

    [receipt] = purchase.order.cash_receipts
    assert (receipt.state, on_desk()) == (CashReceiptState.CANCEL_DUE, ["cancel_due"])
    assert receipt.due_at is not None
    assert receipt.due_at > worlds.now()


# --- one call at a time ---------------------------------------------------------------------------------------------


def test_a_receipt_waits_for_a_refund_without_an_answer(world: World) -> None:
    purchase = with_due_receipt(world, 3_000)
    world.fault("cancel", "lost_answer", phase="after")
    lost = purchase.refund(2_000)
    world.sweep(3, days=1)
    [receipt] = purchase.order.cash_receipts
    assert receipt.state is CashReceiptState.CANCEL_DUE
    with pytest.raises(ReceiptRefused) as caught:
        cash_receipts.retry(receipt.id, by="kim", client=client())
    assert caught.value.reason is ReceiptRefused.Reason.IN_FLIGHT

    refunds.decide(lost.id, was_refunded=True, by="kim")
    world.sweep(3)

    assert (rows(purchase)[-1], purchase.covered) == (("issued", 5_000), 5_000)


@pytest.mark.stricter_engine
def test_neither_a_refund_nor_a_person_acts_between_a_receipt_call_and_its_answer(world: World) -> None:
    purchase = with_due_receipt(world)
    refused: list[str] = []

    def interfere() -> None:
        with pytest.raises(RefundRefused) as no_refund:
            purchase.refund(2_000)
        with pytest.raises(ReceiptRefused) as no_cancel:
            cash_receipts.cancel(purchase.order_no, by="kim", client=client())
        refused.extend([no_refund.value.reason, no_cancel.value.reason])

    act_before(world, "TSCANCEL", interfere)
    world.sweep(3, days=1)

    assert refused == ["in_flight", "in_flight"]
    assert (world.calls("receipt_cancel"), purchase.covered) == (1, 6_000)


@pytest.mark.parametrize("amount", [1_000, 6_000])
def test_a_refund_while_a_request_waits_lowers_it(world: World, amount: int) -> None:
    purchase = with_due_receipt(world)
    world.sweep(days=1)
    assert rows(purchase)[-1] == ("requested", 6_000)

    assert purchase.refund(amount).state is RefundState.DONE
    world.sweep(3)

    rest = 6_000 - amount
    assert (rows(purchase)[-1][0], on_desk()) == ("issued" if rest else "failed", [])
    assert purchase.covered == rest


# --- windows that ask about the receipt after the charge ------------------------------------------------------------


@dataclass(frozen=True)
class AskingWindow:
    """A window that has charged 10,000 won and now asks about the cash receipt."""

    purchase: Purchase
    window: Window

    @classmethod
    def of(cls, world: World) -> AskingWindow:
        purchase = world.purchase(quantity=10, method="transfer", work="PAY", cash_receipt="y")
        window = purchase.open().approve()
        assert "window-cash-receipt-submit" in window.page.texts
        return cls(purchase, window)

    def report_success(self) -> None:
        """Somebody reports success before the window has finished: the order is paid, without a receipt."""
        self.purchase.world.deliver(self.purchase.forged())
        assert (self.purchase.order.state, books(self.purchase)) == ("paid", ([], 0))

    def ask_for_receipt(self) -> Pairs:
        """The payer asks for the receipt; what the browser would deliver."""
        return self.window.ask_for_receipt().result or []


@pytest.fixture
def asking(world: World) -> AskingWindow:
    return AskingWindow.of(world)


def test_the_result_of_a_window_that_has_asked_brings_the_receipt(world: World, asking: AskingWindow) -> None:
    asking.report_success()

    world.deliver(asking.ask_for_receipt())

    assert (books(asking.purchase), asking.purchase.attempt.next_check_at) == (ISSUED, None)


def test_without_its_result_the_end_of_the_window_brings_the_receipt(world: World, asking: AskingWindow) -> None:
    asking.report_success()
    asking.ask_for_receipt()
    world.fault("inquiry", "lost_answer")

    world.sweep(3, minutes=41)
    assert books(asking.purchase) == ([], 10_000)
    world.sweep(3, minutes=3)

    assert books(asking.purchase) == ISSUED
    assert asking.purchase.events.count("receipt_issued") == 1


def test_a_payer_who_skips_the_receipt_is_asked_about_once_more(world: World, asking: AskingWindow) -> None:
    world.deliver(asking.window.skip_receipt().result or [])
    asked = world.calls("inquiry")

    for _time in range(4):
        world.sweep(minutes=20)

    assert (world.calls("inquiry"), books(asking.purchase)) == (asked + 1, ([], 0))


@pytest.mark.parametrize(("work", "choices"), [("PAY", {}), ("CERT", {"cash_receipt": "y"})])
def test_where_no_receipt_can_come_after_the_charge_nothing_is_asked(
    world: World, work: str, choices: dict[str, Any]
) -> None:
    purchase = world.purchase(method="transfer", work=work, **choices).pay(cash_receipt=False)

    assert (purchase.attempt.state, purchase.attempt.next_check_at, rows(purchase)) == (AttemptState.PAID, None, [])


@pytest.mark.parametrize("amount", [3_000, 10_000])
@pytest.mark.parametrize(("policy", "inquiry"), [("settled", "lost"), ("fail", "answered")])
def test_a_refund_finds_a_receipt_that_was_issued_meanwhile(
    world: World, asking: AskingWindow, policy: str, amount: int, inquiry: str
) -> None:
    """An inquiry before the refund finds it; where that is lost, the refund's own answer does."""
    world.policy(receipt_on_refund=policy)
    asking.report_success()
    asking.ask_for_receipt()
    if inquiry == "lost":
        world.fault("inquiry", "lost_answer")

    assert asking.purchase.refund(amount).state is RefundState.DONE
    world.sweep(3, days=1)

    active = sum(won for state, won in rows(asking.purchase) if state == "issued")
    assert (active, asking.purchase.covered) == (10_000 - amount, 10_000 - amount)


def test_a_receipt_that_is_found_after_a_refund_is_corrected(world: World, asking: AskingWindow) -> None:
    asking.report_success()
    asking.purchase.refund(3_000)
    world.deliver(asking.ask_for_receipt())
    assert on_desk() == ["cancel_due"]

    world.sweep(3, days=1)
    world.sweep(3, minutes=10)

    assert (rows(asking.purchase)[-1], asking.purchase.covered) == (("issued", 7_000), 7_000)


def test_a_look_up_waits_for_a_refund_without_an_answer(world: World, asking: AskingWindow) -> None:
    asking.report_success()
    world.fault("cancel", "lost_answer")
    asking.purchase.refund(3_000)

    world.sweep(3, minutes=41)

    next_check_at = asking.purchase.attempt.next_check_at
    assert next_check_at is not None
    assert next_check_at > worlds.now()


def test_staff_who_issue_a_receipt_are_told_that_there_is_one(world: World, asking: AskingWindow) -> None:
    asking.report_success()
    asking.ask_for_receipt()

    assert why_not_issued(asking.purchase) is ReceiptRefused.Reason.ALREADY_ISSUED

    assert (books(asking.purchase), world.calls("receipt_issue")) == (ISSUED, 0)
