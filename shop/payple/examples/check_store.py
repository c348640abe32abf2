"""Checks whether a store of your own keeps the promises of `flow.Store`. Call it in a test, on an empty database.

    check_payments(store, open_two)
    check_refunds(store, open_two)

`open_two()` stores a new order with two new attempts and returns their numbers. Raises AssertionError. It does not
check that begin_confirm() refuses an attempt that is older than 40 minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

from ..flow import Attempt, AttemptState, PaymentStore, Reason, Store, Verdict
from ..payment import PaymentFound
from ..refund_rules import Refund, RefundRejected, RefundState, RefundVerdict, RejectReason, balance

OpenTwo = Callable[[], tuple[str, str]]
AT_ONCE = 8


def check_payments(store: PaymentStore, open_two: OpenTwo) -> None:
    """Check what payments need."""
    _require(store.find("no such attempt") is None, "find() returns None for a number that was never stored")
    first, second = open_two()
    _check_confirm(store, first, second)
    _check_verdicts(store, first, second)
    _check_claims(store, *open_two())


def check_refunds(store: Store, open_two: OpenTwo) -> None:
    """Check what refunds need."""
    first, other = _paid(store, open_two), _paid(store, open_two)
    charged = balance(first.charged_amount, [])
    new = _refund("R1", first, 1)

    _require(_times(lambda: store.reserve_refund(new, charged) == new) == AT_ONCE, "the same number is the same refund")
    _require(len(store.refunds_of(first.attempt_no)) == 1, "the same number is stored once")
    _require(_is_refused(store, replace(new, refund_no="R2"), charged - 1) is RejectReason.IN_FLIGHT, "one at a time")
    _require(_is_refused(store, _refund("R1", other, 1), charged) is not None, "a number is of one attempt only")
    _check_sending(store, new)
    _require(_is_refused(store, _refund("R3", first, 1), charged) is RejectReason.STALE_BALANCE, "the balance is ours")
    _require(_is_refused(store, _refund("R3", first, charged), charged - 1) is RejectReason.TOO_LARGE, "not too much")
    numbers = iter(f"R4-{number}" for number in range(AT_ONCE))
    _require(
        _times(lambda: _is_refused(store, _refund(next(numbers), other, 1), charged) is None) == 1, "one at a time"
    )
    _check_owed(store, *open_two())


def _check_confirm(store: PaymentStore, first: str, second: str) -> None:
    _require(_times(lambda: store.begin_confirm(first)) == 1, "begin_confirm() agrees once")
    begun = _find(store, first)
    _require(
        begun.state is AttemptState.CONFIRMING and begun.confirming_at is not None, "begin_confirm() sets its time"
    )
    _require(not store.begin_confirm(second), "begin_confirm() refuses another attempt of the order")
    _require(not store.claim_check(first, at_once=True), "nobody inquires while the confirm may be under way")


def _check_verdicts(store: PaymentStore, first: str, second: str) -> None:
    """The first attempt is confirming, the second prepared."""
    dropped = Verdict(AttemptState.EXPIRED, AttemptState.PREPARED, Reason.NOT_FOUND)
    _require(store.record(first, dropped).state is AttemptState.CONFIRMING, "a verdict on an earlier state is dropped")
    paid = Verdict(AttemptState.PAID, AttemptState.CONFIRMING, found=_found(_find(store, first)))
    _require(_times(lambda: store.record(first, paid).state is AttemptState.PAID) == AT_ONCE, "repeats change nothing")
    stored = _find(store, first)
    _require(stored.charged_amount and stored.payment_date, "record() keeps the charged amount and the day")
    late = Verdict(AttemptState.DECLINED, AttemptState.CONFIRMING, is_from_confirm=True)
    _require(store.record(first, late).state is AttemptState.PAID, "nothing changes a paid attempt")
    twice = Verdict(AttemptState.PAID, AttemptState.PREPARED, found=_found(_find(store, second)))
    _require(store.record(second, twice).state is AttemptState.ORPHANED, "a second payment of an order is orphaned")
    _require(not store.claim_check(first, at_once=True), "a paid attempt is not asked about")


def _check_claims(store: PaymentStore, first: str, second: str) -> None:
    _require(not store.claim_check(first), "an open window is not due")
    unknown = Verdict(AttemptState.UNKNOWN, AttemptState.PREPARED, Reason.NO_ANSWER)
    store.record(first, unknown)
    _require(store.claim_check(first, at_once=True), "at_once claims what is not due")
    _require(not store.claim_check(first), "a claim keeps others away")
    _require(not store.begin_confirm(second), "an unknown attempt holds its order")
    checks = _find(store, first).checks
    store.record(first, replace(unknown, judged_from=AttemptState.UNKNOWN))
    _require(_find(store, first).checks == checks + 1, "record() counts the checks of a state")


def _check_sending(store: Store, new: Refund) -> None:
    _require(not store.begin_refund(replace(new, tries=1)), "begin_refund() refuses what was sent meanwhile")
    _require(_times(lambda: store.begin_refund(new)) == 1, "begin_refund() agrees once")
    sent = store.find_refund(new.refund_no)
    _require(sent and sent.state is RefundState.SUBMITTED and sent.tries == 1, "begin_refund() counts the try")
    late = RefundVerdict(RefundState.REFUSED, tries=0)
    _require(store.record_refund(new.refund_no, late).state is RefundState.SUBMITTED, "an earlier try's no is dropped")
    done = RefundVerdict(RefundState.DONE, tries=1)
    _require(store.record_refund(new.refund_no, done).state is RefundState.DONE, "a refund that was made is recorded")


def _check_owed(store: Store, first: str, second: str) -> None:
    for attempt_no in (first, second):
        attempt = _find(store, attempt_no)
        store.record(attempt_no, Verdict(AttemptState.PAID, attempt.state, found=_found(attempt)))
    owed = [refund for refund in store.refunds_of(second) if refund.is_owed]
    _require(len(owed) == 1 and owed[0].is_full, "an orphaned payment gets its refund in the same transaction")
    _require(owed[0].refund_no in store.due_refunds(), "the refund of an orphaned payment is due at once")


def _paid(store: PaymentStore, open_two: OpenTwo) -> Attempt:
    attempt = _find(store, open_two()[0])
    return store.record(attempt.attempt_no, Verdict(AttemptState.PAID, attempt.state, found=_found(attempt)))


def _found(attempt: Attempt) -> PaymentFound:
    number, pay_type, amount = attempt.attempt_no, attempt.pay_type, attempt.amount
    return PaymentFound(number, pay_type, amount, charged_amount=amount, paid_at=datetime.now(UTC))


def _refund(refund_no: str, attempt: Attempt, amount: int) -> Refund:
    day = attempt.payment_date or datetime.now(UTC).date()
    return Refund(refund_no, attempt.attempt_no, day, amount, is_full=False, changed_at=datetime.now(UTC))


def _is_refused(store: Store, refund: Refund, seen_balance: int) -> RejectReason | str | None:
    """Return why a refund is not reserved, or None if it is."""
    try:
        store.reserve_refund(refund, seen_balance)
    except RefundRejected as rejected:
        return rejected.reason
    except Exception as error:  # noqa: BLE001 - what a unique index raises
        return str(error)
    return None


def _find(store: PaymentStore, attempt_no: str) -> Attempt:
    attempt = store.find(attempt_no)
    if attempt is None:
        raise AssertionError("find() returns what was stored")
    return attempt


def _times(act: Callable[[], bool]) -> int:
    """Return how many of some threads that start together are told yes."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return sum(threads.map(lambda _: act(), range(AT_ONCE)))


def _require(is_kept: object, promise: str) -> None:
    if not is_kept:
        raise AssertionError(promise)
