"""When an order is paid, and when a buyer may try again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.errors import CannotPay
from shop.rules.order import order_state, require_payable
from shop.rules.states import HOLDING, AttemptState, OrderState

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@given(st.lists(st.sampled_from(AttemptState), max_size=8), st.booleans())
def test_an_order_is_paid_exactly_when_an_attempt_is(states: list[AttemptState], expired: bool) -> None:
    order = order_state(states, expired=expired)

    assert (order is OrderState.PAID) == (AttemptState.PAID in states)
    assert order is not OrderState.AWAITING_PAYMENT or not set(states) & set(HOLDING)


@pytest.mark.parametrize("state", sorted(set(OrderState) - {OrderState.AWAITING_PAYMENT}))
def test_only_a_waiting_order_can_be_paid(state: OrderState) -> None:
    with pytest.raises(CannotPay):
        require_payable(state, 0, NOW + timedelta(hours=1), NOW)


def test_a_waiting_order_can_be_paid_until_its_time_is_over() -> None:
    require_payable(OrderState.AWAITING_PAYMENT, 0, NOW + timedelta(seconds=1), NOW)

    with pytest.raises(CannotPay) as caught:
        require_payable(OrderState.AWAITING_PAYMENT, 0, NOW, NOW)
    assert caught.value.reason is CannotPay.Reason.EXPIRED
