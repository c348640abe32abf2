"""Refunds: plan, reserve, send, record. ``payple.refund_rules`` decides what may be sent, and what an answer means.

To copy refunds, take ``payple.flow.Flow``: it has no journal and no cash receipts.
"""

import time
from dataclasses import dataclass

from sqlalchemy import select

from shop import clock
from shop.db import db, read_column, transaction
from shop.errors import RefundRefused
from shop.models import Attempt, Order, Refund
from shop.payple import GatewayError, PaypleClient, RefundRequest, refund_rules
from shop.payple.flow import LEAVE_WITHIN
from shop.payple.refund_rules import RefundRejected, RefundVerdict
from shop.rules import refund as rules
from shop.rules.money import Tax, Won
from shop.rules.refund import PaidFacts, RefundPlan
from shop.rules.states import IN_FLIGHT, RefundState, Source
from shop.services import cash_receipts, journal, transitions
from shop.services.journal import Actor, requester

BATCH = 100


@dataclass(frozen=True)
class RefundWish:
    amount: Won
    seen_refundable: Won  # the balance that the person saw
    reason: str
    refund_no: str  # the form's one-time key
    line_ids: tuple[int, ...] = ()  # order lines that go back whole


def facts(order: Order) -> PaidFacts | None:
    """Return None if nothing is paid."""
    attempt = order.paid_attempt
    return None if attempt is None else _facts(attempt)


def plan(order: Order, wish: RefundWish) -> RefundPlan:
    """Work out what a refund does, or raise RefundRefused."""
    attempt = order.paid_attempt
    if attempt is None:
        raise RefundRefused(RefundRefused.Reason.NOT_PAID)
    paid = _facts(attempt)
    try:
        refund_rules.check_refund(
            wish.amount,
            balance=paid.refundable,
            seen_balance=wish.seen_refundable,
            is_in_flight=attempt.is_refunding or attempt.is_receipt_calling,
        )
    except RefundRejected as error:
        raise RefundRefused(RefundRefused.Reason(error.reason), error.balance) from error
    chosen = [(Won(line.amount), Tax(line.tax)) for line in order.lines if line.id in wish.line_ids]
    is_of_lines = chosen and sum(part for part, _tax in chosen) == wish.amount
    return rules.plan_refund(paid, wish.amount, rules.vat_of_goods(chosen) if is_of_lines else None)


def request(order_no: str, wish: RefundWish, *, by: str, client: PaypleClient) -> Refund:
    """Refund a part or all of an order, or raise RefundRefused. The same form, sent again, gives the same refund."""
    cash_receipts.look_up_first(order_no, client)
    refund = _reserve(order_no, wish, by)
    if refund.state is RefundState.RESERVED:
        send(refund.id, client)
    return refund


def repeat(refund_id: int, *, by: str, client: PaypleClient) -> Refund:
    """Send a full refund again at once, or raise RefundRefused. A refused one of the shop's own is filed anew."""
    with transaction():
        refund = transitions.lock_row(Refund, refund_id)
        if not refund.can_be_repeated:
            raise RefundRefused(RefundRefused.Reason.WRONG_STATE)
        if refund.state is RefundState.REFUSED:
            later = next((other for other in refund.attempt.refunds if other.id > refund.id), None)
            number, actor = f"again-{refund.id}", Actor(Source.STAFF, by)
            refund = later or transitions.file_owed_refund(refund.attempt, number, refund.amount, actor)
    send(refund.id, client)
    return refund


def decide(refund_id: int, *, was_refunded: bool, by: str) -> Refund:
    """Record what a person has found out about a lost refund, or raise RefundRefused."""
    actor = Actor(Source.STAFF, by)
    with transaction():
        refund = transitions.lock_row(Refund, refund_id)
        if not refund.may_be_decided:
            raise RefundRefused(RefundRefused.Reason.WRONG_STATE)
        journal.note(refund, "refund_decided", actor)
        verdict = RefundVerdict(RefundState.DONE if was_refunded else RefundState.REFUSED, refund.tries)
        _record(refund, verdict, actor, decided_by=by)
    return refund


def record_returned_elsewhere(refund_id: int, *, by: str) -> Refund:
    """Record that a person has returned the money of a refused refund, or raise RefundRefused."""
    actor = Actor(Source.STAFF, by)
    with transaction():
        refund = transitions.lock_row(Refund, refund_id)
        if not refund.is_refused_return or refund.attempt.refunds[-1].id != refund.id:
            raise RefundRefused(RefundRefused.Reason.WRONG_STATE)
        refund.returned_elsewhere_by = by
        journal.note(refund, "returned_elsewhere", actor)
        cash_receipts.adjust_to_refund(refund, actor)
    return refund


def due() -> list[int]:
    query = select(Refund.id).where(Refund.next_try_at <= clock.now())
    return read_column(query.order_by(Refund.next_try_at, Refund.id).limit(BATCH))


def handle_due(refund_id: int, client: PaypleClient) -> None:
    """Send a due refund, or give it up if its process has stopped."""
    with transaction():
        refund = transitions.lock_row(Refund, refund_id)
        if refund.next_try_at is None or refund.next_try_at > clock.now():
            return
        given_up = refund_rules.give_up(refund.flow_view)
        if given_up is not None:
            _record(refund, given_up, requester(refund))
    if given_up is None:
        send(refund_id, client)


def send(refund_id: int, client: PaypleClient) -> None:
    """Send a refund once, if it may be sent. The intent is committed before it leaves."""
    leave_by = time.monotonic() + LEAVE_WITHIN
    before = _begin(refund_id)
    if before is None:
        return
    message = RefundRequest(before.attempt_no, before.payment_date, before.amount, before.vat)
    try:
        verdict = refund_rules.judge_refund(before, client.refund(message, leave_by=leave_by))
    except GatewayError as error:
        verdict = refund_rules.judge_refund(before, error)
    with transaction():
        refund = transitions.lock_row(Refund, refund_id)
        _record(refund, verdict, requester(refund))


def _facts(attempt: Attempt) -> PaidFacts:
    gone = [refund for refund in attempt.refunds if refund.state in (*IN_FLIGHT, RefundState.DONE)]
    receipt = attempt.covering_receipt
    return PaidFacts(
        paid=attempt.order.breakdown,
        charged=Won(attempt.charged or 0),
        gone=Won(sum(refund.amount for refund in gone)),
        gone_vat=Won(sum(refund.vat for refund in gone)),
        receipt=Won(receipt.amount) if receipt else None,
    )


def _reserve(order_no: str, wish: RefundWish, by: str) -> Refund:
    with transaction():
        order = transitions.lock_order_no(order_no)
        before = db.session.scalar(select(Refund).where(Refund.refund_no == wish.refund_no))
        if before is not None and before.order_id != order.id:
            raise RefundRefused(RefundRefused.Reason.OTHER_ORDER)
        if before is not None:
            return before
        planned = plan(order, wish)
        refund = Refund(
            refund_no=wish.refund_no,
            order=order,
            attempt=order.paid_attempt,
            amount=planned.amount,
            vat=planned.vat,
            is_full=planned.is_full,
            reason=wish.reason,
            requested_by=by,
        )
        return transitions.reserve_refund(refund, Actor(Source.STAFF, by))


def _begin(refund_id: int) -> refund_rules.Refund | None:
    """Commit that a refund is about to leave, and return it as it was before. None: it may not be sent."""
    with transaction():
        refund = transitions.lock_row(Refund, refund_id)
        before = refund.flow_view
        if not refund_rules.may_send(before):
            return None
        tries = refund.tries + 1
        _move(refund, RefundState.SUBMITTED, requester(refund), {"tries": tries}, tries=tries, submitted_at=clock.now())
        return before


def _record(refund: Refund, verdict: RefundVerdict, actor: Actor, **decision: object) -> None:
    if verdict.state is refund.state or not verdict.applies_to(refund.flow_view):
        return
    values = decision | _gateway_columns(verdict)  # they go into the journal, too
    ended_at = None if verdict.state in IN_FLIGHT else clock.now()
    _move(refund, verdict.state, actor, values, ended_at=ended_at, **values)
    if verdict.state is RefundState.DONE:
        cash_receipts.adjust_to_refund(refund, actor)


def _move(refund: Refund, state: RefundState, actor: Actor, evidence: dict[str, object], **columns: object) -> None:
    figures = {"amount": refund.amount, "vat": refund.vat, "full": refund.is_full}
    transitions.move(refund, state, f"refund_{state}", actor, figures | evidence, **columns)
    refund.next_try_at = refund_rules.next_try(refund.flow_view, clock.now())


def _gateway_columns(verdict: RefundVerdict) -> dict[str, object]:
    if verdict.error is not None:
        return {"result_code": verdict.error.code, "result_message": verdict.error.message}
    if verdict.done is None:
        return {}
    done = verdict.done
    return {
        "result_code": done.code,
        "result_message": done.message,
        "trade_key": done.trade_key,
        "slip_url": done.slip_url,
        "receipt_code": done.receipt_code,
        "receipt_message": done.receipt_message,
    }
