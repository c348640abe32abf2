"""Refunds: reserve, commit, send, settle. The number, the date and the type of the payment come from our rows only.

The amount is taken out of what can be refunded before anything is sent, so two people can never return the same won.
A lost answer to a full cancel is asked again by repeating it: the second is refused because nothing is left. A lost
answer to a partial one is never repeated, because two equal partial cancels would both succeed: a person decides.
"""

import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select

from shop import clock
from shop.db import db, release, transaction
from shop.errors import RefundRefused
from shop.models import Attempt, Order, Refund
from shop.payple import GatewayError, NotSent, OutcomeUnknown, PaypleClient, RefundDone, RefundRequest, Refused, codes
from shop.payple.flow import LEAVE_WITHIN
from shop.rules import refund as rules
from shop.rules.money import Tax, Won
from shop.rules.refund import PaidFacts, RefundPlan, RefundTooLarge
from shop.rules.states import IN_FLIGHT, REFUND_TRANSITIONS, RefundState
from shop.services import cash_receipts, moving, refund_rows, transitions

log = logging.getLogger(__name__)
BATCH = 100


@dataclass(frozen=True)
class RefundWish:
    """What somebody asked for. ``seen_refundable`` is the balance that the person saw, in won.

    ``line_ids`` are order lines that go back whole: their tax is known; otherwise the tax part is proportional.
    ``intent`` is the one-time mark of the form.
    """

    amount: Won
    seen_refundable: Won
    reason: str
    intent: str
    line_ids: tuple[int, ...] = ()


def facts(order: Order) -> PaidFacts | None:
    """What a plan needs to know about a paid order; None if nothing is paid."""
    attempt = order.paid_attempt
    return _facts(order, attempt) if attempt else None


def plan(order: Order, amount: Won, line_ids: Sequence[int] = ()) -> RefundPlan:
    """What a refund would do, without doing it.

    :raises RefundRefused: nothing is paid, or the amount is not within what is left
    """
    paid = facts(order)
    if paid is None:
        raise RefundRefused(RefundRefused.Reason.NOT_PAID)
    try:
        return rules.plan_refund(paid, amount, _vat_of_lines(order, amount, line_ids))
    except RefundTooLarge as error:
        raise RefundRefused(RefundRefused.Reason.TOO_LARGE, error.refundable) from error


def request(order_no: str, wish: RefundWish, *, by: str, client: PaypleClient, now: datetime) -> Refund:
    """Refund a part or all of an order. The same intent, sent again, gives the same refund.

    :raises NotFound: no such order
    :raises RefundRefused: nothing was sent; ``reason`` says why
    """
    watch = clock.Watch(now)
    cash_receipts.look_up_first(order_no, client)
    refund_id, is_new = _reserve(order_no, wish, by, watch.now())
    if is_new:
        send(refund_id, client, now=watch.now())
    return db.session.get_one(Refund, refund_id)


def send_due(client: PaypleClient, *, now: datetime, order_id: int | None = None) -> list[int]:
    """Send what the shop itself owes, and repeat the full cancels whose answer was lost."""
    sent = due(now, order_id)
    for refund_id in sent:
        send(refund_id, client, now=now)
    return sent


def due(now: datetime, order_id: int | None = None) -> list[int]:
    """Refunds that may be sent (again): the shop's own, lost full cancels, and those whose worker died."""
    waiting = Refund.next_try_at <= now
    lost = and_(Refund.state == RefundState.UNKNOWN, Refund.is_full, waiting)
    owed = and_(Refund.state == RefundState.RESERVED, Refund.requested_by == "", waiting)
    query = select(Refund.id).where(or_(lost, owed)).order_by(Refund.id).limit(BATCH)
    if order_id is not None:
        query = query.where(Refund.order_id == order_id)
    found = list(db.session.scalars(query))
    release()
    return found


def send(refund_id: int, client: PaypleClient, *, now: datetime) -> None:
    """Commit the intent, send one cancel, and record what the gateway answers."""
    leave_by, watch = time.monotonic() + LEAVE_WITHIN, clock.Watch(now)
    message = _submit(refund_id, now)
    if message is None:
        return
    try:
        done = client.refund(message, leave_by=leave_by)
    except NotSent as error:
        _not_sent(refund_id, error, watch.now())
    except OutcomeUnknown as error:
        _unknown(refund_id, error, watch.now())
    except Refused as error:
        _refused(refund_id, error, watch.now())
    else:
        _done(refund_id, done, watch.now())


# --- before the call ------------------------------------------------------------------------------------------------


def _reserve(order_no: str, wish: RefundWish, by: str, now: datetime) -> tuple[int, bool]:
    """Take the amount out of what can be refunded. Answers the refund's id and whether it is new."""
    with transaction():
        order = transitions.lock_order_no(order_no)
        before = db.session.scalar(select(Refund).where(Refund.intent == wish.intent))
        if before is not None and before.order_id != order.id:
            raise RefundRefused(RefundRefused.Reason.OTHER_ORDER)
        if before is not None:
            return before.id, False
        plan_now = _insist(order, wish)
        refund = row_of(order, wish, plan_now, by, now)
        step = moving.create(refund)
        refund_rows.note(refund, "refund_reserved", step, now)
        return refund.id, True


def _insist(order: Order, wish: RefundWish) -> RefundPlan:
    """The plan, if the refund may be sent: nothing without an answer, and the balance still the one that was seen."""
    attempt = order.paid_attempt
    if attempt is None:
        raise RefundRefused(RefundRefused.Reason.NOT_PAID)
    paid = _facts(order, attempt)
    if attempt.is_refunding or attempt.is_receipt_calling:
        raise RefundRefused(RefundRefused.Reason.IN_FLIGHT, paid.refundable)
    if wish.seen_refundable != paid.refundable:
        raise RefundRefused(RefundRefused.Reason.STALE_BALANCE, paid.refundable)
    return plan(order, wish.amount, wish.line_ids)


def row_of(order: Order, wish: RefundWish, planned: RefundPlan, by: str, now: datetime) -> Refund:
    """The row of a planned refund, not stored yet."""
    attempt = order.paid_attempt
    if attempt is None:
        raise RefundRefused(RefundRefused.Reason.NOT_PAID)
    return Refund(
        intent=wish.intent or secrets.token_urlsafe(18),
        order=order,
        attempt=attempt,
        amount=planned.amount,
        vat=planned.vat,
        sends_vat=planned.sends_vat,
        is_full=planned.is_full,
        reason=wish.reason,
        requested_by=by,
        reserved_at=now,
    )


def _submit(refund_id: int, now: datetime) -> RefundRequest | None:
    """Commit that the call is about to leave. None: somebody else is at it, or it is over."""
    with transaction():
        refund = refund_rows.locked(refund_id)
        sendable = [RefundState.RESERVED] + ([RefundState.UNKNOWN] if refund.is_full else [])
        if refund.state not in sendable or refund.attempt.trade_date is None:
            return None
        values = {"submitted_at": now, "tries": refund.tries + 1, "next_try_at": None}
        step = moving.move(refund, RefundState.SUBMITTED, **values)
        refund_rows.note(refund, "refund_submitted", step, now, {"tries": refund.tries})
        vat = refund.vat if refund.sends_vat else None
        return RefundRequest(refund.attempt.attempt_no, refund.attempt.trade_date, refund.amount, vat)


def dead(now: datetime) -> list[int]:
    """Refunds whose worker died, before or after their call left."""
    long_ago = now - rules.REFUND_PATIENCE
    silent = and_(Refund.state == RefundState.RESERVED, Refund.requested_by != "", Refund.reserved_at < long_ago)
    lost = and_(Refund.state == RefundState.SUBMITTED, Refund.submitted_at < long_ago)
    found = list(db.session.scalars(select(Refund.id).where(or_(silent, lost)).order_by(Refund.id).limit(BATCH)))
    release()
    return found


def give_up(refund_id: int, now: datetime) -> None:
    """What became of a refund whose worker died: never sent is released, perhaps sent is unknown."""
    state = db.session.get_one(Refund, refund_id).state
    release()
    if state is RefundState.RESERVED:
        _not_sent(refund_id, NotSent("the program stopped before it was sent"), now, state)
    elif state is RefundState.SUBMITTED:
        _unknown(refund_id, OutcomeUnknown("the program stopped while it was sent"), now)


# --- after the call -------------------------------------------------------------------------------------------------


def _done(refund_id: int, done: RefundDone, now: datetime) -> None:
    values = {"trade_key": done.trade_key[:60], "slip_url": done.slip_url}
    receipt = done.receipt
    if receipt is not None:
        values |= {"receipt_code": receipt.code[:20], "receipt_message": receipt.message[:200]}
    _finish(refund_id, done.code, done.message, now=now, **values)


def _refused(refund_id: int, error: Refused, now: datetime) -> None:
    """Record a definite no to this call.

    To a repeated full cancel "already cancelled" is a yes to the first try. Any other no says nothing about it.
    """
    refund = db.session.get_one(Refund, refund_id)
    is_repeated = refund.is_full and refund.tries > 1
    release()
    if is_repeated and codes.says_already_cancelled(error.code):
        _finish(refund_id, error.code, error.message, now=now)
    elif is_repeated:
        _unknown(refund_id, error, now)
    else:
        _settle(refund_id, RefundState.REFUSED, error, now, settled_at=now)


def _not_sent(refund_id: int, error: NotSent, now: datetime, before: RefundState = RefundState.SUBMITTED) -> None:
    """Nothing left this machine: a person may press again; what the shop owes is tried again later.

    If it was the repeat of a full cancel, the first try is as unknown as before.
    """
    refund = db.session.get_one(Refund, refund_id)
    orphan, tries = refund.is_orphan, refund.tries
    release()
    if tries > 1 and not orphan:
        _unknown(refund_id, error, now)
    elif orphan:
        wait = now + rules.next_inquiry(tries)
        _settle(refund_id, RefundState.RESERVED, error, now, before=before, next_try_at=wait)
    else:
        _settle(refund_id, RefundState.REFUSED, error, now, before=before, settled_at=now)


def _unknown(refund_id: int, error: GatewayError, now: datetime) -> None:
    """It may have happened. A full cancel is repeated later; a partial one waits for a person."""
    refund = db.session.get_one(Refund, refund_id)
    wait = now + rules.next_inquiry(refund.tries - 1) if refund.is_full else None
    release()
    _settle(refund_id, RefundState.UNKNOWN, error, now, next_try_at=wait)


def _settle(
    refund_id: int,
    state: RefundState,
    error: GatewayError,
    now: datetime,
    *,
    before: RefundState = RefundState.SUBMITTED,
    **values: object,
) -> None:
    """Write an answer that moved no money, unless somebody else has written one since the call left.

    A no to a call counts also where the sweep has given its worker up meanwhile, if it was the only call.
    """
    told: dict[str, object] = {"result_code": error.code[:20], "result_message": error.message[:200]}
    was_sent, is_no = before is RefundState.SUBMITTED, state is RefundState.REFUSED
    with transaction():
        refund = refund_rows.locked(refund_id)
        is_late = was_sent and is_no and refund.state is RefundState.UNKNOWN and refund.tries == 1
        if refund.state is before or is_late:
            step = moving.move(refund, state, **told, **values)
            refund_rows.note(refund, f"refund_{state.value}", step, now, told)


def _finish(refund_id: int, code: str, message: str, *, now: datetime, **values: object) -> None:
    """The money is back: record it, follow with the cash receipt, and let the order show it.

    It counts also where the sweep has given its worker up meanwhile, and even where a person has decided against it.
    """
    told: dict[str, object] = {"result_code": code[:20], "result_message": message[:200]}
    with transaction():
        refund = refund_rows.locked(refund_id)
        if RefundState.DONE not in REFUND_TRANSITIONS[refund.state]:
            return
        if refund.state is RefundState.REFUSED:
            log.error("the gateway's yes to refund %s came after it had been decided otherwise", refund_id)
        step = moving.move(refund, RefundState.DONE, settled_at=now, **told, **values)
        refund_rows.note(refund, "refund_done", step, now, told | {"receipt": refund.receipt_code})
        cash_receipts.follow_refund(refund, refund_rows.wanted_by(refund))


# --- facts ----------------------------------------------------------------------------------------------------------


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
    """The tax of the chosen lines, if they add up to the amount; else it has to be worked out in proportion."""
    chosen = [(Won(line.amount), Tax(line.tax)) for line in order.lines if line.id in line_ids]
    if not chosen or sum(part for part, _tax in chosen) != amount:
        return None
    return rules.vat_of_goods(chosen)
