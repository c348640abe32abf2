"""The safe payment flow, without a database or a framework.

Every trigger ends in handle_result(), settle(), check() or charge(). They ask the gateway, judge its answer and have
the store record the verdict. What a browser or a webhook says never changes money state. PaymentFlow settles payments;
Flow also sends refunds, by the decisions of refund_rules.py.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import partial
from itertools import product
from typing import Protocol

from . import codes
from .backoff import MOST_UNANSWERED, backoff
from .client import Inquiries, PaypleClient
from .errors import GatewayError, NotSent, Refused, UnknownEndpoint
from .messages import KOREA, ChargeMode, PayType
from .payment import PaymentFound
from .payment_requests import ChargeRequest, WindowRequest
from .refund import RefundDone, RefundRequest
from .refund_rules import (
    DECIDE_AFTER,
    IN_FLIGHT,
    Refund,
    RefundRejected,
    RefundState,
    RefundVerdict,
    RejectReason,
    balance,
    check_refund,
    give_up,
    judge_refund,
    may_send,
)
from .result import UnverifiedResult

log = logging.getLogger(__name__)

WINDOW_LIFETIME = timedelta(minutes=40)
"""30 minutes to authenticate and 10 to confirm. After that a window cannot charge any more."""
CONFIRM_LIFETIME = timedelta(minutes=15)
"""After a confirm was committed. After that an inquiry shows its payment, or there is none."""
CONFIRM_PATIENCE = timedelta(seconds=70)
"""Longer than a confirm can take. After that its process is taken to have stopped, and an inquiry is made."""
LEAVE_WITHIN = 30.0
"""Seconds from the committed intent to the moment at which a call that moves money must have left."""
LATE_CHECKS = (timedelta(hours=1), timedelta(days=1))
"""When declined and expired attempts are inquired about once more."""
MOST_DAYS = 3
"""An inquiry tries so many trade dates."""


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
    UNKNOWN = "unknown"  # perhaps charged: do not pay again before next_check() is over
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
    """What the flow needs of a stored attempt. ``amount`` in won, times aware. ``order_no`` is only for you.

    ``checks`` counts the inquiries since the state last changed. ``success_reported``: the browser reports success;
    None before its first result. ``payment_date`` and ``charged_amount`` are known once the gateway shows a payment.
    """

    attempt_no: str
    amount: int
    pay_type: PayType
    charge_mode: ChargeMode
    state: AttemptState
    opened_at: datetime
    confirming_at: datetime | None = None
    checks: int = 0
    success_reported: bool | None = None
    payment_date: date | None = None
    charged_amount: int | None = None
    next_check_at: datetime | None = None
    order_no: str = ""

    @classmethod
    def of(cls, request: WindowRequest | ChargeRequest, now: datetime, order_no: str = "") -> Attempt:
        """Return the attempt to store before this window opens, or before this charge."""
        return cls(
            request.attempt_no,
            request.amount,
            request.pay_type,
            request.charge_mode,
            AttemptState.PREPARED,
            opened_at=now,
            next_check_at=now + WINDOW_LIFETIME,
            order_no=order_no,
        )

    @property
    def is_final(self) -> bool:
        """Whether no answer of the gateway changes it any more."""
        return self.state in FINAL

    @property
    def ending(self) -> Ending:
        """What the state means for the buyer."""
        return _ENDINGS[self.state]

    @property
    def may_pay_again(self) -> bool:
        """Whether the buyer may open a window for another attempt."""
        return self.ending in (Ending.DECLINED, Ending.TRY_AGAIN)

    @property
    def may_be_charged(self) -> bool:
        """Whether the browser reports that a window which charges by itself has charged."""
        return self.charge_mode is ChargeMode.IN_WINDOW and self.success_reported is True

    @property
    def ends_at(self) -> datetime:
        """After this its window and its confirm cannot charge any more."""
        window = self.opened_at + WINDOW_LIFETIME
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

    def applies_to(self, state: AttemptState) -> bool:
        """Return whether a row that is in this state now takes the verdict.

        A payment applies unless the row is final. Any other verdict applies only to the state that was judged.
        """
        if self.found is not None:
            return state not in FINAL
        return state is self.judged_from or (self.is_from_confirm and state is AttemptState.UNKNOWN)

    def applied_to(self, attempt: Attempt, *, order_is_held: bool) -> Attempt:
        """Return the attempt with the verdict, or the same object if the verdict is dropped.

        ``order_is_held``: another attempt of the order is in ``HOLDING``. A payment then becomes orphaned; an inquiry
        without an answer leaves the attempt as it is.
        """
        if not self.applies_to(attempt.state):
            return attempt
        state = self.state
        if order_is_held and state in HOLDING:
            state = AttemptState.ORPHANED if state is AttemptState.PAID else attempt.state
        if state is attempt.state:
            return replace(attempt, checks=attempt.checks + 1)
        if self.found is None:
            return replace(attempt, state=state, checks=0)
        payment_date, charged = self.found.payment_date, self.found.charged_amount
        return replace(attempt, state=state, checks=0, payment_date=payment_date, charged_amount=charged)


class PaymentStore(Protocol):
    """What payments need from a database. Each method is one transaction, committed before it returns.

    A unique index must admit one attempt per order in ``HOLDING``. LockingStore in store.py implements all of it.
    """

    def find(self, attempt_no: str) -> Attempt | None:
        """Return an attempt as it is now."""
        ...

    def note_result(self, attempt_no: str, result: UnverifiedResult) -> bool:
        """Keep ``success_reported``. Return True for a first result, and for few others: they inquire at once."""
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


class Store(PaymentStore, Protocol):
    """What payments and refunds need from a database.

    A unique index must admit one refund per attempt in ``IN_FLIGHT``.
    """

    def lock(self, attempt_no: str) -> AbstractContextManager[LockedOrder]:
        """Open a transaction, and lock and read the order of this attempt. See LockingStore.lock()."""
        ...

    def refunds_of(self, attempt_no: str) -> Sequence[Refund]:
        """Return the refunds of an attempt, oldest first."""
        ...

    def due(self, now: datetime) -> Sequence[str]:
        """Return the numbers of attempts that are due, or of which a refund is. See LockingStore.due()."""
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
    update: Callable[[Attempt | Refund, Answer | None], None]

    def attempt(self, attempt_no: str) -> Attempt | None:
        """Return an attempt of the order."""
        return next((attempt for attempt in self.attempts if attempt.attempt_no == attempt_no), None)

    def refunds_of(self, attempt_no: str) -> list[Refund]:
        """Return the refunds of an attempt."""
        return [refund for refund in self.refunds if refund.attempt_no == attempt_no]

    def refund(self, refund: Refund) -> Refund:
        """Return a refund as it is stored now."""
        return next(stored for stored in self.refunds if stored.refund_no == refund.refund_no)

    def is_held_against(self, attempt: Attempt) -> bool:
        """Return whether another attempt of the order is confirming, unknown or paid."""
        return any(one.state in HOLDING for one in self.attempts if one.attempt_no != attempt.attempt_no)


Answer = PaymentFound | RefundDone | GatewayError
Inquirer = PaypleClient | Inquiries
"""What inquires: the client, or a batch that shares one authentication."""


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class PaymentFlow:
    """Settles attempts at one gateway with one store."""

    client: PaypleClient
    store: PaymentStore
    now: Callable[[], datetime] = utc_now
    inquirer: Inquirer | None = field(default=None, kw_only=True)

    def handle_result(self, result: UnverifiedResult) -> Attempt | None:
        """React to what the browser brings back. Return None if the attempt is not ours."""
        attempt = self.store.find(result.attempt_no)
        if attempt is None or attempt.is_final:
            return attempt
        is_news = self.store.note_result(attempt.attempt_no, result)
        needs_confirm = attempt.charge_mode is ChargeMode.ON_CONFIRM
        if needs_confirm and not result.reports_success:
            return attempt  # nothing is charged: the buyer may try again
        if needs_confirm and attempt.state is AttemptState.PREPARED:
            if self.may_confirm(attempt, result):
                return self._charge(attempt, partial(self.client.confirm, result))
            log.info("attempt %s is not confirmed: its result does not fit", attempt.attempt_no)
        return self.settle(attempt.attempt_no, at_once=is_news)

    def charge(self, request: ChargeRequest) -> Attempt | None:
        """Charge a billing key for a stored attempt, once. Return None if the attempt is not ours.

        Raises ValueError if the attempt was stored with another amount or type.
        """
        attempt = self.store.find(request.attempt_no)
        if attempt is None:
            return None
        if (request.amount, request.pay_type) != (attempt.amount, attempt.pay_type):
            raise ValueError("the attempt was stored with another amount or pay type")
        return self._charge(attempt, partial(self.client.charge, request))

    def settle(self, attempt_no: str, *, at_once: bool = False) -> Attempt | None:
        """Inquire about an attempt if an inquiry is due. Safe to call at any time, from anywhere."""
        self.check(attempt_no, at_once=at_once)
        return self.store.find(attempt_no)

    def check(self, attempt_no: str, *, at_once: bool = False) -> Verdict | None:
        """Inquire about an attempt if an inquiry is due, and return the verdict. Return None if none is due."""
        attempt = self.store.find(attempt_no)
        if attempt is None or attempt.is_final or not self.store.claim_check(attempt_no, at_once=at_once):
            return None
        try:
            verdict = judge(attempt, self._inquire(attempt), self.now())
        except GatewayError as error:
            verdict = no_answer(attempt, error, self.now())
        self._record(attempt_no, verdict)
        return verdict

    def close_attention(self, attempt_no: str) -> Attempt | None:
        """Record that a person has found nothing to collect: an attempt in attention becomes declined.

        settle(attempt_no, at_once=True) asks once more before.
        """
        attempt = self.store.find(attempt_no)
        if attempt is None or attempt.state is not AttemptState.ATTENTION:
            return attempt
        return self.store.record(attempt_no, Verdict(AttemptState.DECLINED, AttemptState.ATTENTION, Reason.CLOSED))

    def may_open_window(self, attempts: Sequence[Attempt]) -> bool:
        """Return whether an order with these attempts may be paid (again).

        Inquires about windows that charge by themselves and may still be open: only "not found" lets another open.
        """
        for attempt in attempts:
            if not attempt.may_pay_again:
                return False
            if attempt.charge_mode is ChargeMode.IN_WINDOW and attempt.state is AttemptState.PREPARED:
                verdict = self.check(attempt.attempt_no, at_once=True)
                if verdict is None or verdict.reason is not Reason.NOT_FOUND:
                    return False
        return True

    def may_confirm(self, attempt: Attempt, result: UnverifiedResult) -> bool:
        """Return whether a result carries what a confirm needs and agrees with the attempt.

        Otherwise the confirm would charge a payment that has to be refunded.
        """
        if not (result.request_key and result.auth_key) or mismatch(attempt, result):
            return False
        try:
            self.client.gateway.select_confirm(result.confirm_url)
        except UnknownEndpoint:
            return False
        return True

    def _charge(self, attempt: Attempt, call: Callable[..., PaymentFound]) -> Attempt | None:
        """Make the one call that charges. The intent is committed before it leaves."""
        leave_by = time.monotonic() + LEAVE_WITHIN
        if not self.store.begin_confirm(attempt.attempt_no):
            return self.store.find(attempt.attempt_no)
        try:
            found = call(leave_by=leave_by)
        except GatewayError as error:
            return self._record(attempt.attempt_no, judge_failed_charge(error))
        return self._record_charge(attempt, found)

    def _record_charge(self, attempt: Attempt, found: PaymentFound) -> Attempt:
        """Record a charge. If the answer names another attempt of ours, that one was charged, not this one."""
        judged_from = AttemptState.CONFIRMING
        other = self.store.find(found.attempt_no) if found.attempt_no != attempt.attempt_no else None
        if other is not None:
            self._record(other.attempt_no, judge(other, found, self.now()))
            declined = Verdict(AttemptState.DECLINED, judged_from, Reason.NUMBER, is_from_confirm=True)
            return self._record(attempt.attempt_no, declined)
        state, reason = decide(attempt, found)
        verdict = Verdict(state, judged_from, reason, found, is_from_confirm=True)
        return self._record(attempt.attempt_no, verdict)

    def _record(self, attempt_no: str, verdict: Verdict) -> Attempt:
        after = self.store.record(attempt_no, verdict)
        if after.state is AttemptState.ATTENTION and after.state is not verdict.judged_from:
            log.warning("attempt %s waits for a person: %s", attempt_no, verdict.reason)
        return after

    def _inquire(self, attempt: Attempt) -> PaymentFound | None:
        """Ask for each possible day. For a window that charges, or after the end, ask for the other pay type, too."""
        ask, now = self.inquirer or self.client, self.now()
        types = [attempt.pay_type]
        if attempt.charge_mode is ChargeMode.IN_WINDOW or now > attempt.ends_at:
            types += [other for other in PayType if other is not attempt.pay_type]
        known = attempt.payment_date
        for pay_type, day in product(types, [known] if known else days_to_ask(attempt.opened_at, now)):
            found = ask.inquire(attempt.attempt_no, day, pay_type)
            if found is not None:
                return found
        return None


@dataclass(frozen=True)
class Flow(PaymentFlow):
    """Settles attempts and sends refunds."""

    store: Store

    def refund(
        self, refund_no: str, attempt_no: str, amount: int, *, seen_balance: int, tax: int | None = None
    ) -> Refund:
        """Refund part or all of a payment. The same number, sent again, gives the same refund.

        ``refund_no`` is the one-time key of the form, ``seen_balance`` the balance that it showed. Raises
        RefundRejected if nothing is sent. Any other ending is the state of the refund.
        """
        now = self.now()
        with self.store.lock(attempt_no) as order:
            attempt, earlier = order.attempt(attempt_no), order.refunds_of(attempt_no)
            if attempt is None or attempt.state is not AttemptState.PAID or attempt.payment_date is None:
                raise RefundRejected(RejectReason.NOT_PAID)
            refund = next((one for one in earlier if one.refund_no == refund_no), None)
            if refund is None:
                check_refund(
                    amount,
                    balance=balance(attempt.charged_amount, earlier),
                    seen_balance=seen_balance,
                    is_in_flight=any(one.state in IN_FLIGHT for one in earlier),
                )
                is_full, day = amount == seen_balance, attempt.payment_date
                refund = Refund(refund_no, attempt_no, day, amount, is_full, changed_at=now, tax=tax).scheduled(now)
                order.insert(refund)
        return self._send_refund(refund) if refund.state is RefundState.RESERVED else refund

    def balance(self, attempt_no: str) -> int:
        """Return what can still be refunded of an attempt, in won."""
        attempt = self.store.find(attempt_no)
        return balance(attempt.charged_amount, self.store.refunds_of(attempt_no)) if attempt else 0

    def decide_refund(self, refund_no: str, attempt_no: str, *, was_refunded: bool) -> Refund | None:
        """Record what a person has found out about a refund whose answer was lost, ten minutes later or more."""
        refund = self._find_refund(refund_no, attempt_no)
        if refund is None or not refund.needs_person or self.now() < refund.changed_at + DECIDE_AFTER:
            return refund
        state = RefundState.DONE if was_refunded else RefundState.REFUSED
        return self._record_refund(refund, RefundVerdict(state, refund.tries))

    def sweep(self) -> None:
        """Inquire about the attempts and look after the refunds that are due. Any number may run at a time."""
        now = self.now()
        for attempt_no in self.store.due(now):
            self.settle(attempt_no)
            for refund in self.store.refunds_of(attempt_no):
                if refund.next_try_at is not None and refund.next_try_at <= now:
                    self._look_after(refund)

    def sweep_forever(self, pause: float = 10.0) -> None:
        """Sweep again and again, in a thread or a process of its own."""
        while True:
            try:
                self.sweep()
            except Exception:
                log.exception("the sweep failed")
            time.sleep(pause)

    def _look_after(self, refund: Refund) -> None:
        lost = give_up(refund)
        if lost:
            self._record_refund(refund, lost)
        else:
            self._send_refund(refund)

    def _send_refund(self, refund: Refund) -> Refund:
        """Send a cancel once. The intent is committed before it leaves."""
        leave_by = time.monotonic() + LEAVE_WITHIN
        if not may_send(refund) or not self._begin_refund(refund):
            return self._find_refund(refund.refund_no, refund.attempt_no) or refund
        request = RefundRequest(refund.attempt_no, refund.payment_date, refund.amount, refund.tax)
        try:
            verdict = judge_refund(refund, self.client.refund(request, leave_by=leave_by))
        except GatewayError as error:
            verdict = judge_refund(refund, error)
        return self._record_refund(refund, verdict)

    def _find_refund(self, refund_no: str, attempt_no: str) -> Refund | None:
        return next((one for one in self.store.refunds_of(attempt_no) if one.refund_no == refund_no), None)

    def _begin_refund(self, refund: Refund) -> bool:
        """Commit that a refund is about to leave, unless another worker was first."""
        with self.store.lock(refund.attempt_no) as order:
            stored = order.refund(refund)
            if (stored.state, stored.tries) != (refund.state, refund.tries):
                return False
            order.update(stored.submitted(self.now()), None)
            return True

    def _record_refund(self, refund: Refund, verdict: RefundVerdict) -> Refund:
        with self.store.lock(refund.attempt_no) as order:
            stored = order.refund(refund)
            after = verdict.applied_to(stored, self.now())
            if after is not stored:
                order.update(after, verdict.done or verdict.error)
        if after.needs_person:
            log.warning("refund %s waits for a person", refund.refund_no)
        return after


def current_attempt(attempts: Sequence[Attempt]) -> Attempt:
    """Return the attempt that an order shows: the one that holds it, else the latest."""
    return next((attempt for attempt in attempts if attempt.state in HOLDING), attempts[-1])


def judge(attempt: Attempt, found: PaymentFound | None, now: datetime) -> Verdict:
    """Decide what an inquiry's answer means for an attempt."""
    if found is None:
        return not_found(attempt, now)
    state, reason = decide(attempt, found)
    return Verdict(state, attempt.state, reason, found)


def judge_failed_charge(error: GatewayError) -> Verdict:
    """Decide what it means that a confirm or a charge brought no payment."""
    match error:
        case NotSent():
            state, reason = AttemptState.PREPARED, Reason.NOT_SENT
        case Refused():
            state, reason = AttemptState.DECLINED, Reason.NONE
        case _ if codes.says_month_is_paid(error.code):
            state, reason = AttemptState.ATTENTION, Reason.MONTH_PAID
        case _:
            state, reason = AttemptState.UNKNOWN, Reason.NO_ANSWER
    return Verdict(state, AttemptState.CONFIRMING, reason, error=error, is_from_confirm=True)


def decide(attempt: Attempt, found: PaymentFound) -> tuple[AttemptState, Reason]:
    """Compare a charge with the attempt. Nothing else compares amounts with the gateway's answer."""
    if found.attempt_no != attempt.attempt_no:
        return AttemptState.ATTENTION, Reason.NUMBER
    if found.is_refunded:
        return AttemptState.ATTENTION, Reason.REFUNDED
    if found.amount != attempt.amount or found.requested_amount not in (None, attempt.amount):
        return AttemptState.ORPHANED, Reason.AMOUNT
    if found.pay_type is not attempt.pay_type:
        return AttemptState.ORPHANED, Reason.PAY_TYPE
    return AttemptState.PAID, Reason.NONE


def not_found(attempt: Attempt, now: datetime) -> Verdict:
    """Decide what it means that the gateway has no such payment. Before ``ends_at`` the attempt stays open."""
    state = attempt.state
    if now > attempt.ends_at:
        state = {
            AttemptState.PREPARED: AttemptState.EXPIRED,
            AttemptState.CONFIRMING: AttemptState.DECLINED,
            AttemptState.UNKNOWN: AttemptState.DECLINED,
        }.get(state, state)
    elif state is AttemptState.UNKNOWN and attempt.charge_mode is ChargeMode.IN_WINDOW:
        state = AttemptState.PREPARED
    return Verdict(state, attempt.state, Reason.NOT_FOUND)


def no_answer(attempt: Attempt, error: GatewayError, now: datetime) -> Verdict:
    """Decide what an inquiry without an answer means: never unpaid.

    After eight checks a person decides, unless the window may be open.
    """
    state = attempt.state
    is_open = state is AttemptState.PREPARED and now < attempt.ends_at
    if state not in GIVEN_UP and not is_open and attempt.checks + 1 >= MOST_UNANSWERED:
        state = AttemptState.ATTENTION
    elif state is AttemptState.CONFIRMING or (state is AttemptState.PREPARED and attempt.may_be_charged):
        state = AttemptState.UNKNOWN
    return Verdict(state, attempt.state, Reason.NO_ANSWER, error=error)


def next_check(attempt: Attempt, now: datetime) -> datetime | None:
    """Return when to inquire next, given the state and the number of checks since. None: there is nothing to ask."""
    match attempt.state:
        case AttemptState.CONFIRMING if attempt.checks == 0:
            return (attempt.confirming_at or now) + CONFIRM_PATIENCE
        case AttemptState.DECLINED | AttemptState.EXPIRED:
            late = LATE_CHECKS[attempt.checks : attempt.checks + 1]
            return now + late[0] if late else None
        case AttemptState.PAID | AttemptState.ORPHANED | AttemptState.ATTENTION:
            return None
    if attempt.state is AttemptState.PREPARED and now < attempt.ends_at and not attempt.may_be_charged:
        return attempt.ends_at
    due = now + backoff(attempt.checks)
    return attempt.ends_at if now < attempt.ends_at < due else due


def days_to_ask(opened_at: datetime, now: datetime) -> list[date]:
    """Return the days in Korea under which a payment may be filed: the window's and the following, three at most."""
    first, today = opened_at.astimezone(KOREA).date(), now.astimezone(KOREA).date()
    days = min(max((today - first).days, 0), MOST_DAYS - 1)
    return [first + timedelta(days=day) for day in range(days + 1)]


def mismatch(attempt: Attempt, result: UnverifiedResult) -> str:
    """Name what an unverified result says differently from the attempt. Blank if nothing."""
    said = {
        "charge_mode": (result.charge_mode, attempt.charge_mode),
        "amount": (result.amount, attempt.amount),
        "pay_type": (result.pay_type, attempt.pay_type),
    }
    return next((name for name, (theirs, ours) in said.items() if theirs not in (None, ours)), "")


def owed_refund(attempt: Attempt, now: datetime) -> Refund | None:
    """Return the refund of an orphaned payment: all that was charged."""
    number, day, amount = attempt.attempt_no, attempt.payment_date, attempt.charged_amount
    if attempt.state is not AttemptState.ORPHANED or day is None or not amount:
        return None
    owed = Refund(f"orphan-{number}", number, day, amount, is_full=True, changed_at=now, is_owed=True)
    return owed.scheduled(now)
