"""The payment flow with the store in SQLite, the real client and the simulator."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shop.payple import ChargeMode, PayType, UnverifiedResult, WindowRequest
from shop.payple.attempts import CONFIRM_PATIENCE, Attempt, AttemptState, Ending
from shop.payple.examples.sqlite_store import SqliteStore
from shop.payple.flow import Flow
from shop.payple.refund_rules import REFUND_PATIENCE, Refund, RefundRejected, RefundState, RejectReason
from tests.gateway.wire import WISH, Wire

ORDER = "ORDER-1"
NUMBER = WISH.attempt_no


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

    def sweep_after(self, pause: timedelta) -> None:
        self.time += pause
        self.flow.sweep()

    def open(self, number: str = NUMBER, **changes: object) -> WindowRequest:
        """Store an attempt of the one order, for the window to be opened with."""
        wish = replace(WISH, attempt_no=number, **changes)  # type: ignore[arg-type]
        attempt = Attempt.of(wish, ORDER, now=self.time)
        self.store.open_attempt(replace(attempt, amount=1000, pay_type=PayType.CARD))
        return wish

    def handle(self, result: UnverifiedResult) -> Attempt:
        attempt = self.flow.handle_result(result)
        assert attempt
        return attempt

    def pay(self, wish: WindowRequest, scenario: str = "approved") -> Attempt:
        """Let the payer go through the window, and handle what the browser brings."""
        return self.handle(self.wire.pay(wish, scenario))

    def attempt(self, number: str = NUMBER) -> Attempt:
        attempt = self.store.find(number)
        assert attempt
        return attempt

    def refund(self, amount: int, key: str = "R1", seen: int | None = None) -> Refund:
        balance = self.flow.balance(NUMBER) if seen is None else seen
        return self.flow.refund(key, NUMBER, amount, seen_balance=balance)

    def stored_refund(self, number: str = NUMBER) -> Refund:
        (refund,) = self.store.refunds_of(number)
        return refund

    def cancelled(self, wish: WindowRequest = WISH) -> int:
        return int(self.wire.booked(wish)["refunded_total"])

    def calls(self, operation: str) -> int:
        return sum(exchange.operation == operation for exchange in self.wire.exchanges)


@pytest.fixture
def shop(wire: Wire, tmp_path: Path) -> Shop:
    return Shop(wire, tmp_path / "shop.sqlite")


@pytest.fixture
def paid(shop: Shop) -> Shop:
    """The shop after a payment of 1,000 won."""
    assert shop.pay(shop.open()).ending is Ending.PAID
    return shop


def test_results_at_the_same_time_confirm_once(shop: Shop) -> None:
    result = shop.wire.pay(shop.open())

    with ThreadPoolExecutor(8) as browsers:
        list(browsers.map(shop.flow.handle_result, [result] * 8))

    assert (shop.handle(result).state, shop.calls("confirm")) == (AttemptState.PAID, 1)
    assert shop.attempt().charged_amount == 1000


def test_a_declined_card_leaves_the_order_open_for_another_attempt(shop: Shop) -> None:
    endings = [shop.pay(shop.open(), "limit").ending, shop.pay(shop.open("SECOND")).ending]

    assert endings == [Ending.DECLINED, Ending.PAID]


def test_a_closed_window_asks_nobody(shop: Shop) -> None:
    shop.open()

    attempt = shop.handle(UnverifiedResult(result="close", attempt_no=NUMBER))

    assert (attempt.ending, shop.wire.exchanges) == (Ending.TRY_AGAIN, [])


def test_a_result_for_another_amount_is_not_confirmed(shop: Shop) -> None:
    attempt = shop.pay(shop.open(amount=100_000))

    assert (attempt.state, shop.calls("confirm")) == (AttemptState.PREPARED, 0)


def test_a_payment_in_the_window_is_paid_by_an_inquiry(shop: Shop) -> None:
    attempt = shop.pay(shop.open(charge_mode=ChargeMode.IN_WINDOW))

    assert (attempt.state, shop.calls("inquire")) == (AttemptState.PAID, 1)


@pytest.mark.parametrize(("phase", "state"), [("after", AttemptState.PAID), ("before", AttemptState.DECLINED)])
def test_a_confirm_whose_answer_is_lost_is_found_out_by_the_sweep(shop: Shop, phase: str, state: AttemptState) -> None:
    first, second = shop.wire.pay(shop.open()), shop.wire.pay(shop.open("SECOND"))
    shop.wire.break_next("confirm", "lost_answer", phase)
    assert shop.handle(first).ending is Ending.UNKNOWN
    assert shop.handle(second).state is AttemptState.PREPARED

    shop.sweep_after(timedelta(minutes=41))

    assert (shop.attempt().state, shop.calls("confirm")) == (state, 1)


def test_the_sweep_asks_about_a_confirm_whose_worker_died(shop: Shop) -> None:
    shop.open()
    assert shop.store.begin_confirm(NUMBER)
    shop.flow.sweep()
    assert shop.wire.exchanges == []

    shop.sweep_after(CONFIRM_PATIENCE)

    assert shop.calls("inquire") == 1


def test_the_inquiries_of_a_sweep_share_one_authentication(shop: Shop) -> None:
    for number in ("FIRST", "SECOND", "THIRD"):
        shop.open(number)

    shop.sweep_after(timedelta(minutes=41))

    assert (shop.calls("authenticate"), shop.calls("inquire") >= 3) == (1, True)


def test_one_attempt_that_fails_does_not_stop_the_sweep(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    shop.open("DAMAGED")
    with closing(sqlite3.connect(shop.path)) as db, db:
        db.execute("UPDATE attempts SET order_no = 'ORDER-0', state = 'damaged'")
    shop.open()

    shop.sweep_after(timedelta(minutes=41))

    assert shop.attempt().state is AttemptState.EXPIRED
    assert "the sweep could not deal with DAMAGED" in caplog.text


def test_a_second_payment_of_an_order_is_refunded_by_the_sweep(shop: Shop) -> None:
    second = shop.open("SECOND", charge_mode=ChargeMode.IN_WINDOW)
    shop.pay(shop.open())
    assert shop.pay(second).ending is Ending.REVIEW

    shop.flow.sweep()

    assert shop.stored_refund("SECOND").state is RefundState.DONE
    assert (shop.cancelled(second), shop.cancelled()) == (1000, 0)


def test_a_payment_of_another_amount_is_refunded(shop: Shop) -> None:
    wish = shop.open(amount=5000, charge_mode=ChargeMode.IN_WINDOW)
    assert shop.pay(wish).state is AttemptState.ORPHANED

    shop.flow.sweep()

    assert shop.cancelled(wish) == 5000


def test_the_key_of_a_refund_moves_money_once_and_for_one_payment(paid: Shop) -> None:
    paid.store.open_attempt(replace(paid.attempt(), attempt_no="OTHER", order_no="ANOTHER-ORDER"))

    refunds = [paid.refund(300, seen=1000) for _ in range(2)]
    with pytest.raises(sqlite3.IntegrityError):
        paid.flow.refund("R1", "OTHER", 1000, seen_balance=1000)

    assert [refund.state for refund in refunds] == [RefundState.DONE] * 2
    assert (paid.cancelled(), paid.flow.balance(NUMBER), paid.flow.balance("OTHER")) == (300, 700, 1000)


def test_refunds_at_the_same_time_refund_no_won_twice(paid: Shop) -> None:
    def refund(number: int) -> bool:
        try:
            return paid.refund(1000, f"R{number}", 1000).state is RefundState.DONE
        except RefundRejected:
            return False

    with ThreadPoolExecutor(8) as staff:
        done = list(staff.map(refund, range(8)))

    assert (sum(done), paid.cancelled(), paid.calls("refund")) == (1, 1000, 1)


@pytest.mark.parametrize(
    ("amount", "seen", "reason"),
    [
        (300, 1000, RejectReason.STALE_BALANCE),
        (701, 700, RejectReason.TOO_LARGE),
        (0, 700, RejectReason.TOO_LARGE),
    ],
)
def test_a_refund_that_does_not_fit_the_balance_is_rejected(
    paid: Shop, amount: int, seen: int, reason: RejectReason
) -> None:
    paid.refund(300)

    with pytest.raises(RefundRejected) as rejected:
        paid.refund(amount, "R2", seen)

    assert (rejected.value.reason, rejected.value.balance, paid.cancelled()) == (reason, 700, 300)


def test_only_a_paid_attempt_is_refunded(shop: Shop) -> None:
    shop.open()

    with pytest.raises(RefundRejected, match="not_paid"):
        shop.refund(1000)
    assert shop.flow.balance("NOBODY") == 0


def test_a_lost_full_refund_is_repeated_and_refunds_once(paid: Shop) -> None:
    paid.wire.break_next("cancel", "lost_answer", "after")
    assert paid.refund(1000).state is RefundState.UNKNOWN

    paid.sweep_after(timedelta(seconds=5))

    refund = paid.stored_refund()
    assert (refund.state, refund.tries, paid.cancelled()) == (RefundState.DONE, 2, 1000)


def test_a_lost_partial_refund_waits_for_a_person(paid: Shop, caplog: pytest.LogCaptureFixture) -> None:
    paid.wire.break_next("cancel", "lost_answer", "after")
    lost = paid.refund(300)
    assert (lost.state, lost.needs_person) == (RefundState.UNKNOWN, True)
    assert "refund R1 waits for a person" in caplog.text
    with pytest.raises(RefundRejected, match="in_flight"):
        paid.refund(700, "R2")

    for pause, state in ((timedelta(minutes=10, seconds=-1), "unknown"), (timedelta(seconds=1), "done")):
        paid.sweep_after(pause)
        decided = paid.flow.decide_refund("R1", NUMBER, was_refunded=True)
        assert decided
        assert decided.state == state
    assert (paid.calls("refund"), paid.flow.balance(NUMBER)) == (1, 700)


def test_a_refund_whose_worker_died_before_it_was_sent_is_refused(paid: Shop) -> None:
    attempt = paid.attempt()
    assert attempt.payment_date
    with paid.store.lock(NUMBER) as order:
        order.insert(Refund("R1", NUMBER, attempt.payment_date, 300, False, paid.time).scheduled(paid.time))

    paid.sweep_after(REFUND_PATIENCE)

    assert (paid.stored_refund().state, paid.cancelled()) == (RefundState.REFUSED, 0)
    assert paid.flow.balance(NUMBER) == 1000


def test_a_number_that_was_used_before_changes_nothing(paid: Shop) -> None:
    before = paid.attempt()

    with pytest.raises(sqlite3.IntegrityError):
        paid.open()

    assert paid.attempt() == before
