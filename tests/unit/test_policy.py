"""The rules about money: what an answer means, what may follow what, when a buyer may try again."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop import policy
from shop.errors import CannotPay
from shop.graph import Proof
from shop.payple import Method, PaymentFound, Refused, Work
from shop.policy import Asked, judge
from shop.states import HOLDING, AttemptState, OrderState

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
ASKED = Asked("20261123_ABC", 1000, Method.CARD)


def found(**changes: object) -> PaymentFound:
    facts: dict[str, object] = {
        "attempt_no": ASKED.attempt_no,
        "method": ASKED.method,
        "amount": ASKED.amount,
        "paid_at": NOW,
    }
    return PaymentFound(**facts | changes)  # type: ignore[arg-type]


def test_an_answer_that_repeats_the_question_is_a_payment() -> None:
    assert judge(ASKED, found(), Proof.INQUIRY).state is AttemptState.PAID


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"attempt_no": "20261123_XYZ"}, "attempt_no"),
        ({"amount": 999}, "amount"),
        ({"amount": 1001}, "amount"),
        ({"requested_amount": 2000}, "requested_amount"),
        ({"method": Method.TRANSFER}, "method"),
    ],
)
def test_any_difference_needs_a_person_and_says_which(changes: dict[str, object], reason: str) -> None:
    verdict = judge(ASKED, found(**changes), Proof.INQUIRY)

    assert (verdict.state, verdict.reasons) == (AttemptState.ATTENTION, (reason,))


def test_a_requested_amount_that_is_not_told_is_no_difference() -> None:
    assert judge(ASKED, found(requested_amount=None), Proof.INQUIRY).state is AttemptState.PAID


def test_a_discount_of_the_gateway_adds_up() -> None:
    assert not policy.odd_sums(found(requested_amount=1000, charged_amount=900, discount=100))
    assert policy.odd_sums(found(requested_amount=1000, charged_amount=900, discount=None))


@pytest.mark.parametrize(
    ("changes", "is_enough"),
    [
        ({}, True),
        ({"requested_amount": 1000, "charged_amount": 900, "discount": 100}, True),
        ({"method": Method.TRANSFER}, True),
        ({"refunded_amount": 0}, True),
        ({"attempt_no": "20260101_ELSE"}, False),
        ({"amount": 2000}, False),
        ({"requested_amount": 2000}, False),
        ({"charged_amount": 900}, False),
        ({"charged_amount": 1100}, False),
        ({"charged_amount": 0}, False),
        ({"refunded_amount": 1000}, False),
    ],
)
def test_money_goes_back_at_the_word_of_one_answer_only_if_it_names_what_we_asked_for(
    changes: dict[str, object], is_enough: bool
) -> None:
    assert policy.one_answer_is_enough(ASKED, found(**changes)) is is_enough


def test_a_refusal_that_blames_the_claim_leaves_the_attempt_alive() -> None:
    refused = Refused("CBIL0003", "no such request")

    assert policy.after_refusal(refused, blames_claim=True).state is AttemptState.PREPARED
    assert policy.after_refusal(refused, blames_claim=False).state is AttemptState.DECLINED


@pytest.mark.parametrize(
    ("state", "work", "is_over", "becomes"),
    [
        (AttemptState.UNKNOWN, Work.CERT, False, None),
        (AttemptState.CONFIRMING, Work.CERT, False, None),
        (AttemptState.PREPARED, Work.CERT, False, None),
        (AttemptState.PREPARED, Work.PAY, False, None),
        (AttemptState.UNKNOWN, Work.PAY, False, AttemptState.PREPARED),
        (AttemptState.UNKNOWN, Work.CERT, True, AttemptState.DECLINED),
        (AttemptState.CONFIRMING, Work.CERT, True, AttemptState.DECLINED),
        (AttemptState.PREPARED, Work.CERT, True, AttemptState.EXPIRED),
        (AttemptState.PREPARED, Work.PAY, True, AttemptState.EXPIRED),
        (AttemptState.UNKNOWN, Work.PAY, True, AttemptState.EXPIRED),
        (AttemptState.DECLINED, Work.CERT, True, None),
        (AttemptState.EXPIRED, Work.PAY, True, None),
    ],
)
def test_what_not_found_means_depends_on_whether_a_payment_can_still_come(
    state: AttemptState, work: Work, is_over: bool, becomes: AttemptState | None
) -> None:
    assert policy.nothing_found(state, work, is_over=is_over) is becomes


def test_what_was_given_up_on_silence_is_asked_about_twice_more() -> None:
    assert [policy.next_late_inquiry(asked) for asked in range(3)] == [timedelta(hours=1), timedelta(days=1), None]


def test_money_that_went_back_already_pays_nothing() -> None:
    assert judge(ASKED, found(refunded_amount=1000), Proof.INQUIRY).reasons == ("refunded",)


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


@pytest.mark.parametrize(
    ("days", "searched"), [(0, [23]), (1, [23, 24]), (2, [23, 24, 25]), (9, [23, 24, 25]), (-1, [23])]
)
def test_at_most_three_trade_dates_are_searched_from_the_opening_day(days: int, searched: list[int]) -> None:
    opened = date(2026, 11, 23)

    found_days = policy.days_to_search(opened, opened + timedelta(days=days))

    assert [day.day for day in found_days] == searched


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
