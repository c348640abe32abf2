"""Where payments are kept: what the flow asks of a database, and a store for any that can lock an order.

Make a subclass of Store with lock() and due(). to_row() and its two readers convert what you keep. README.md names
what you write besides.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from .attempts import HOLDING, Attempt, AttemptState, Verdict, next_check, owed_refund, utc_now
from .errors import GatewayError
from .messages import ChargeMode, PayType
from .payment import PaymentFound
from .refund import RefundDone
from .refund_rules import Refund, RefundState
from .result import UnverifiedResult

GatewayAnswer = PaymentFound | RefundDone | GatewayError
CLAIM = timedelta(minutes=2)
"""How long a claimed inquiry keeps others away."""


class PaymentStore(Protocol):
    """What payments need from a database. Each method is one transaction, committed before it returns.

    A unique index must admit one attempt per order in ``HOLDING``. Store, below, implements all five methods.
    """

    def find(self, attempt_no: str) -> Attempt | None:
        """Return an attempt as it is now."""
        ...

    def note_result(self, attempt_no: str, result: UnverifiedResult) -> bool:
        """Keep ``success_reported``. Return True if the flow inquires at once: for the first result and few later ones.

        Anybody can post results: a limit keeps them from making more inquiries.
        """
        ...

    def begin_confirm(self, attempt_no: str) -> bool:
        """Set prepared to confirming, ``confirming_at`` to now and ``checks`` to 0, and set next_check().

        Return False if it is not prepared, if another attempt holds the order, or if it is later than ``ends_at``.
        """
        ...

    def claim_check(self, attempt_no: str, *, at_once: bool = False) -> bool:
        """Claim the next inquiry: move its date two minutes on if it is due.

        Return False if it is not, and for an attempt in ``FINAL``. ``at_once`` also claims one that is not due yet,
        unless it is confirming.
        """
        ...

    def record(self, attempt_no: str, verdict: Verdict) -> Attempt:
        """Write Verdict.applied_to() and next_check() under the order's lock.

        If it becomes orphaned, insert owed_refund() in the same transaction.
        """
        ...


@dataclass(frozen=True)
class LockedOrder:
    """All attempts of an order, oldest first, and their refunds, while nobody else can change them.

    ``insert`` stores a new refund and raises if its number exists. ``update`` writes a row that has changed; with it
    comes what the gateway answered, if anything, for you to keep what you like of it.
    """

    attempts: Sequence[Attempt]
    refunds: Sequence[Refund]
    insert: Callable[[Refund], None]
    update: Callable[[Attempt | Refund, GatewayAnswer | None], None]

    def attempt(self, attempt_no: str) -> Attempt | None:
        return next((attempt for attempt in self.attempts if attempt.attempt_no == attempt_no), None)

    def refunds_of(self, attempt_no: str) -> list[Refund]:
        return [refund for refund in self.refunds if refund.attempt_no == attempt_no]

    def stored(self, refund: Refund) -> Refund:
        """Return a refund as it is stored now."""
        return next(stored for stored in self.refunds if stored.refund_no == refund.refund_no)

    def is_held_against(self, attempt: Attempt) -> bool:
        """Return whether another attempt of the order is confirming, unknown or paid."""
        return any(one.state in HOLDING for one in self.attempts if one.attempt_no != attempt.attempt_no)


class Store(ABC):
    """Keeps the rules of PaymentStore, and those of refunds.

    A unique index must admit one refund per attempt in ``IN_FLIGHT``. find() and refunds_of() take the lock, too: write
    your own if reading must not wait.
    """

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


def to_row(stored: Attempt | Refund) -> dict[str, str | int | None]:
    """Return plain values for a database or JSON: texts, whole numbers, booleans and None."""
    return {name: _plain(value) for name, value in vars(stored).items()}


def attempt_from_row(row: Any) -> Attempt:
    """Read what to_row() gave, from anything with these names as keys."""
    return Attempt(
        attempt_no=row["attempt_no"],
        amount=row["amount"],
        pay_type=PayType(row["pay_type"]),
        charge_mode=ChargeMode(row["charge_mode"]),
        state=AttemptState(row["state"]),
        started_at=datetime.fromisoformat(row["started_at"]),
        confirming_at=_time(row["confirming_at"]),
        checks=row["checks"],
        success_reported=None if row["success_reported"] is None else bool(row["success_reported"]),
        payment_date=None if row["payment_date"] is None else date.fromisoformat(row["payment_date"]),
        charged_amount=row["charged_amount"],
        next_check_at=_time(row["next_check_at"]),
        order_no=row["order_no"],
    )


def refund_from_row(row: Any) -> Refund:
    """Read what to_row() gave, from anything with these names as keys."""
    return Refund(
        refund_no=row["refund_no"],
        attempt_no=row["attempt_no"],
        payment_date=date.fromisoformat(row["payment_date"]),
        amount=row["amount"],
        is_full=bool(row["is_full"]),
        changed_at=datetime.fromisoformat(row["changed_at"]),
        vat=row["vat"],
        is_owed=bool(row["is_owed"]),
        state=RefundState(row["state"]),
        tries=row["tries"],
        next_try_at=_time(row["next_try_at"]),
    )


def utc_text(time: datetime) -> str:
    """Return a time as to_row() writes it: in UTC and ISO format. Such texts sort by time."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def _plain(value: str | int | date | None) -> str | int | None:
    match value:
        case datetime():
            return utc_text(value)
        case date():
            return value.isoformat()
        case StrEnum():
            return value.value
        case _:
            return value


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
