"""The pure rules of the payment flow: what an answer means, when to ask again, and what a database keeps."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from shop.payple import ChargeMode, GatewayError, NotSent, OutcomeUnknown, PaymentFound, PayType, Refused
from shop.payple.attempts import TRANSITIONS, Attempt, AttemptState, Ending, Reason, Verdict, next_check, owed_refund
from shop.payple.flow import days_to_ask, judge, no_answer, not_found
from shop.payple.messages import KOREA
from shop.payple.refund_rules import Refund, RefundState, RefundVerdict, give_up, judge_refund, next_try
from shop.payple.store import attempt_from_row, refund_from_row, to_row, utc_text

OPENED = datetime(2026, 11, 23, 3, tzinfo=UTC)
S = AttemptState


def attempt(state: AttemptState = S.PREPARED, mode: ChargeMode = ChargeMode.ON_CONFIRM, **more: object) -> Attempt:
    values: dict[str, object] = {"attempt_no": "A1", "amount": 1000, "pay_type": PayType.CARD, "started_at": OPENED}
    return Attempt(state=state, charge_mode=mode, **(values | more))  # type: ignore[arg-type]


def found(**more: object) -> PaymentFound:
    values: dict[str, object] = {"attempt_no": "A1", "pay_type": PayType.CARD, "amount": 1000, "charged_amount": 1000}
    values |= {"paid_at": OPENED}
    return PaymentFound(**(values | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        ({}, S.PAID, Reason.NONE),
        ({"requested_amount": 1000, "charged_amount": 900}, S.PAID, Reason.NONE),
        ({"state": "1", "refunded_amount": 0}, S.PAID, Reason.NONE),
        ({"amount": 999}, S.ORPHANED, Reason.AMOUNT),
        ({"requested_amount": 999}, S.ORPHANED, Reason.AMOUNT),
        ({"pay_type": PayType.TRANSFER}, S.ORPHANED, Reason.PAY_TYPE),
        ({"attempt_no": "B1"}, S.ATTENTION, Reason.NUMBER),
        ({"refunded_amount": 1}, S.ATTENTION, Reason.REFUNDED),
        ({"state": "2"}, S.ATTENTION, Reason.REFUNDED),
    ],
)
def test_only_an_answer_that_agrees_is_paid(answer: dict[str, object], state: AttemptState, reason: Reason) -> None:
    verdict = judge(attempt(), found(**answer))

    assert (verdict.state, verdict.reason) == (state, reason)


LATE_CONFIRM = attempt(S.UNKNOWN, confirming_at=OPENED + timedelta(minutes=39))


@pytest.mark.parametrize(
    ("before", "minutes", "after"),
    [
        (attempt(S.PREPARED), 39, S.PREPARED),
        (attempt(S.PREPARED), 41, S.EXPIRED),
        (attempt(S.PREPARED, ChargeMode.IN_WINDOW), 41, S.EXPIRED),
        (attempt(S.UNKNOWN), 39, S.UNKNOWN),
        (attempt(S.UNKNOWN), 41, S.DECLINED),
        (attempt(S.UNKNOWN, ChargeMode.IN_WINDOW), 1, S.PREPARED),
        (LATE_CONFIRM, 53, S.UNKNOWN),
        (LATE_CONFIRM, 55, S.DECLINED),
        (attempt(S.CONFIRMING), 41, S.DECLINED),
        (attempt(S.DECLINED), 100, S.DECLINED),
        (attempt(S.ATTENTION), 100, S.ATTENTION),
    ],
)
def test_not_found_counts_only_when_no_payment_can_come(before: Attempt, minutes: int, after: AttemptState) -> None:
    assert not_found(before, OPENED + timedelta(minutes=minutes)).state is after


@pytest.mark.parametrize(
    ("before", "minutes", "after"),
    [
        (attempt(S.CONFIRMING), 1, S.UNKNOWN),
        (attempt(S.PREPARED), 1, S.PREPARED),
        (attempt(S.PREPARED, checks=7), 41, S.ATTENTION),
        (attempt(S.PREPARED, ChargeMode.IN_WINDOW), 1, S.PREPARED),
        (attempt(S.PREPARED, ChargeMode.IN_WINDOW, checks=9), 1, S.PREPARED),
        (attempt(S.PREPARED, ChargeMode.IN_WINDOW, success_reported=True), 1, S.UNKNOWN),
        (attempt(S.UNKNOWN, checks=6), 1, S.UNKNOWN),
        (attempt(S.UNKNOWN, checks=7), 1, S.ATTENTION),
        (attempt(S.DECLINED, checks=9), 1, S.DECLINED),
    ],
)
def test_silence_is_never_not_paid(before: Attempt, minutes: int, after: AttemptState) -> None:
    assert no_answer(before, OutcomeUnknown("silent"), OPENED + timedelta(minutes=minutes)).state is after


@pytest.mark.parametrize(
    ("verdict", "now", "applies"),
    [
        (Verdict(S.DECLINED, S.CONFIRMING), S.CONFIRMING, True),
        (Verdict(S.DECLINED, S.CONFIRMING), S.UNKNOWN, False),
        (Verdict(S.DECLINED, S.CONFIRMING, is_from_confirm=True), S.UNKNOWN, True),
        (Verdict(S.DECLINED, S.CONFIRMING, is_from_confirm=True), S.PAID, False),
        (Verdict(S.PAID, S.CONFIRMING, found=found()), S.DECLINED, True),
        (Verdict(S.PAID, S.CONFIRMING, found=found()), S.ATTENTION, True),
        (Verdict(S.PAID, S.CONFIRMING, found=found()), S.ORPHANED, False),
    ],
)
def test_when_a_verdict_applies(verdict: Verdict, now: AttemptState, applies: bool) -> None:
    before = attempt(now)

    assert (verdict.applied_to(before, order_is_held=False) is not before) is applies


@pytest.mark.parametrize(
    ("before", "minutes", "wait"),
    [
        (attempt(), 0, timedelta(minutes=40)),
        (attempt(mode=ChargeMode.IN_WINDOW, success_reported=True), 0, timedelta(seconds=5)),
        (attempt(S.CONFIRMING, confirming_at=OPENED), 0, timedelta(seconds=70)),
        (attempt(S.UNKNOWN), 0, timedelta(seconds=5)),
        (attempt(S.UNKNOWN, checks=3), 0, timedelta(minutes=10)),
        (attempt(S.UNKNOWN, checks=4), 0, timedelta(minutes=40)),
        (attempt(S.UNKNOWN, checks=7), 60, timedelta(days=1)),
        (attempt(S.DECLINED), 60, timedelta(hours=1)),
        (attempt(S.EXPIRED, checks=1), 60, timedelta(days=1)),
        (attempt(S.EXPIRED, checks=2), 60, None),
        (attempt(S.DECLINED, payment_date=OPENED.date()), 60, None),  # a person has closed a payment refunded elsewhere
        (attempt(S.PAID), 0, None),
        (attempt(S.ATTENTION), 0, None),
    ],
)
def test_next_check(before: Attempt, minutes: int, wait: timedelta | None) -> None:
    now = OPENED + timedelta(minutes=minutes)

    assert next_check(before, now) == (None if wait is None else now + wait)


@pytest.mark.parametrize(("hours", "days"), [(1, 1), (12, 2), (36, 3), (500, 3)])
def test_at_most_three_trade_dates_are_asked_from_the_opening_day(hours: int, days: int) -> None:
    asked = days_to_ask(OPENED, OPENED + timedelta(hours=hours))

    assert asked == [date(2026, 11, 23) + timedelta(days=day) for day in range(days)]


def test_nothing_leads_away_from_paid_and_orphaned() -> None:
    assert [state for state, after in TRANSITIONS.items() if not after] == [S.PAID, S.ORPHANED]


NO = Refused("no", "PAYC0011")
ALREADY = Refused("cancelled already", "1115")
LOST = OutcomeUnknown("lost")
LATE = NotSent("too late")
R = RefundState


def refund(state: RefundState = R.RESERVED, *, is_full: bool = True, is_owed: bool = False, tries: int = 0) -> Refund:
    return Refund("R1", "A1", OPENED.date(), 1000, is_full, OPENED, None, is_owed, state, tries)


@pytest.mark.parametrize(
    ("before", "answer", "after"),
    [
        (refund(), NO, R.REFUSED),
        (refund(), ALREADY, R.REFUSED),
        (refund(), LOST, R.UNKNOWN),
        (refund(), LATE, R.REFUSED),
        (refund(is_owed=True), LATE, R.RESERVED),
        (refund(R.UNKNOWN, tries=1), ALREADY, R.DONE),
        (refund(R.UNKNOWN, tries=1), NO, R.UNKNOWN),
        (refund(R.UNKNOWN, tries=1), LOST, R.UNKNOWN),
        (refund(R.UNKNOWN, tries=1, is_owed=True), LATE, R.UNKNOWN),
    ],
)
def test_an_answer_to_a_cancel_decides_the_refund(before: Refund, answer: GatewayError, after: RefundState) -> None:
    assert judge_refund(before, answer).state is after


@pytest.mark.parametrize(
    ("now", "verdict", "after"),
    [
        (refund(R.SUBMITTED, tries=1), RefundVerdict(R.REFUSED, 1), R.REFUSED),
        (refund(R.UNKNOWN, tries=1), RefundVerdict(R.REFUSED, 1), R.REFUSED),
        (refund(R.SUBMITTED, tries=2), RefundVerdict(R.REFUSED, 1), R.SUBMITTED),
        (refund(R.REFUSED, tries=1), RefundVerdict(R.UNKNOWN, 1), R.REFUSED),
        (refund(R.REFUSED, tries=1), RefundVerdict(R.DONE, 1), R.DONE),
        (refund(R.DONE, tries=1), RefundVerdict(R.REFUSED, 1), R.DONE),
    ],
)
def test_a_late_answer_counts_only_for_its_own_try(now: Refund, verdict: RefundVerdict, after: RefundState) -> None:
    assert verdict.applied_to(now, OPENED).state is after


@pytest.mark.parametrize(
    ("row", "seconds", "given_up_as", "needs_person"),
    [
        (refund(), 120, R.REFUSED, False),
        (refund(is_owed=True), 0, None, False),
        (refund(is_owed=True, tries=1), 5, None, False),
        (refund(R.SUBMITTED, tries=1), 120, R.UNKNOWN, False),
        (refund(R.UNKNOWN, tries=1), 5, None, False),
        (refund(R.UNKNOWN, tries=2), 30, None, False),
        (refund(R.UNKNOWN, tries=7), 86_400, None, False),
        (refund(R.UNKNOWN, tries=8), 86_400, None, True),
        (refund(R.UNKNOWN, tries=1, is_full=False), None, None, True),
        (refund(R.DONE, tries=1), None, None, False),
        (refund(R.REFUSED, tries=1), None, None, False),
        (refund(R.REFUSED, tries=1, is_owed=True), None, None, True),
    ],
)
def test_a_refund_is_tried_again_given_up_or_left_to_a_person(
    row: Refund, seconds: int | None, given_up_as: RefundState | None, needs_person: bool
) -> None:
    verdict = give_up(row)

    assert next_try(row, OPENED) == (None if seconds is None else OPENED + timedelta(seconds=seconds))
    assert (verdict and verdict.state, row.needs_person) == (given_up_as, needs_person)


@pytest.mark.parametrize(
    ("state", "ending"),
    [
        (S.PREPARED, Ending.TRY_AGAIN),
        (S.CONFIRMING, Ending.UNKNOWN),
        (S.PAID, Ending.PAID),
        (S.DECLINED, Ending.DECLINED),
        (S.ORPHANED, Ending.REVIEW),
    ],
)
def test_a_state_has_a_meaning_for_the_buyer(state: AttemptState, ending: Ending) -> None:
    assert attempt(state).ending is ending


def test_a_payment_that_is_found_in_attention_is_kept() -> None:
    verdict = judge(attempt(S.ATTENTION), found(refunded_amount=1))

    assert verdict.applied_to(attempt(S.ATTENTION), order_is_held=False).charged_amount == 1000


def test_a_payment_of_a_held_order_is_orphaned_and_owed() -> None:
    verdict = judge(attempt(), found(charged_amount=900))

    orphan = verdict.applied_to(attempt(), order_is_held=True)

    assert orphan.state is S.ORPHANED
    owed = owed_refund(orphan, OPENED)
    assert owed
    assert (owed.amount, owed.is_full, owed.is_owed, owed.payment_date) == (900, True, True, date(2026, 11, 23))
    assert owed_refund(verdict.applied_to(attempt(), order_is_held=False), OPENED) is None


def test_what_is_kept_is_plain_and_read_as_it_was() -> None:
    charged = attempt(S.UNKNOWN, payment_date=OPENED.date(), success_reported=False, next_check_at=OPENED)
    for row in (attempt(), charged):
        assert attempt_from_row(json.loads(json.dumps(to_row(row)))) == row
    assert refund_from_row(json.loads(json.dumps(to_row(refund(R.UNKNOWN, tries=2))))) == refund(R.UNKNOWN, tries=2)


def test_texts_of_times_sort_by_time_wherever_they_come_from() -> None:
    times = [OPENED, OPENED + timedelta(microseconds=1), (OPENED + timedelta(seconds=1)).astimezone(KOREA)]

    assert sorted(map(utc_text, times)) == [utc_text(time) for time in times]
