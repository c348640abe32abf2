"""The rules about cash receipts: what a refund and an inquiry make of one, and when a job is due."""

from datetime import UTC, datetime, timedelta

import pytest

from shop import clock
from shop.payple import TransferPayment
from shop.rules.cash_receipt import Coverage, after_check, after_refund, next_morning
from shop.rules.states import CashReceiptState

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
ISSUED, DUE = CashReceiptState.ISSUED, CashReceiptState.CANCEL_DUE
CANCELLED, REQUESTED, FAILED = CashReceiptState.CANCELLED, CashReceiptState.REQUESTED, CashReceiptState.FAILED


@pytest.mark.parametrize(
    ("before", "rest", "is_adjusted", "after"),
    [
        (Coverage(ISSUED, 10_000), 6_000, True, Coverage(ISSUED, 6_000)),
        (Coverage(ISSUED, 10_000), 0, True, Coverage(CANCELLED, 0)),
        (Coverage(ISSUED, 10_000), 6_000, False, Coverage(DUE, 10_000, 6_000)),
        (Coverage(ISSUED, 10_000), 0, False, Coverage(DUE, 10_000, 0)),
        (Coverage(DUE, 10_000, 6_000), 5_000, False, Coverage(DUE, 10_000, 5_000)),
        (Coverage(DUE, 10_000, 6_000), 5_000, True, Coverage(DUE, 10_000, 5_000)),
        (Coverage(DUE, 10_000, 6_000), 0, True, Coverage(CANCELLED, 0)),
        (Coverage(DUE, 10_000, 0), 5_000, False, Coverage(DUE, 10_000, 0)),
    ],
)
def test_a_receipt_follows_a_refund(before: Coverage, rest: int, is_adjusted: bool, after: Coverage) -> None:
    assert after_refund(before, rest, is_adjusted=is_adjusted) == after


@pytest.mark.parametrize(
    ("state", "number", "may_fail", "after"),
    [
        (DUE, "G1", True, DUE),
        (DUE, "", True, CANCELLED),
        (REQUESTED, "G2", True, ISSUED),
        (REQUESTED, "G1", False, REQUESTED),
        (REQUESTED, "", False, REQUESTED),
        (REQUESTED, "", True, FAILED),
    ],
)
def test_an_inquiry_decides_about_a_call(
    state: CashReceiptState, number: str, may_fail: bool, after: CashReceiptState
) -> None:
    found = TransferPayment("KB", "***", True, cash_receipt_issued=bool(number), cash_receipt_number=number)
    assert after_check(state, found, {"G1"}, may_fail=may_fail) is after


@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_a_job_is_due_at_nine_of_the_next_day_in_korea(hour: int) -> None:
    now = NOW.replace(hour=hour)
    due = clock.korea_time(next_morning(now))

    assert (due.date() - clock.korea_date(now), due.hour, due.minute) == (timedelta(days=1), 9, 0)
