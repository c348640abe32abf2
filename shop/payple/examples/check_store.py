"""Checks whether a store of your own keeps its promises. Call it in a test, on a database of its own.

    check_store(store, open_two)

`open_two()` stores a new order with two new attempts and returns their numbers, the older first. Raises AssertionError.
check_payments() checks the five methods of `store.PaymentStore` alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from ..attempts import Attempt, AttemptState, Reason, Verdict
from ..payment import PaymentFound
from ..payment_requests import new_attempt_no
from ..refund_rules import Refund
from ..store import PaymentStore, Store

OpenTwo = Callable[[], tuple[str, str]]
AT_ONCE = 8


def check_store(store: Store, open_two: OpenTwo) -> None:
    """Check all that payments and refunds need."""
    paid, second = _pay_first(store, *open_two())
    _check_rows(store, paid, second)
    _check_lock(store, paid)
    _check_owed(store, second)
    _check_indexes(store, paid, *open_two())
    check_payments(store, open_two)


def check_payments(store: PaymentStore, open_two: OpenTwo) -> None:
    """Check what payments need."""
    _require(store.find("no such attempt") is None, "find() returns None for a number that was never stored")
    first, second = open_two()
    _check_confirm(store, first, second)
    _check_verdicts(store, first, second)
    _check_claims(store, *open_two())


def _pay_first(store: Store, first: str, second: str) -> tuple[Attempt, str]:
    attempt = _find(store, first)
    return store.record(first, Verdict(AttemptState.PAID, attempt.state, found=_found(attempt))), second


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


def _check_rows(store: Store, paid: Attempt, second: str) -> None:
    """The first attempt is paid, the second prepared."""
    number, due = paid.attempt_no, datetime.now(UTC)
    new = replace(_refund(paid), vat=0, next_try_at=due)
    with store.lock(number) as order:
        _require([one.attempt_no for one in order.attempts] == [number, second], "lock() reads all, oldest first")
        order.insert(new)
    _require(store.refunds_of(number) == [new], "a refund is read as it was written")
    _require(number in store.due(due), "due() names the attempt of a due refund")
    sent = new.submitted(due)
    with store.lock(number) as order:
        _require([*order.refunds] == [new], "lock() reads the refunds of the order")
        order.update(sent, None)
    _require(store.refunds_of(number) == [sent], "update() writes every column of a refund")
    later = replace(_find(store, second), success_reported=True, next_check_at=due)
    with store.lock(second) as order:
        order.update(later, None)
    _require(_find(store, second) == later, "update() writes every column of an attempt")
    _require(second in store.due(due), "due() names an attempt that is due")
    with store.lock("no such attempt") as order:
        _require(not order.attempts, "lock() gives no attempts for a number that was never stored")


def _check_lock(store: Store, paid: Attempt) -> None:
    """The attempt has one refund, which is submitted."""
    tries: list[int] = []

    def read_tries() -> None:
        with store.lock(paid.attempt_no) as order:
            tries.append(order.refunds[0].tries)

    other = threading.Thread(target=read_tries, daemon=True)
    with store.lock(paid.attempt_no) as order:
        other.start()
        other.join(0.3)
        _require(not tries, "lock() keeps all others away")
        order.update(replace(order.refunds[0], tries=2), None)
    other.join()
    _require(tries == [2], "lock() reads what the one before has written")
    with suppress(ZeroDivisionError), store.lock(paid.attempt_no) as order:
        order.update(replace(order.refunds[0], tries=3), None)
        raise ZeroDivisionError
    tries_now = [refund.tries for refund in store.refunds_of(paid.attempt_no)]
    _require(tries_now == tries, "an exception takes everything back")


def _check_owed(store: Store, second: str) -> None:
    """The other attempt of the order is paid."""
    attempt = _find(store, second)
    store.record(second, Verdict(AttemptState.PAID, attempt.state, found=_found(attempt)))
    owed = [refund for refund in store.refunds_of(second) if refund.is_owed]
    _require(len(owed) == 1 and owed[0].is_full, "an orphaned payment gets its refund in the same transaction")
    _require(second in store.due(datetime.now(UTC)), "the refund of an orphaned payment is due at once")


def _check_indexes(store: Store, paid: Attempt, first: str, second: str) -> None:
    """The paid attempt of another order has one refund."""
    holding = [replace(_find(store, number), state=AttemptState.UNKNOWN) for number in (first, second)]
    _require(not _is_written(store, holding), "an index admits one attempt per order that may be paid")
    refunds = [_refund(holding[0]), _refund(holding[0])]
    _require(not _is_written(store, refunds), "an index admits one refund per attempt in flight")
    number = store.refunds_of(paid.attempt_no)[0].refund_no
    twice = replace(_refund(holding[0]), refund_no=number)
    _require(not _is_written(store, [twice]), "insert() raises for a number that exists")


def _found(attempt: Attempt) -> PaymentFound:
    number, pay_type, amount = attempt.attempt_no, attempt.pay_type, attempt.amount
    return PaymentFound(number, pay_type, amount, charged_amount=amount, paid_at=datetime.now(UTC))


def _refund(attempt: Attempt) -> Refund:
    now = datetime.now(UTC)
    day = attempt.payment_date or now.date()
    return Refund(new_attempt_no(), attempt.attempt_no, day, amount=1, is_full=False, changed_at=now)


def _is_written(store: Store, rows: Sequence[Attempt | Refund]) -> bool:
    try:
        with store.lock(rows[0].attempt_no) as order:
            for row in rows:
                order.insert(row) if isinstance(row, Refund) else order.update(row, None)
    except Exception:  # noqa: BLE001 - what a unique index raises
        return False
    return True


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
