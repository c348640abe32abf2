"""The safe payment flow, without a database or a framework.

Every trigger ends in handle_result() or settle(). Both ask the gateway, judge its answer and have the store record the
verdict. What a browser or a webhook says never changes money state.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import product
from typing import Protocol

from .endpoints import Gateway
from .errors import GatewayError, NotSent, OutcomeUnknown, Refused, UnknownEndpoint
from .messages import KOREA, ChargeMode, PayType
from .payment import PaymentFound
from .result import UnverifiedResult

WINDOW_LIFETIME = timedelta(minutes=40)
"""30 minutes to authenticate and 10 to confirm. Later no payment can come of a window."""
CONFIRM_LIFETIME = timedelta(minutes=15)
"""After a confirm was committed. Later an inquiry shows its payment, or there is none."""
CONFIRM_PATIENCE = timedelta(seconds=70)
"""Longer than a confirm can take. Then its worker is dead and an inquiry finds out."""
LEAVE_WITHIN = 30.0
"""Seconds from the committed intent to the moment at which a call that moves money must have left."""
BACKOFF = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 3600, 86_400))
LATE_CHECKS = (timedelta(hours=1), timedelta(days=1))
MOST_UNANSWERED = 8
MOST_DAYS = 3


class AttemptState(StrEnum):
    """One try to pay an order.

    prepared    the window may be open; nothing of ours moves money
    confirming  the intent to confirm is committed; the call may be under way
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


_S = AttemptState
FINAL = (_S.PAID, _S.ORPHANED)
HOLDING = (_S.CONFIRMING, _S.UNKNOWN, _S.PAID)
"""At most one attempt of an order is in one of these states."""
GIVEN_UP = (_S.DECLINED, _S.EXPIRED)
CHARGED = frozenset({_S.PAID, _S.ORPHANED, _S.ATTENTION})
TRANSITIONS: Mapping[AttemptState, frozenset[AttemptState]] = {
    _S.PREPARED: CHARGED | {_S.CONFIRMING, _S.UNKNOWN, _S.EXPIRED},
    _S.CONFIRMING: CHARGED | {_S.PREPARED, _S.UNKNOWN, _S.DECLINED},
    _S.UNKNOWN: CHARGED | {_S.PREPARED, _S.DECLINED},
    _S.DECLINED: CHARGED,
    _S.EXPIRED: CHARGED,
    _S.ATTENTION: frozenset({_S.PAID, _S.ORPHANED, _S.DECLINED}),
    _S.PAID: frozenset(),
    _S.ORPHANED: frozenset(),
}


class Reason(StrEnum):
    """Why a verdict is what it is, where its state alone does not say so."""

    NONE = ""
    NOT_FOUND = "not_found"
    NO_ANSWER = "no_answer"
    NOT_SENT = "not_sent"
    NUMBER = "number"
    AMOUNT = "amount"
    PAY_TYPE = "pay_type"
    REFUNDED = "refunded"


@dataclass(frozen=True)
class Attempt:
    """What the flow needs of a stored attempt. ``amount`` in won, times aware.

    ``checks`` counts the inquiries since the state last changed. ``success_reported``: the browser reports success.
    """

    attempt_no: str
    amount: int
    pay_type: PayType
    charge_mode: ChargeMode
    state: AttemptState
    opened_at: datetime
    confirming_at: datetime | None = None
    checks: int = 0
    success_reported: bool = False

    @property
    def is_final(self) -> bool:
        """Whether no answer of the gateway changes it any more."""
        return self.state in FINAL

    @property
    def ends_at(self) -> datetime:
        """When the last payment can come of it."""
        window = self.opened_at + WINDOW_LIFETIME
        return window if self.confirming_at is None else max(window, self.confirming_at + CONFIRM_LIFETIME)


@dataclass(frozen=True)
class Verdict:
    """What an answer means for an attempt, and the state that it was judged from."""

    state: AttemptState
    seen: AttemptState
    reason: Reason = Reason.NONE
    found: PaymentFound | None = None
    error: GatewayError | None = None
    is_from_confirm: bool = False

    def applies_to(self, state: AttemptState) -> bool:
        """Return whether a row that is in this state now takes the verdict.

        A charge is never dropped. Anything else is, if the row has left the state that was judged.
        """
        if self.found is not None:
            return state not in FINAL
        return state is self.seen or (self.is_from_confirm and state is AttemptState.UNKNOWN)


class Store(Protocol):
    """What the flow needs from a database. Each method is one committed transaction."""

    def find(self, attempt_no: str) -> Attempt | None:
        """Return an attempt as it is now."""

    def note_result(self, attempt_no: str, result: UnverifiedResult) -> bool:
        """Keep what the browser says, for the buyer's page. Return True the first few times that it says this."""

    def begin_confirm(self, attempt_no: str) -> bool:
        """Set prepared to confirming. Return False if another attempt holds the order, or if it is too late."""

    def claim_check(self, attempt_no: str, *, at_once: bool = False) -> bool:
        """Claim the next inquiry for two minutes. Return False if none is due.

        ``at_once`` also claims one that is not due yet, unless a confirm may be under way.
        """

    def record(self, attempt_no: str, verdict: Verdict) -> Attempt:
        """Apply a verdict under the order's lock and set the next check. A repeated or late one changes nothing."""


class Inquirer(Protocol):
    """The client, or a batch of inquiries that share one authentication."""

    def inquire(self, attempt_no: str, payment_date: date, pay_type: PayType) -> PaymentFound | None:
        """Look up a payment."""


class Client(Inquirer, Protocol):
    """The calls of PaypleClient that the flow makes."""

    gateway: Gateway

    def confirm(self, result: UnverifiedResult, *, leave_by: float | None = None) -> PaymentFound:
        """Charge an authenticated CERT payment."""


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Flow:
    """Settles attempts at one gateway with one store."""

    client: Client
    store: Store
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
        if needs_confirm and attempt.state is AttemptState.PREPARED and self.may_confirm(attempt, result):
            return self._confirm(attempt, result)
        return self.settle(attempt.attempt_no, at_once=is_news)

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
            verdict = no_answer(attempt, error)
        self.store.record(attempt_no, verdict)
        return verdict

    def may_confirm(self, attempt: Attempt, result: UnverifiedResult) -> bool:
        """Return whether a result carries what a confirm needs and agrees with the attempt. This spares refunds."""
        if not (result.request_key and result.auth_key) or mismatch(attempt, result):
            return False
        try:
            self.client.gateway.select_confirm(result.confirm_url)
        except UnknownEndpoint:
            return False
        return True

    def _confirm(self, attempt: Attempt, result: UnverifiedResult) -> Attempt | None:
        """Make the one call that charges. The intent is committed before it leaves."""
        leave_by = time.monotonic() + LEAVE_WITHIN
        if not self.store.begin_confirm(attempt.attempt_no):
            return self.store.find(attempt.attempt_no)
        seen = AttemptState.CONFIRMING
        try:
            found = self.client.confirm(result, leave_by=leave_by)
        except NotSent as error:
            verdict = Verdict(AttemptState.PREPARED, seen, Reason.NOT_SENT, error=error, is_from_confirm=True)
        except Refused as error:
            verdict = Verdict(AttemptState.DECLINED, seen, error=error, is_from_confirm=True)
        except OutcomeUnknown as error:
            verdict = Verdict(AttemptState.UNKNOWN, seen, Reason.NO_ANSWER, error=error, is_from_confirm=True)
        else:
            return self._record_charge(attempt, found)
        return self.store.record(attempt.attempt_no, verdict)

    def _record_charge(self, attempt: Attempt, found: PaymentFound) -> Attempt:
        """Record a confirm's yes. The keys of another attempt of ours charge that one."""
        seen = AttemptState.CONFIRMING
        other = self.store.find(found.attempt_no) if found.attempt_no != attempt.attempt_no else None
        if other is not None:
            self.store.record(other.attempt_no, judge(other, found, self.now()))
            declined = Verdict(AttemptState.DECLINED, seen, Reason.NUMBER, is_from_confirm=True)
            return self.store.record(attempt.attempt_no, declined)
        state, reason = decide(attempt, found)
        verdict = Verdict(state, seen, reason, found, is_from_confirm=True)
        return self.store.record(attempt.attempt_no, verdict)

    def _inquire(self, attempt: Attempt) -> PaymentFound | None:
        """Ask for each day on which the payment may be filed, and for the other type before "none" counts."""
        ask, now = self.inquirer or self.client, self.now()
        types = [attempt.pay_type]
        if attempt.charge_mode is ChargeMode.IN_WINDOW or now > attempt.ends_at:
            types += [other for other in PayType if other is not attempt.pay_type]
        for pay_type, day in product(types, days_to_ask(attempt.opened_at, now)):
            found = ask.inquire(attempt.attempt_no, day, pay_type)
            if found is not None:
                return found
        return None


def judge(attempt: Attempt, found: PaymentFound | None, now: datetime) -> Verdict:
    """Decide what an inquiry's answer means for an attempt."""
    if found is None:
        return not_found(attempt, now)
    state, reason = decide(attempt, found)
    return Verdict(state, attempt.state, reason, found)


def decide(attempt: Attempt, found: PaymentFound) -> tuple[AttemptState, Reason]:
    """Compare a charge with the attempt: the only place that says "paid"."""
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
    """Decide what it means that the gateway knows no such payment. While one can still come of it, it means little."""
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


def no_answer(attempt: Attempt, error: GatewayError) -> Verdict:
    """Decide what silence means: never "not paid"."""
    state = attempt.state
    if state not in GIVEN_UP and attempt.checks + 1 >= MOST_UNANSWERED:
        state = AttemptState.ATTENTION
    elif state is AttemptState.CONFIRMING or (state is AttemptState.PREPARED and _may_be_paid(attempt)):
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
    if attempt.state is AttemptState.PREPARED and now < attempt.ends_at and not _may_be_paid(attempt):
        return attempt.ends_at
    due = now + BACKOFF[min(attempt.checks, len(BACKOFF) - 1)]
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


def _may_be_paid(attempt: Attempt) -> bool:
    """Return whether the browser reports that a window which charges by itself has charged."""
    return attempt.charge_mode is ChargeMode.IN_WINDOW and attempt.success_reported
