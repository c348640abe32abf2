"""Runs ``payple.flow`` on the shop's database. Every trigger comes through here."""

import logging
from dataclasses import dataclass

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from shop import clock
from shop.db import UNAVAILABLE, db, end_reading, transaction
from shop.errors import NotFound
from shop.models import Attempt, Order
from shop.payple import (
    ChargeMode,
    ChargeRequest,
    GatewayError,
    PaymentFound,
    PaypleClient,
    UnverifiedResult,
    attempts,
    flow,
)
from shop.payple.attempts import AttemptState, Reason, Verdict
from shop.payple.flow import Inquirer, PaymentFlow
from shop.payple.store import CLAIM
from shop.rules.states import OrderState, Source
from shop.services import cash_receipts, journal, orders, subscriptions, transitions
from shop.services.journal import Actor

log = logging.getLogger(__name__)
_ATTEMPT_WITH_ORDER = (
    select(Attempt).options(joinedload(Attempt.order)).where(Attempt.attempt_no == bindparam("attempt_no"))
)
"""Built once, because every payment runs it."""
MOST_RESULTS = 5
"""Results of one attempt that make the shop inquire at once. Of more, only a first success does."""


def handle_result(result: UnverifiedResult, client: PaypleClient) -> str | None:
    """React to a result. Return the order's number, or None if the attempt is not ours."""
    attempt = ShopStore(Source.BROWSER).find(result.attempt_no)
    if attempt is None:
        return None
    try:
        if attempt.is_final:
            _look_up_receipt(attempt.attempt_no, client)
        else:
            _flow(client, Source.BROWSER).handle_result(result)
    except UNAVAILABLE:  # the page view and the sweep ask again
        end_reading()
        log.exception("a result of %s waits for the database", result.attempt_no)
    return attempt.order_no


def settle(
    attempt_no: str, client: PaypleClient, *, source: Source, at_once: bool = False, inquirer: Inquirer | None = None
) -> bool:
    """Inquire about an attempt if that is due, or ``at_once``. Return False if the gateway did not answer.

    A final one is asked only about the cash receipt of its window.
    """
    attempt = ShopStore(source).find(attempt_no)
    if attempt is not None and attempt.is_final:
        return cash_receipts.look_up(attempt_no, inquirer or client)
    verdict = _flow(client, source, inquirer).check(attempt_no, at_once=at_once)
    return verdict is None or verdict.reason is not Reason.NO_ANSWER


def charge(request: ChargeRequest, client: PaypleClient) -> None:
    _flow(client, Source.SWEEP).charge(request)


def record_found(attempt_no: str, found: PaymentFound, *, source: Source) -> None:
    """Record a payment that an inquiry has found, if its attempt is ours and not final."""
    store = ShopStore(source)
    attempt = store.find(attempt_no)
    if attempt is not None and not attempt.is_final:
        store.record(attempt_no, flow.judge(attempt, found))


def settle_order(order: Order, client: PaypleClient) -> None:
    """Make the inquiries that are due before an order's page is shown."""
    now = clock.now()
    order_no = order.order_no
    is_over = order.state is OrderState.AWAITING_PAYMENT and now >= order.expires_at
    numbers = [row.attempt_no for row in reversed(order.attempts) if row.is_due(now)]
    try:
        for attempt_no in numbers:
            if not settle(attempt_no, client, source=Source.PAGE):
                break
        if is_over:
            orders.expire(order_no, source=Source.PAGE)
    except UNAVAILABLE:
        end_reading()
        log.exception("an order is shown without an inquiry, because the database takes no writes")


def cancel_order(order: Order, client: PaypleClient) -> None:
    """Cancel an unpaid order for its buyer, or raise CannotCancel: it is paid or may be."""
    orders.cancel(order.id, is_answered=ask_open_windows(order, client))


def ask_open_windows(order: Order, client: PaypleClient) -> bool:
    """Inquire about the open PAY windows of an order. Return False if one is paid or has no answer."""
    prepared = [row for row in order.attempts if row.state is AttemptState.PREPARED]
    windows = [row.flow_view for row in prepared if row.charge_mode is ChargeMode.IN_WINDOW]
    return _flow(client, Source.PAGE).may_open_window(windows)


def expire_unopened(attempt_no: str, error: GatewayError) -> None:
    verdict = Verdict(AttemptState.EXPIRED, AttemptState.PREPARED, Reason.NOT_SENT, error=error)
    ShopStore(Source.PAGE).record(attempt_no, verdict)


def close_attention(attempt_no: str, *, by: str) -> None:
    """Record that an attempt in attention has nothing to collect, or raise NotFound."""
    with transaction():
        attempt = transitions.lock_attempt(attempt_no)
        if attempt.state is not AttemptState.ATTENTION:
            raise NotFound
        transitions.move(attempt, AttemptState.DECLINED, "attention_closed", Actor(Source.STAFF, by), checks=0)
        _schedule(attempt)


def _look_up_receipt(attempt_no: str, client: PaypleClient) -> None:
    """A PAY window issues its receipt after the charge."""
    if not db.session.scalar(select(Attempt.cash_receipt_asked).where(Attempt.attempt_no == attempt_no)):
        return
    with transaction():
        row = transitions.lock_attempt(attempt_no)
        may_look = row.may_get_receipt and row.receipt_look_ups < MOST_RESULTS
        if may_look:
            row.receipt_look_ups += 1
    if may_look:
        cash_receipts.look_up(attempt_no, client, at_once=True)


def _flow(client: PaypleClient, source: Source, inquirer: Inquirer | None = None) -> PaymentFlow:
    return PaymentFlow(client, ShopStore(source), clock.now, inquirer=inquirer)


@dataclass(frozen=True)
class ShopStore:
    """The store of the payment flow. ``source`` goes into the journal."""

    source: Source

    def find(self, attempt_no: str) -> attempts.Attempt | None:
        row = db.session.scalar(_ATTEMPT_WITH_ORDER, {"attempt_no": attempt_no})
        found = row.flow_view if row else None
        end_reading()
        return found

    def note_result(self, attempt_no: str, result: UnverifiedResult) -> bool:
        with transaction():
            row = transitions.lock_attempt(attempt_no)
            is_first_success = result.reports_success and row.reported_result != "success"
            if not is_first_success and journal.count("result", attempt_no) >= MOST_RESULTS:
                return False
            row.reported_at, row.reported_result, row.reported_code = clock.now(), result.result, result.code
            row.reported_mismatch = flow.mismatch(row.flow_view, result) if result.reports_success else ""
            evidence = {"result": result.result, "code": result.code[:20], "refused": row.reported_mismatch}
            journal.note(row, "result", Actor(self.source), evidence)
            return True

    def begin_confirm(self, attempt_no: str) -> bool:
        with transaction():
            return transitions.begin_confirm(transitions.lock_attempt(attempt_no), source=self.source)

    def claim_check(self, attempt_no: str, *, at_once: bool = False) -> bool:
        now = clock.now()
        is_due = Attempt.next_check_at <= now
        may_claim = or_(is_due, Attempt.state != AttemptState.CONFIRMING) if at_once else is_due
        with transaction():
            claim = update(Attempt).where(
                Attempt.attempt_no == attempt_no, Attempt.state.not_in(attempts.FINAL), may_claim
            )
            claimed = db.session.connection().execute(claim.values(next_check_at=now + CLAIM))
            return claimed.rowcount == 1

    def record(self, attempt_no: str, verdict: Verdict) -> attempts.Attempt:
        try:
            return self._record(attempt_no, verdict)
        except IntegrityError:  # two first payments of one browser raced; the second try sees the other's subscription
            return self._record(attempt_no, verdict)

    def _record(self, attempt_no: str, verdict: Verdict) -> attempts.Attempt:
        with transaction():
            row = transitions.lock_attempt(attempt_no)
            is_changed = transitions.apply_verdict(row, verdict, source=self.source)
            owed = attempts.owed_refund(row.flow_view, clock.now()) if is_changed else None
            if owed is not None:
                transitions.file_owed_refund(row, owed.refund_no, owed.amount)
            if is_changed and row.state in attempts.FINAL and verdict.found is not None:
                cash_receipts.add_found(row, verdict.found.transfer)
                subscriptions.record_payment(row, verdict.found)
            if is_changed or row.state is verdict.judged_from:
                if not is_changed:
                    row.checks += 1
                _schedule(row)
            return row.flow_view


def _schedule(row: Attempt) -> None:
    """Set when to inquire next. After a PAY window's end its cash receipt is looked up."""
    row.next_check_at = attempts.next_check(row.flow_view, clock.now())
    if row.may_get_receipt and clock.now() < row.window_ends_at:
        row.next_check_at = row.window_ends_at
