"""The store of the flow for any database that can lock an order. You write two methods: lock() and due()."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta

from .flow import Attempt, AttemptState, LockedOrder, Verdict, next_check, owed_refund, utc_now
from .refund_rules import Refund
from .result import UnverifiedResult

CLAIM = timedelta(minutes=2)
"""How long a claimed inquiry keeps others away."""


class LockingStore(ABC):
    """Implements `flow.Store`. find() and refunds_of() take the lock, too: write your own if reading must not wait."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self.now = now

    @abstractmethod
    def lock(self, attempt_no: str) -> AbstractContextManager[LockedOrder]:
        """Open a transaction, lock the order of this attempt, then read all its attempts and refunds.

        Commit at the end, roll back after an exception. While it is open, nobody else may read the order here: use
        SELECT ... FOR UPDATE, or BEGIN IMMEDIATE in SQLite. A number that you do not have gives no attempts.
        """

    @abstractmethod
    def due(self, now: datetime) -> Sequence[str]:
        """Return the numbers of attempts that are due, or of which a refund is: oldest first, a limited number.

        Due is what has a ``next_check_at`` or ``next_try_at`` up to now.
        """

    def find(self, attempt_no: str) -> Attempt | None:
        with self.lock(attempt_no) as order:
            return order.attempt(attempt_no)

    def refunds_of(self, attempt_no: str) -> list[Refund]:
        with self.lock(attempt_no) as order:
            return order.refunds_of(attempt_no)

    def note_result(self, attempt_no: str, result: UnverifiedResult) -> bool:
        with self.lock(attempt_no) as order:
            attempt = _require(order, attempt_no)
            is_news = attempt.success_reported is None or (result.reports_success and not attempt.success_reported)
            if is_news:
                order.update(replace(attempt, success_reported=result.reports_success), None)
            return is_news

    def begin_confirm(self, attempt_no: str) -> bool:
        now = self.now()
        with self.lock(attempt_no) as order:
            attempt = _require(order, attempt_no)
            is_prepared = attempt.state is AttemptState.PREPARED
            if not is_prepared or order.is_held_against(attempt) or now > attempt.ends_at:
                return False
            begun = replace(attempt, state=AttemptState.CONFIRMING, confirming_at=now, checks=0)
            order.update(replace(begun, next_check_at=next_check(begun, now)), None)
            return True

    def claim_check(self, attempt_no: str, *, at_once: bool = False) -> bool:
        now = self.now()
        with self.lock(attempt_no) as order:
            attempt = _require(order, attempt_no)
            is_due = attempt.next_check_at is not None and attempt.next_check_at <= now
            may_claim = is_due or (at_once and attempt.state is not AttemptState.CONFIRMING)
            if attempt.is_final or not may_claim:
                return False
            order.update(replace(attempt, next_check_at=now + CLAIM), None)
            return True

    def record(self, attempt_no: str, verdict: Verdict) -> Attempt:
        now = self.now()
        with self.lock(attempt_no) as order:
            before = _require(order, attempt_no)
            after = verdict.applied_to(before, order_is_held=order.is_held_against(before))
            if after is before:
                return before
            after = replace(after, next_check_at=next_check(after, now))
            order.update(after, verdict.found or verdict.error)
            if owed := owed_refund(after, now):
                order.insert(owed)
            return after


def _require(order: LockedOrder, attempt_no: str) -> Attempt:
    attempt = order.attempt(attempt_no)
    if attempt is None:
        raise LookupError(f"no attempt {attempt_no}")
    return attempt
