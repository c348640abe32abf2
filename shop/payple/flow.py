"""The safe payment flow, without a database or a framework.

Every trigger of a payment ends in handle_result(), settle(), check() or charge(). They ask the gateway, judge its
answer and have the store record the verdict. What a browser or a webhook says makes no attempt paid or declined.
PaymentFlow settles payments; Flow also sends refunds, by the decisions of refund_rules.py.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from itertools import product

from . import codes
from .attempts import GIVEN_UP, Attempt, AttemptState, Reason, Verdict, utc_now
from .backoff import MOST_UNANSWERED
from .client import Inquiries, PaypleClient
from .errors import GatewayError, NotSent, Refused, UnknownEndpoint
from .messages import KOREA, ChargeMode, PayType
from .payment import PaymentFound
from .payment_requests import ChargeRequest
from .refund import RefundRequest
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
from .store import PaymentStore, Store

log = logging.getLogger(__name__)

LEAVE_WITHIN = 30.0
"""Seconds from the start of the commit of the intent to when a call that moves money must have left."""
MOST_DAYS = 3
"""An inquiry tries so many trade dates."""

Inquirer = PaypleClient | Inquiries
"""What inquires: the client, or a batch that shares one authentication."""


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
            return attempt  # the window was closed or declined: there is nothing to confirm
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
        now = self.now()
        try:
            found = self._inquire(attempt, now)
            verdict = judge(attempt, found) if found else not_found(attempt, now)
        except GatewayError as error:
            verdict = no_answer(attempt, error, now)
        self._record(attempt_no, verdict)
        return verdict

    def close_attention(self, attempt_no: str) -> Attempt | None:
        """Record that a person has found nothing to collect: an attempt in attention becomes declined.

        Call settle(attempt_no, at_once=True) first: the gateway may show a payment now.
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
        other = self.store.find(found.attempt_no) if found.attempt_no != attempt.attempt_no else None
        if other is None:
            return self._record(attempt.attempt_no, judge(attempt, found))
        self._record(other.attempt_no, judge(other, found))
        declined = Verdict(AttemptState.DECLINED, AttemptState.CONFIRMING, Reason.NUMBER, is_from_confirm=True)
        return self._record(attempt.attempt_no, declined)

    def _record(self, attempt_no: str, verdict: Verdict) -> Attempt:
        after = self.store.record(attempt_no, verdict)
        if after.state is AttemptState.ATTENTION and after.state is not verdict.judged_from:
            log.warning("attempt %s waits for a person: %s", attempt_no, verdict.reason)
        return after

    def _inquire(self, attempt: Attempt, now: datetime) -> PaymentFound | None:
        """Ask for each possible day. For a window that charges, or after the end, ask for the other pay type, too."""
        ask = self.inquirer or self.client
        types = [attempt.pay_type]
        if attempt.charge_mode is ChargeMode.IN_WINDOW or now > attempt.ends_at:
            types += [other for other in PayType if other is not attempt.pay_type]
        known = attempt.payment_date
        for pay_type, day in product(types, [known] if known else days_to_ask(attempt.started_at, now)):
            found = ask.inquire(attempt.attempt_no, day, pay_type)
            if found is not None:
                return found
        return None


@dataclass(frozen=True)
class Flow(PaymentFlow):
    """Settles attempts and sends refunds."""

    store: Store

    def refund(
        self, refund_no: str, attempt_no: str, amount: int, *, seen_balance: int, vat: int | None = None
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
                refund = Refund(refund_no, attempt_no, day, amount, is_full, changed_at=now, vat=vat).scheduled(now)
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
        batched = replace(self, inquirer=self.client.inquiries())
        for attempt_no in self.store.due(now):
            try:
                batched.settle(attempt_no)
                self._handle_due_refunds(attempt_no, now)
            except Exception:  # one attempt that fails does not stop the others
                log.exception("the sweep could not deal with %s", attempt_no)

    def sweep_forever(self, pause: float = 10.0) -> None:
        """Sweep again and again, in a thread or a process of its own."""
        while True:
            try:
                self.sweep()
            except Exception:
                log.exception("the sweep failed")
            time.sleep(pause)

    def _handle_due_refunds(self, attempt_no: str, now: datetime) -> None:
        for refund in self.store.refunds_of(attempt_no):
            if refund.next_try_at is None or refund.next_try_at > now:
                continue
            if given_up := give_up(refund):
                self._record_refund(refund, given_up)
            else:
                self._send_refund(refund)

    def _send_refund(self, refund: Refund) -> Refund:
        """Send a cancel once. The intent is committed before it leaves."""
        leave_by = time.monotonic() + LEAVE_WITHIN
        if not may_send(refund) or not self._begin_refund(refund):
            return self._find_refund(refund.refund_no, refund.attempt_no) or refund
        request = RefundRequest(refund.attempt_no, refund.payment_date, refund.amount, refund.vat)
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
            stored = order.stored(refund)
            if (stored.state, stored.tries) != (refund.state, refund.tries):
                return False
            order.update(stored.submitted(self.now()), None)
            return True

    def _record_refund(self, refund: Refund, verdict: RefundVerdict) -> Refund:
        with self.store.lock(refund.attempt_no) as order:
            stored = order.stored(refund)
            after = verdict.applied_to(stored, self.now())
            if after is not stored:
                order.update(after, verdict.done or verdict.error)
        if after.needs_person:
            log.warning("refund %s waits for a person", refund.refund_no)
        return after


def judge(attempt: Attempt, found: PaymentFound) -> Verdict:
    """Decide what a payment that the gateway shows means for an attempt."""
    state, reason = AttemptState.PAID, Reason.NONE
    if found.attempt_no != attempt.attempt_no:
        state, reason = AttemptState.ATTENTION, Reason.NUMBER
    elif found.is_refunded:
        state, reason = AttemptState.ATTENTION, Reason.REFUNDED
    elif found.amount != attempt.amount or found.requested_amount not in (None, attempt.amount):
        state, reason = AttemptState.ORPHANED, Reason.AMOUNT
    elif found.pay_type is not attempt.pay_type:
        state, reason = AttemptState.ORPHANED, Reason.PAY_TYPE
    return Verdict(state, attempt.state, reason, found)


def judge_failed_charge(error: GatewayError) -> Verdict:
    """Decide what it means that a confirm or a charge brought no payment."""
    match error:
        case NotSent():
            state, reason = AttemptState.PREPARED, Reason.NOT_SENT
        case Refused():  # a definite no; MONTH_IS_PAID comes as OutcomeUnknown
            state, reason = AttemptState.DECLINED, Reason.NONE
        case _ if error.code in codes.MONTH_IS_PAID:
            state, reason = AttemptState.ATTENTION, Reason.MONTH_PAID
        case _:
            state, reason = AttemptState.UNKNOWN, Reason.NO_ANSWER
    return Verdict(state, AttemptState.CONFIRMING, reason, error=error, is_from_confirm=True)


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

    From the eighth check on a person decides, unless the window may be open.
    """
    state = attempt.state
    is_open = state is AttemptState.PREPARED and now < attempt.ends_at
    if state not in GIVEN_UP and not is_open and attempt.checks + 1 >= MOST_UNANSWERED:
        state = AttemptState.ATTENTION
    elif state is AttemptState.CONFIRMING or (state is AttemptState.PREPARED and attempt.seems_charged):
        state = AttemptState.UNKNOWN
    return Verdict(state, attempt.state, Reason.NO_ANSWER, error=error)


def days_to_ask(started_at: datetime, now: datetime) -> list[date]:
    """Return the days in Korea under which a payment may be filed: the window's and the following, three at most."""
    first, today = started_at.astimezone(KOREA).date(), now.astimezone(KOREA).date()
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
