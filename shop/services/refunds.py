"""Refunds: reserve, commit, send, settle.

A lost full cancel is sent again: the gateway refuses a second one. A lost partial cancel is never repeated: a person
decides.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, or_, select

from shop import clock
from shop.db import db, release, transaction
from shop.errors import RefundRefused
from shop.models import Attempt, Order, Refund
from shop.payple import GatewayError, PaypleClient, RefundDone, RefundRequest
from shop.payple.backoff import backoff
from shop.payple.flow import LEAVE_WITHIN
from shop.payple.refund_rules import REFUND_PATIENCE, state_after
from shop.rules import refund as rules
from shop.rules.money import Tax, Won
from shop.rules.refund import PaidFacts, RefundPlan, RefundTooLarge
from shop.rules.states import IN_FLIGHT, RefundState, Source
from shop.services import cash_receipts, journal, transitions
from shop.services.journal import SHOP, Actor

BATCH = 100


@dataclass(frozen=True)
class RefundWish:
    """A refund form. ``seen_refundable`` is the balance that the person saw, ``intent`` the form's one-time key.

    ``line_ids`` are order lines that go back whole.
    """

    amount: Won
    seen_refundable: Won
    reason: str
    intent: str
    line_ids: tuple[int, ...] = ()


def facts(order: Order) -> PaidFacts | None:
    """Return what a refund plan needs of an order, or None if nothing is paid."""
    attempt = order.paid_attempt
    return _facts(order, attempt) if attempt else None


def plan(order: Order, amount: Won, line_ids: Sequence[int] = ()) -> RefundPlan:
    """Work out what a refund does, or raise RefundRefused."""
    paid = facts(order)
    if paid is None:
        raise RefundRefused(RefundRefused.Reason.NOT_PAID)
    try:
        return rules.plan_refund(paid, amount, _vat_of_lines(order, amount, line_ids))
    except RefundTooLarge as error:
        raise RefundRefused(RefundRefused.Reason.TOO_LARGE, error.refundable) from error


def request(order_no: str, wish: RefundWish, *, by: str, client: PaypleClient) -> Refund:
    """Refund a part or all of an order. The same form, sent again, gives the same refund.

    :raises RefundRefused: nothing was sent
    """
    cash_receipts.look_up_first(order_no, client)
    refund_id, is_new = _reserve(order_no, wish, by)
    if is_new:
        send(refund_id, client)
    return db.session.get_one(Refund, refund_id)


def repeat(refund_id: int, *, by: str, client: PaypleClient) -> Refund:
    """Send a full cancel again at once. A refused one of the shop's own is filed anew.

    :raises RefundRefused: it must not be repeated
    """
    with transaction():
        refund = transitions.lock_row(Refund, refund_id)
        if not refund.can_be_repeated:
            raise RefundRefused(RefundRefused.Reason.NOT_UNKNOWN)
        if refund.state is RefundState.REFUSED:
            refund = _file_again(refund, by)
        number = refund.id
    send(number, client)
    return db.session.get_one(Refund, number)


def decide(refund_id: int, *, was_refunded: bool, by: str) -> Refund:
    """Record what a named person has found out about a lost refund.

    :raises RefundRefused: it does not wait for a person
    """
    actor = Actor(Source.STAFF, by)
    with transaction():
        refund = transitions.lock_row(Refund, refund_id)
        if not refund.awaits_person:
            raise RefundRefused(RefundRefused.Reason.NOT_UNKNOWN)
        state = RefundState.DONE if was_refunded else RefundState.REFUSED
        evidence = _figures(refund) | {"was_refunded": was_refunded}
        values = {"settled_at": clock.now(), "decided_by": by}
        transitions.move(refund, state, "refund_decided", actor, evidence, **values)
        if was_refunded:
            cash_receipts.follow_refund(refund, actor)
    return refund


def record_returned_elsewhere(refund_id: int, *, by: str) -> Refund:
    """Record that a person has returned the money of a refused refund. It is not sent again.

    :raises RefundRefused: it is not refused
    """
    actor = Actor(Source.STAFF, by)
    with transaction():
        refund = transitions.lock_row(Refund, refund_id)
        if not refund.is_refused_return or refund.attempt.refunds[-1].id != refund.id:
            raise RefundRefused(RefundRefused.Reason.NOT_UNKNOWN)
        refund.returned_elsewhere_by = by
        journal.note_row(refund, "returned_elsewhere", actor)
        cash_receipts.follow_refund(refund, actor)
    return refund


def due(order_id: int | None = None) -> list[int]:
    now = clock.now()
    lost = and_(Refund.state == RefundState.UNKNOWN, Refund.is_full)
    owed = and_(Refund.state == RefundState.RESERVED, Refund.requested_by == "")
    query = select(Refund.id).where(or_(lost, owed), Refund.next_try_at <= now)
    if order_id is not None:
        query = query.where(Refund.order_id == order_id)
    found = list(db.session.scalars(query.order_by(Refund.next_try_at, Refund.id).limit(BATCH)))
    release()
    return found


def send(refund_id: int, client: PaypleClient) -> None:
    leave_by = time.monotonic() + LEAVE_WITHIN
    sending = _submit(refund_id)
    if sending is None:
        return
    try:
        done = client.refund(sending.message, leave_by=leave_by)
    except GatewayError as error:
        _record_error(refund_id, error, is_repeat=sending.is_repeat)
    else:
        _record_done(refund_id, done)


def give_up_dead() -> None:
    """Refuse what a dead worker did not send; what may have left is unknown."""
    long_ago = clock.now() - REFUND_PATIENCE
    unsent = and_(Refund.state == RefundState.RESERVED, Refund.requested_by != "", Refund.reserved_at < long_ago)
    lost = and_(Refund.state == RefundState.SUBMITTED, Refund.submitted_at < long_ago)
    dead = list(db.session.scalars(select(Refund.id).where(or_(unsent, lost)).order_by(Refund.id).limit(BATCH)))
    release()
    for refund_id in dead:
        with transaction():
            _give_up(transitions.lock_row(Refund, refund_id))


# --- before the call ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Sending:
    message: RefundRequest
    is_repeat: bool


def _reserve(order_no: str, wish: RefundWish, by: str) -> tuple[int, bool]:
    with transaction():
        order = transitions.lock_order_no(order_no)
        before = db.session.scalar(select(Refund).where(Refund.intent == wish.intent))
        if before is not None and before.order_id != order.id:
            raise RefundRefused(RefundRefused.Reason.OTHER_ORDER)
        if before is not None:
            return before.id, False
        refund = _new_refund(order, _require_refundable(order, wish), wish, by)
        transitions.create(refund, "refund_reserved", _actor(refund), _figures(refund))
        return refund.id, True


def _require_refundable(order: Order, wish: RefundWish) -> RefundPlan:
    attempt = order.paid_attempt
    if attempt is None:
        raise RefundRefused(RefundRefused.Reason.NOT_PAID)
    refundable = _facts(order, attempt).refundable
    if attempt.is_refunding or attempt.is_receipt_calling:
        raise RefundRefused(RefundRefused.Reason.IN_FLIGHT, refundable)
    if wish.seen_refundable != refundable:
        raise RefundRefused(RefundRefused.Reason.STALE_BALANCE, refundable)
    return plan(order, wish.amount, wish.line_ids)


def _new_refund(order: Order, planned: RefundPlan, wish: RefundWish, by: str) -> Refund:
    return Refund(
        intent=wish.intent,
        order=order,
        attempt=order.paid_attempt,
        amount=planned.amount,
        vat=planned.vat,
        sends_vat=planned.sends_vat,
        is_full=planned.is_full,
        reason=wish.reason,
        requested_by=by,
        reserved_at=clock.now(),
    )


def _file_again(refused: Refund, by: str) -> Refund:
    later = next((other for other in refused.attempt.refunds if other.id > refused.id), None)
    if later is not None:
        return later
    refund = Refund(
        intent=f"again-{refused.id}",
        order=refused.order,
        attempt=refused.attempt,
        amount=refused.amount,
        vat=refused.vat,
        sends_vat=refused.sends_vat,
        is_full=True,
        reason=refused.reason,
        reserved_at=clock.now(),
        next_try_at=clock.now(),
    )
    transitions.create(refund, "refund_reserved", Actor(Source.STAFF, by), _figures(refund))
    return refund


def _submit(refund_id: int) -> _Sending | None:
    with transaction():
        refund = transitions.lock_row(Refund, refund_id)
        is_repeat, trade_date = refund.state is RefundState.UNKNOWN, refund.attempt.trade_date
        may_leave = refund.state is RefundState.RESERVED or (is_repeat and refund.is_full)
        if not may_leave or trade_date is None:
            return None
        values = {"submitted_at": clock.now(), "tries": refund.tries + 1, "next_try_at": None}
        evidence = _figures(refund) | {"tries": refund.tries + 1}
        transitions.move(refund, RefundState.SUBMITTED, "refund_submitted", _actor(refund), evidence, **values)
        vat = refund.vat if refund.sends_vat else None
        return _Sending(RefundRequest(refund.attempt.attempt_no, trade_date, refund.amount, vat), is_repeat)


# --- after the call -------------------------------------------------------------------------------------------------


def _record_error(refund_id: int, error: GatewayError, *, is_repeat: bool) -> None:
    answer: dict[str, object] = {"result_code": error.code[:20], "result_message": error.message[:200]}
    with transaction():
        refund = transitions.lock_row(Refund, refund_id)
        if refund.state is RefundState.SUBMITTED:
            _settle(refund, state_after(error, is_repeat=is_repeat, is_owed=refund.is_orphan), answer)


def _record_done(refund_id: int, done: RefundDone) -> None:
    answer: dict[str, object] = {
        "result_code": done.code[:20],
        "result_message": done.message[:200],
        "trade_key": done.trade_key[:60],
        "slip_url": done.slip_url,
    }
    if done.receipt is not None:
        answer |= {"receipt_code": done.receipt.code[:20], "receipt_message": done.receipt.message[:200]}
    with transaction():
        refund = transitions.lock_row(Refund, refund_id)
        if refund.state in (RefundState.SUBMITTED, RefundState.UNKNOWN):
            _settle(refund, RefundState.DONE, answer)


def _give_up(refund: Refund) -> None:
    if refund.state is RefundState.RESERVED:
        _settle(refund, RefundState.REFUSED, {"result_message": "the program stopped before it was sent"})
    elif refund.state is RefundState.SUBMITTED:
        _settle(refund, RefundState.UNKNOWN, {"result_message": "the program stopped while it was sent"})


def _settle(refund: Refund, state: RefundState, answer: dict[str, object]) -> None:
    is_over, now = state in (RefundState.DONE, RefundState.REFUSED), clock.now()
    dates = {"settled_at": now if is_over else None}
    dates["next_try_at"] = now + backoff(refund.tries - 1) if refund.is_full and not is_over else None
    evidence = _figures(refund) | answer
    transitions.move(refund, state, f"refund_{state.value}", _actor(refund), evidence, **dates, **answer)
    if state is RefundState.DONE:
        cash_receipts.follow_refund(refund, _actor(refund))


def _actor(refund: Refund) -> Actor:
    return SHOP if refund.is_orphan else Actor(Source.STAFF, refund.requested_by)


def _figures(refund: Refund) -> dict[str, object]:
    return {"amount": refund.amount, "vat": refund.vat, "full": refund.is_full}


def _facts(order: Order, attempt: Attempt) -> PaidFacts:
    gone = [refund for refund in attempt.refunds if refund.state in (*IN_FLIGHT, RefundState.DONE)]
    receipt = attempt.covering_receipt
    return PaidFacts(
        paid=order.breakdown,
        charged=Won(attempt.amount if attempt.charged_amount is None else attempt.charged_amount),
        gone=Won(sum(refund.amount for refund in gone)),
        gone_vat=Won(sum(refund.vat for refund in gone)),
        receipt=Won(receipt.amount) if receipt else None,
    )


def _vat_of_lines(order: Order, amount: Won, line_ids: Sequence[int]) -> Won | None:
    chosen = [(Won(line.amount), Tax(line.tax)) for line in order.lines if line.id in line_ids]
    if not chosen or sum(part for part, _tax in chosen) != amount:
        return None
    return rules.vat_of_goods(chosen)
