"""One try to pay an order: its states, what an answer of the gateway does to it, and when to ask again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from .backoff import backoff
from .errors import GatewayError
from .messages import ChargeMode, PayType
from .payment import PaymentFound
from .payment_requests import ChargeRequest, WindowRequest
from .refund_rules import Refund

WINDOW_LIFETIME = timedelta(minutes=40)
"""30 minutes to authenticate and 10 to confirm. After that a window cannot charge any more."""
CONFIRM_LIFETIME = timedelta(minutes=15)
"""After a confirm was committed. After that an inquiry shows its payment, or there is none."""
CONFIRM_PATIENCE = timedelta(seconds=70)
"""Longer than a confirm can take. After that its process is taken to have stopped, and an inquiry is made."""
LATE_CHECKS = (timedelta(hours=1), timedelta(days=1))
"""When declined and expired attempts are inquired about once more."""


class AttemptState(StrEnum):
    """One try to pay an order.

    prepared    the window may be open; nothing of ours moves money
    confirming  the intent to confirm or to charge is committed; the call may be under way
    unknown     a call had no definite answer; an inquiry decides
    paid        the gateway says so; number, amount and type agree
    declined    the gateway says no, or knows no payment
    expired     nobody paid before the window's end
    orphaned    the gateway has money that no order takes; it goes back
    attention   a person decides
    """

    PREPARED = "prepared"
    CONFIRMING = "confirming"
    UNKNOWN = "unknown"
    PAID = "paid"
    DECLINED = "declined"
    EXPIRED = "expired"
    ORPHANED = "orphaned"
    ATTENTION = "attention"


FINAL = (AttemptState.PAID, AttemptState.ORPHANED)
HOLDING = (AttemptState.CONFIRMING, AttemptState.UNKNOWN, AttemptState.PAID)
"""At most one attempt of an order is in one of these states."""
GIVEN_UP = (AttemptState.DECLINED, AttemptState.EXPIRED)
MAY_HAVE_CHARGED = frozenset({AttemptState.PAID, AttemptState.ORPHANED, AttemptState.ATTENTION})
TRANSITIONS: Mapping[AttemptState, frozenset[AttemptState]] = {
    AttemptState.PREPARED: MAY_HAVE_CHARGED | {AttemptState.CONFIRMING, AttemptState.UNKNOWN, AttemptState.EXPIRED},
    AttemptState.CONFIRMING: MAY_HAVE_CHARGED | {AttemptState.PREPARED, AttemptState.UNKNOWN, AttemptState.DECLINED},
    AttemptState.UNKNOWN: MAY_HAVE_CHARGED | {AttemptState.PREPARED, AttemptState.DECLINED},
    AttemptState.DECLINED: MAY_HAVE_CHARGED,
    AttemptState.EXPIRED: MAY_HAVE_CHARGED,
    AttemptState.ATTENTION: frozenset({AttemptState.PAID, AttemptState.ORPHANED, AttemptState.DECLINED}),
    AttemptState.PAID: frozenset(),
    AttemptState.ORPHANED: frozenset(),
}


class Ending(StrEnum):
    """What the state of an attempt means for the buyer."""

    PAID = "paid"  # deliver
    DECLINED = "declined"  # not charged: pay again, with a new attempt
    TRY_AGAIN = "try_again"  # not paid: pay again, with a new attempt
    UNKNOWN = "unknown"  # perhaps charged: do not pay again while it is unknown
    REVIEW = "review"  # charged or perhaps charged, but not for this order: a person decides or it is refunded


_ENDINGS: Mapping[AttemptState, Ending] = {
    AttemptState.PREPARED: Ending.TRY_AGAIN,
    AttemptState.CONFIRMING: Ending.UNKNOWN,
    AttemptState.UNKNOWN: Ending.UNKNOWN,
    AttemptState.PAID: Ending.PAID,
    AttemptState.DECLINED: Ending.DECLINED,
    AttemptState.EXPIRED: Ending.TRY_AGAIN,
    AttemptState.ORPHANED: Ending.REVIEW,
    AttemptState.ATTENTION: Ending.REVIEW,
}


class Reason(StrEnum):
    """Why a verdict is what it is, where its state alone does not say so."""

    NONE = ""
    NOT_FOUND = "not_found"
    NO_ANSWER = "no_answer"
    CLOSED = "closed"
    NOT_SENT = "not_sent"
    NUMBER = "number"
    AMOUNT = "amount"
    PAY_TYPE = "pay_type"
    REFUNDED = "refunded"
    MONTH_PAID = "month_paid"


@dataclass(frozen=True)
class Attempt:
    """What the flow needs of a stored attempt. ``amount`` in won, times aware. Only the store needs ``order_no``.

    ``checks`` counts the inquiries since the state last changed. ``success_reported``: the browser reports success;
    None before its first result. ``payment_date`` and ``charged_amount`` are known once the gateway shows a payment.
    """

    attempt_no: str
    amount: int
    pay_type: PayType
    charge_mode: ChargeMode
    state: AttemptState
    started_at: datetime
    confirming_at: datetime | None = None
    checks: int = 0
    success_reported: bool | None = None
    payment_date: date | None = None
    charged_amount: int | None = None
    next_check_at: datetime | None = None
    order_no: str = ""

    @classmethod
    def of(cls, request: WindowRequest | ChargeRequest, order_no: str, *, now: datetime | None = None) -> Attempt:
        """Return the attempt to store before this window opens, or before this charge."""
        started_at = now or utc_now()
        return cls(
            request.attempt_no,
            request.amount,
            request.pay_type,
            request.charge_mode,
            AttemptState.PREPARED,
            started_at,
            next_check_at=started_at + WINDOW_LIFETIME,
            order_no=order_no,
        )

    @property
    def is_final(self) -> bool:
        """Whether no answer of the gateway changes it any more."""
        return self.state in FINAL

    @property
    def ending(self) -> Ending:
        return _ENDINGS[self.state]

    @property
    def may_pay_again(self) -> bool:
        """Whether the buyer may open a window for another attempt."""
        return self.ending in (Ending.DECLINED, Ending.TRY_AGAIN)

    @property
    def seems_charged(self) -> bool:
        """Whether the browser reports that a window which charges by itself has charged."""
        return self.charge_mode is ChargeMode.IN_WINDOW and self.success_reported is True

    @property
    def ends_at(self) -> datetime:
        """After this its window and its confirm cannot charge any more."""
        window = self.started_at + WINDOW_LIFETIME
        return window if self.confirming_at is None else max(window, self.confirming_at + CONFIRM_LIFETIME)


@dataclass(frozen=True)
class Verdict:
    """What an answer means for an attempt, and the state that it was judged from."""

    state: AttemptState
    judged_from: AttemptState
    reason: Reason = Reason.NONE
    found: PaymentFound | None = None
    error: GatewayError | None = None
    is_from_confirm: bool = False

    def applied_to(self, attempt: Attempt, *, order_is_held: bool) -> Attempt:
        """Return the attempt as it is now with the verdict, or the same object if the verdict is dropped.

        A payment applies unless the attempt is final. Any other verdict applies only to the state that was judged, and
        that of a confirm also to unknown. ``order_is_held``: another attempt of the order is in ``HOLDING``. A payment
        then becomes orphaned; an inquiry without an answer leaves the attempt as it is.
        """
        is_as_judged = attempt.state is self.judged_from or (
            self.is_from_confirm and attempt.state is AttemptState.UNKNOWN
        )
        if attempt.is_final or not (self.found or is_as_judged):
            return attempt
        state = self.state
        if order_is_held and state in HOLDING:
            state = AttemptState.ORPHANED if state is AttemptState.PAID else attempt.state
        after = replace(attempt, state=state, checks=attempt.checks + 1 if state is attempt.state else 0)
        if self.found is None:
            return after
        return replace(after, payment_date=self.found.payment_date, charged_amount=self.found.charged_amount)


def next_check(attempt: Attempt, now: datetime) -> datetime | None:
    """Return when to inquire next, given the state and the number of checks since. None: there is nothing to ask."""
    match attempt.state:
        case AttemptState.CONFIRMING if attempt.checks == 0:
            return (attempt.confirming_at or now) + CONFIRM_PATIENCE
        case AttemptState.DECLINED if attempt.payment_date is not None:
            return None  # a person has closed it
        case AttemptState.DECLINED | AttemptState.EXPIRED:
            late = LATE_CHECKS[attempt.checks : attempt.checks + 1]
            return now + late[0] if late else None
        case AttemptState.PAID | AttemptState.ORPHANED | AttemptState.ATTENTION:
            return None
    if attempt.state is AttemptState.PREPARED and now < attempt.ends_at and not attempt.seems_charged:
        return attempt.ends_at
    due = now + backoff(attempt.checks)
    return attempt.ends_at if now < attempt.ends_at < due else due


def owed_refund(attempt: Attempt, now: datetime) -> Refund | None:
    """Return the refund of an orphaned payment: all that was charged."""
    number, day, amount = attempt.attempt_no, attempt.payment_date, attempt.charged_amount
    if attempt.state is not AttemptState.ORPHANED or day is None or not amount:
        return None
    owed = Refund(f"orphan-{number}", number, day, amount, is_full=True, changed_at=now, is_owed=True)
    return owed.scheduled(now)


def current_attempt(attempts: Sequence[Attempt]) -> Attempt:
    """Return the attempt that an order shows: the one that holds it, else the latest."""
    return next((attempt for attempt in attempts if attempt.state in HOLDING), attempts[-1])


def utc_now() -> datetime:
    return datetime.now(UTC)
