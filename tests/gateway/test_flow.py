"""The payment flow with the store in SQLite, the real client and the simulator."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from shop.payple import ChargeMode, PayType, UnverifiedResult, WindowRequest
from shop.payple.examples.sqlite_store import SqliteStore
from shop.payple.flow import CONFIRM_PATIENCE, Attempt, AttemptState, Ending, Flow
from shop.payple.refund_rules import DECIDE_AFTER, REFUND_PATIENCE, Refund, RefundRejected, RefundState, RejectReason
from tests.gateway.wire import WISH, Wire

ORDER = "ORDER-1"


@dataclass
class Shop:
    """A store, a flow and their clock, which only moves when a test says so."""

    wire: Wire
    path: Path
    time: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self.store = SqliteStore(self.path, self.now)
        self.flow = Flow(self.wire.client(), self.store, self.now)

    def now(self) -> datetime:
        return self.time

    def wait(self, pause: timedelta) -> None:
        self.time += pause

    def open(self, number: str = WISH.attempt_no, **changes: object) -> WindowRequest:
        """Store an attempt of the one order, for the window to be opened with."""
        wish = replace(WISH, attempt_no=number, **changes)  # type: ignore[arg-type]
        attempt = Attempt(number, 1000, PayType.CARD, wish.charge_mode, AttemptState.PREPARED, self.time)
        self.store.open_attempt(attempt, ORDER)
        return wish

    def pay(self, wish: WindowRequest, scenario: str = "approved") -> Attempt:
        """Let the payer go through the window, and handle what the browser brings."""
        attempt = self.flow.handle_result(self.wire.pay(wish, scenario))
        assert attempt
        return attempt

    def paid(self) -> Attempt:
        return self.pay(self.open())

    def refund(self, amount: int, number: str = "R1", seen: int | None = None) -> Refund:
        balance = self.store.balance(WISH.attempt_no) if seen is None else seen
        return self.flow.refund(number, WISH.attempt_no, amount, seen_balance=balance)

    def cancelled(self, wish: WindowRequest = WISH) -> int:
        return int(self.wire.booked(wish)["refunded_total"])


@pytest.fixture
def shop(session: requests.Session, tmp_path: Path) -> Shop:
    return Shop(Wire(session, []), tmp_path / "shop.sqlite")


def calls(shop: Shop, operation: str) -> int:
    return sum(exchange.operation == operation for exchange in shop.wire.exchanges)


def test_a_confirmed_payment_is_paid(shop: Shop) -> None:
    attempt = shop.paid()

    assert (attempt.state, attempt.ending, attempt.charged_amount) == (AttemptState.PAID, Ending.PAID, 1000)


def test_a_result_that_comes_twice_confirms_once(shop: Shop) -> None:
    result = shop.wire.pay(shop.open())

    endings = [shop.flow.handle_result(result) for _ in range(2)]

    assert [attempt and attempt.state for attempt in endings] == [AttemptState.PAID] * 2
    assert calls(shop, "confirm") == 1


def test_results_at_the_same_time_confirm_once(shop: Shop) -> None:
    result = shop.wire.pay(shop.open())

    with ThreadPoolExecutor(8) as browsers:
        list(browsers.map(shop.flow.handle_result, [result] * 8))

    paid = shop.store.find(WISH.attempt_no)
    assert paid
    assert (paid.state, calls(shop, "confirm")) == (AttemptState.PAID, 1)


def test_a_declined_card_leaves_the_order_open_for_another_attempt(shop: Shop) -> None:
    declined = shop.pay(shop.open(), "limit")
    paid = shop.pay(shop.open("SECOND"))

    assert (declined.ending, paid.ending) == (Ending.DECLINED, Ending.PAID)


def test_a_closed_window_asks_nobody(shop: Shop) -> None:
    shop.open()
    attempt = shop.flow.handle_result(UnverifiedResult(result="close", attempt_no=WISH.attempt_no))

    assert attempt
    assert (attempt.ending, shop.wire.exchanges) == (Ending.TRY_AGAIN, [])


def test_a_result_for_another_amount_is_not_confirmed(shop: Shop) -> None:
    result = shop.wire.pay(shop.open(amount=100_000))

    attempt = shop.flow.handle_result(result)

    assert attempt
    assert (attempt.state, calls(shop, "confirm")) == (AttemptState.PREPARED, 0)


def test_a_payment_in_the_window_is_paid_by_an_inquiry(shop: Shop) -> None:
    attempt = shop.pay(shop.open(charge_mode=ChargeMode.IN_WINDOW))

    assert (attempt.state, calls(shop, "inquire")) == (AttemptState.PAID, 1)


@pytest.mark.parametrize(("phase", "state"), [("after", AttemptState.PAID), ("before", AttemptState.DECLINED)])
def test_a_confirm_whose_answer_is_lost_is_found_out_by_the_sweep(shop: Shop, phase: str, state: AttemptState) -> None:
    result = shop.wire.pay(shop.open())
    shop.wire.break_next("confirm", "lost_answer", phase)
    attempt = shop.flow.handle_result(result)
    assert attempt
    assert attempt.ending is Ending.UNKNOWN

    shop.wait(timedelta(minutes=41))
    shop.flow.sweep()

    settled = shop.store.find(WISH.attempt_no)
    assert settled
    assert (settled.state, calls(shop, "confirm")) == (state, 1)


def test_the_sweep_asks_about_a_confirm_whose_worker_died(shop: Shop) -> None:
    shop.open()
    assert shop.store.begin_confirm(WISH.attempt_no)
    shop.flow.sweep()
    assert shop.wire.exchanges == []

    shop.wait(CONFIRM_PATIENCE)
    shop.flow.sweep()

    assert calls(shop, "inquire") == 1


def test_an_order_with_an_unknown_attempt_confirms_no_other(shop: Shop) -> None:
    first, second = shop.wire.pay(shop.open()), shop.wire.pay(shop.open("SECOND"))
    shop.wire.break_next("confirm", "lost_answer", "after")
    shop.flow.handle_result(first)

    waiting = shop.flow.handle_result(second)

    assert waiting
    assert (waiting.state, calls(shop, "confirm")) == (AttemptState.PREPARED, 1)


def test_a_second_payment_of_an_order_is_refunded_by_the_sweep(shop: Shop) -> None:
    second = shop.open("SECOND", charge_mode=ChargeMode.IN_WINDOW)
    shop.paid()
    attempt = shop.pay(second)
    assert attempt.ending is Ending.REVIEW

    shop.flow.sweep()

    owed = shop.store.find_refund("orphan-SECOND")
    assert owed
    assert (owed.state, shop.cancelled(second), shop.cancelled()) == (RefundState.DONE, 1000, 0)


def test_a_payment_of_another_amount_is_refunded(shop: Shop) -> None:
    wish = shop.open(amount=5000, charge_mode=ChargeMode.IN_WINDOW)
    assert shop.pay(wish).state is AttemptState.ORPHANED

    shop.flow.sweep()

    assert shop.cancelled(wish) == 5000


def test_a_refund_key_moves_money_once(shop: Shop) -> None:
    shop.paid()

    refunds = [shop.refund(300, seen=1000) for _ in range(2)]

    assert [refund.state for refund in refunds] == [RefundState.DONE] * 2
    assert (shop.cancelled(), shop.store.balance(WISH.attempt_no)) == (300, 700)


def test_refunds_at_the_same_time_refund_no_won_twice(shop: Shop) -> None:
    shop.paid()

    def refund(number: int) -> bool:
        try:
            return shop.refund(1000, f"R{number}", 1000).state is RefundState.DONE
        except RefundRejected:
            return False

    with ThreadPoolExecutor(8) as staff:
        done = list(staff.map(refund, range(8)))

    assert (sum(done), shop.cancelled(), calls(shop, "refund")) == (1, 1000, 1)


@pytest.mark.parametrize(
    ("amount", "seen", "reason"),
    [
        (300, 1000, RejectReason.STALE_BALANCE),
        (701, 700, RejectReason.TOO_LARGE),
        (0, 700, RejectReason.TOO_LARGE),
    ],
)
def test_a_refund_that_does_not_fit_the_balance_is_rejected(
    shop: Shop, amount: int, seen: int, reason: RejectReason
) -> None:
    shop.paid()
    shop.refund(300)

    with pytest.raises(RefundRejected) as rejected:
        shop.refund(amount, "R2", seen)

    assert (rejected.value.reason, rejected.value.balance, shop.cancelled()) == (reason, 700, 300)


def test_an_unpaid_attempt_is_not_refunded(shop: Shop) -> None:
    shop.open()

    with pytest.raises(RefundRejected, match="not_paid"):
        shop.refund(1000)


def test_a_lost_full_refund_is_repeated_and_refunds_once(shop: Shop) -> None:
    shop.paid()
    shop.wire.break_next("cancel", "lost_answer", "after")
    assert shop.refund(1000).state is RefundState.UNKNOWN

    shop.wait(timedelta(seconds=5))
    shop.flow.sweep()

    refund = shop.store.find_refund("R1")
    assert refund
    assert (refund.state, refund.tries, shop.cancelled()) == (RefundState.DONE, 2, 1000)


def test_a_lost_partial_refund_waits_for_a_person(shop: Shop) -> None:
    shop.paid()
    shop.wire.break_next("cancel", "lost_answer", "after")
    lost = shop.refund(300)
    assert (lost.state, lost.needs_person) == (RefundState.UNKNOWN, True)
    with pytest.raises(RefundRejected, match="in_flight"):
        shop.refund(700, "R2")

    shop.wait(DECIDE_AFTER - timedelta(seconds=1))
    shop.flow.sweep()
    early = shop.flow.decide_refund("R1", was_refunded=True)
    shop.wait(timedelta(seconds=1))
    decided = shop.flow.decide_refund("R1", was_refunded=True)

    assert early
    assert decided
    assert (early.state, decided.state) == (RefundState.UNKNOWN, RefundState.DONE)
    assert (calls(shop, "refund"), shop.store.balance(WISH.attempt_no)) == (1, 700)


def test_a_refund_whose_worker_died_before_it_was_sent_is_refused(shop: Shop) -> None:
    shop.paid()
    shop.store.reserve_refund("R1", WISH.attempt_no, 300, seen_balance=1000, tax=None)

    shop.wait(REFUND_PATIENCE)
    shop.flow.sweep()

    refund = shop.store.find_refund("R1")
    assert refund
    assert (refund.state, shop.cancelled(), shop.store.balance(WISH.attempt_no)) == (RefundState.REFUSED, 0, 1000)


def test_a_number_that_was_used_before_changes_nothing(shop: Shop) -> None:
    before = shop.paid()

    with pytest.raises(sqlite3.IntegrityError):
        shop.open()

    assert shop.store.find(before.attempt_no) == before


def test_the_key_of_a_refund_cannot_be_used_for_another_payment(shop: Shop) -> None:
    first = shop.paid()
    other = replace(first, attempt_no="OTHER")
    shop.store.open_attempt(other, "ANOTHER-ORDER")
    shop.refund(1000)

    with pytest.raises(sqlite3.IntegrityError):
        shop.flow.refund("R1", other.attempt_no, 1000, seen_balance=1000)

    assert (shop.store.balance(first.attempt_no), shop.store.balance(other.attempt_no)) == (0, 1000)


def test_an_unknown_number_is_named(shop: Shop) -> None:
    with pytest.raises(LookupError, match="NOBODY"):
        shop.store.balance("NOBODY")
