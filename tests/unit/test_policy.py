"""The rules about money: what an answer means, what may follow what, when a buyer may try again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop import policy
from shop.errors import CannotPay
from shop.states import HOLDING, AttemptState, OrderState

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@given(st.lists(st.sampled_from(AttemptState), max_size=8), st.booleans())
def test_an_order_is_paid_exactly_when_an_attempt_is(states: list[AttemptState], expired: bool) -> None:
    order = policy.order_state(states, expired=expired)

    assert (order is OrderState.PAID) == (AttemptState.PAID in states)
    assert order is not OrderState.AWAITING_PAYMENT or not set(states) & set(HOLDING)


@pytest.mark.parametrize("state", sorted(set(OrderState) - {OrderState.AWAITING_PAYMENT}))
def test_only_a_waiting_order_can_be_paid(state: OrderState) -> None:
    with pytest.raises(CannotPay):
        policy.insist_on_payable(state, 0, NOW + timedelta(hours=1), NOW)


def test_a_waiting_order_can_be_paid_until_its_time_is_over() -> None:
    policy.insist_on_payable(OrderState.AWAITING_PAYMENT, 0, NOW + timedelta(seconds=1), NOW)

    with pytest.raises(CannotPay) as caught:
        policy.insist_on_payable(OrderState.AWAITING_PAYMENT, 0, NOW, NOW)
    assert caught.value.reason is CannotPay.Reason.EXPIRED


def test_nobody_tries_for_ever() -> None:
    with pytest.raises(CannotPay) as caught:
        policy.insist_on_payable(OrderState.AWAITING_PAYMENT, policy.MOST_ATTEMPTS, NOW + timedelta(hours=1), NOW)
    assert caught.value.reason is CannotPay.Reason.TOO_MANY


def test_inquiries_become_rarer() -> None:
    waits = [policy.next_inquiry(asked) for asked in range(8)]

    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (timedelta(seconds=5), timedelta(days=1))


def test_the_question_about_a_late_receipt_is_asked_three_times_and_ends_with_the_window() -> None:
    deadline, asked, now = NOW + timedelta(minutes=40), [], NOW
    while (again := policy.next_receipt_question(NOW, now, deadline)) is not None:
        asked.append(again - NOW)
        now = again

    assert asked == [timedelta(minutes=minutes) for minutes in (1, 10, 40)]


def test_no_question_about_a_receipt_lies_beyond_the_deadline() -> None:
    deadline = NOW + timedelta(minutes=5)

    assert policy.next_receipt_question(NOW, NOW + timedelta(minutes=1), deadline) == deadline
    assert policy.next_receipt_question(NOW, deadline, deadline) is None
