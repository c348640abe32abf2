"""What is decided about refunds: whether one may be reserved, what an answer means, and when to send it again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from . import codes
from .backoff import MOST_UNANSWERED, backoff
from .errors import GatewayError, NotSent, OutcomeUnknown, Refused
from .refund import RefundDone

REFUND_PATIENCE = timedelta(minutes=2)
"""Longer than a refund can take. After that its process is taken to have stopped."""
DECIDE_AFTER = timedelta(minutes=10)
"""Before that nobody decides about a refund whose answer was lost."""


class RefundState(StrEnum):
    """One refund of a payment.

    reserved   its amount is taken out of the balance; nothing is sent
    submitted  the intent to cancel is committed; the call may be under way
    unknown    the call had no definite answer: a full refund is repeated, a partial one waits for a person
    done       the gateway says yes, or a person has found out that it did
    refused    the gateway says no; the amount can be refunded again
    """

    RESERVED = "reserved"
    SUBMITTED = "submitted"
    UNKNOWN = "unknown"
    DONE = "done"
    REFUSED = "refused"


IN_FLIGHT = (RefundState.RESERVED, RefundState.SUBMITTED, RefundState.UNKNOWN)
"""At most one refund of a payment is in one of these states."""


@dataclass(frozen=True)
class Refund:
    """What the flow needs of a stored refund. ``amount`` and the ``vat`` in it in won.

    ``is_full``: all that was left of the payment. ``is_owed``: filed by the program for an orphaned payment.
    ``tries`` counts how often it was sent.
    """

    refund_no: str
    attempt_no: str
    payment_date: date
    amount: int
    is_full: bool
    changed_at: datetime
    vat: int | None = None
    is_owed: bool = False
    state: RefundState = RefundState.RESERVED
    tries: int = 0
    next_try_at: datetime | None = None

    def scheduled(self, now: datetime) -> Refund:
        """Return the refund with the date of its next try."""
        return replace(self, next_try_at=next_try(self, now))

    def submitted(self, now: datetime) -> Refund:
        """Return the refund as it is stored before it is sent."""
        return replace(self, state=RefundState.SUBMITTED, tries=self.tries + 1, changed_at=now).scheduled(now)

    @property
    def needs_person(self) -> bool:
        """Whether a person must look at it: nothing else will settle it, or too many repeats have not."""
        if self.state is RefundState.UNKNOWN:
            return not self.is_full or self.tries >= MOST_UNANSWERED
        return self.is_owed and self.state is RefundState.REFUSED


@dataclass(frozen=True)
class RefundVerdict:
    """What an answer to a cancel means for a refund, and which of its tries it answers."""

    state: RefundState
    tries: int
    done: RefundDone | None = None
    error: GatewayError | None = None

    def applies_to(self, refund: Refund) -> bool:
        """Return whether the row as it is now takes the verdict.

        A refund that was made is never dropped. Anything else is, if the refund is over or was sent again.
        """
        if self.state is RefundState.DONE:
            return refund.state is not RefundState.DONE
        return refund.state in IN_FLIGHT and refund.tries == self.tries

    def applied_to(self, refund: Refund, now: datetime) -> Refund:
        """Return the refund with the verdict, or the same object if the verdict is dropped."""
        return replace(refund, state=self.state, changed_at=now).scheduled(now) if self.applies_to(refund) else refund


class RefundRejected(Exception):
    """A refund that is not reserved, and why. Nothing was sent."""

    def __init__(self, reason: RejectReason, balance: int = 0) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.balance = balance


class RejectReason(StrEnum):
    NOT_PAID = "not_paid"
    IN_FLIGHT = "in_flight"  # another refund of the payment has no answer yet
    STALE_BALANCE = "stale_balance"  # the balance is not the one that the person saw
    TOO_LARGE = "too_large"


def balance(charged: int | None, refunds: Iterable[Refund]) -> int:
    """Return what can still be refunded: what was charged less all refunds that are done or in flight."""
    return (charged or 0) - sum(refund.amount for refund in refunds if refund.state is not RefundState.REFUSED)


def check_refund(amount: int, *, balance: int, seen_balance: int, is_in_flight: bool) -> None:
    """Raise RefundRejected if a refund may not be reserved. `is_in_flight`: another one of its payment."""
    if is_in_flight:
        raise RefundRejected(RejectReason.IN_FLIGHT, balance)
    if seen_balance != balance:
        raise RefundRejected(RejectReason.STALE_BALANCE, balance)
    if not 0 < amount <= balance:
        raise RefundRejected(RejectReason.TOO_LARGE, balance)


def may_send(refund: Refund) -> bool:
    """Return whether a refund may be sent. A partial one is never sent twice: both would succeed."""
    return refund.state is RefundState.RESERVED or (refund.state is RefundState.UNKNOWN and refund.is_full)


def judge_refund(refund: Refund, answer: RefundDone | GatewayError) -> RefundVerdict:
    """Decide what the answer to a cancel means for a refund, given the refund before the call.

    A repeat follows a call without a definite answer. "Already cancelled" then confirms that call, and any other no
    says nothing about it.
    """
    tries, is_repeat = refund.tries + 1, refund.state is RefundState.UNKNOWN
    if isinstance(answer, RefundDone):
        return RefundVerdict(RefundState.DONE, tries, done=answer)
    if is_repeat and isinstance(answer, Refused) and answer.code in codes.ALREADY_CANCELLED:
        state = RefundState.DONE
    elif is_repeat or isinstance(answer, OutcomeUnknown):
        state = RefundState.UNKNOWN
    elif refund.is_owed and isinstance(answer, NotSent):
        state = RefundState.RESERVED  # the program sends it again by itself
    else:
        state = RefundState.REFUSED
    return RefundVerdict(state, tries, error=answer)


def give_up(refund: Refund) -> RefundVerdict | None:
    """Return the verdict on a refund whose process has stopped, or None if it may be sent (again)."""
    if refund.state is RefundState.SUBMITTED:
        return RefundVerdict(RefundState.UNKNOWN, refund.tries)
    if refund.state is RefundState.RESERVED and not refund.is_owed:
        return RefundVerdict(RefundState.REFUSED, refund.tries)
    return None


def next_try(refund: Refund, now: datetime) -> datetime | None:
    """Return when to look at a refund next. None: it is over, or waits for a person."""
    if refund.state is RefundState.SUBMITTED or (refund.state is RefundState.RESERVED and not refund.is_owed):
        return now + REFUND_PATIENCE
    if may_send(refund):
        return now + backoff(refund.tries - 1) if refund.tries else now
    return None
