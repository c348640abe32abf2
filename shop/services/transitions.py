"""Writes the states of orders and attempts.

Each write holds the order's lock, changes a row by one conditional update and adds one journal row, in one commit.
"""

from datetime import datetime
from typing import TypeVar

from sqlalchemy import func, select

from shop.db import db, transaction
from shop.errors import NotFound, OutOfStock
from shop.models import Attempt, CashReceipt, Order, Refund
from shop.payple import PaymentFound
from shop.payple.flow import HOLDING, AttemptState, Verdict
from shop.rules.order import order_state, refunded_state
from shop.rules.states import OrderState, RefundState, Source
from shop.services import journal, moving, orders
from shop.services.journal import ITSELF
from shop.services.moving import Step

Row = TypeVar("Row", Refund, CashReceipt)
LONGEST_INSTALMENT = 99
"""Months. The field has two digits."""


def lock_order(order_id: int) -> Order:
    """Return the order, locked until the transaction ends."""
    return db.session.scalars(select(Order).where(Order.id == order_id).with_for_update()).one()


def lock_order_no(order_no: str) -> Order:
    """Return the order of this number, locked until the transaction ends.

    :raises NotFound: there is none
    """
    order = db.session.scalar(select(Order).where(Order.order_no == order_no).with_for_update())
    if order is None:
        raise NotFound
    return order


def find_locked(attempt_no: str) -> Attempt | None:
    """Return an attempt as it is now, with its order locked, or None if it is not ours."""
    order_id = db.session.scalar(select(Attempt.order_id).where(Attempt.attempt_no == attempt_no))
    if order_id is None:
        return None
    lock_order(order_id)
    attempt = db.session.scalars(select(Attempt).where(Attempt.attempt_no == attempt_no)).one()
    db.session.refresh(attempt)
    return attempt


def lock_attempt(attempt_no: str) -> Attempt:
    """Return an attempt as it is now, with its order locked.

    :raises NotFound: it is not ours
    """
    attempt = find_locked(attempt_no)
    if attempt is None:
        raise NotFound
    return attempt


def lock_row(table: type[Row], row_id: int) -> Row:
    """Return a refund or a cash receipt as it is now, with its order locked."""
    row = db.session.get_one(table, row_id)
    lock_order(row.order_id)
    db.session.refresh(row)
    return row


def apply_verdict(attempt: Attempt, verdict: Verdict, *, source: Source, now: datetime) -> bool:
    """Give a locked attempt the state of a verdict, with all that follows. Return False if nothing changes."""
    if not verdict.applies_to(attempt.state):
        return False
    state, reason = _place(attempt, verdict)
    if state is attempt.state:
        return False
    values = gateway_columns(verdict) | {"checks": 0}
    step = moving.move(attempt, state, **values)
    note(attempt, state.value, step, source=source, now=now, evidence=_evidence(verdict, reason))
    if verdict.found is not None and verdict.found.charged_amount and state is AttemptState.ORPHANED:
        _file_refund(attempt, verdict.found, reason, now)
    return True


def begin_confirm(attempt: Attempt, *, now: datetime) -> bool:
    """Set a locked attempt to confirming, if its order can still be paid."""
    is_late = now > attempt.deadline_at
    if attempt.state is not AttemptState.PREPARED or attempt.order.state is not OrderState.AWAITING_PAYMENT or is_late:
        return False
    step = moving.move(attempt, AttemptState.CONFIRMING, confirming_at=now, checks=0)
    note(attempt, "confirming", step, source=Source.BROWSER, now=now)
    return True


def close_attention(attempt: Attempt, *, by: str, now: datetime) -> None:
    """Record a person's decision that a locked attempt has nothing to collect.

    :raises NotFound: it does not wait for a person
    """
    if attempt.state is not AttemptState.ATTENTION:
        raise NotFound
    step = moving.move(attempt, AttemptState.DECLINED, checks=0)
    note(attempt, "attention_closed", step, source=Source.STAFF, now=now, evidence={"by": by})


def expire_order(order_id: int, *, source: Source, now: datetime) -> bool:
    """Give up an unpaid order and return its stock, once no window of it is open."""
    with transaction():
        order = lock_order(order_id)
        if order.state is not OrderState.AWAITING_PAYMENT or now < order.expires_at:
            return False
        if any(attempt.state is AttemptState.PREPARED for attempt in order.attempts):
            return False
        step = moving.move(order, OrderState.EXPIRED, released_at=now)
        orders.give_stock_back(order.lines)
        journal.note("order_expired", at=now, order=order, source=source, row=order, step=step)
        return True


def follow(order: Order) -> None:
    """Set the order's state to what its attempts and refunds make it."""
    query = select(Attempt.state, Attempt.amount, Attempt.charged_amount).where(Attempt.order_id == order.id)
    rows = db.session.execute(query).all()
    state = order_state([row.state for row in rows], expired=order.released_at is not None)
    if state is OrderState.PAID:
        charged = sum(row.charged_amount or row.amount for row in rows if row.state is AttemptState.PAID)
        state = refunded_state(charged, _refunded(order))
    if state is not order.state:
        taken_again = {"released_at": None} if state is OrderState.PAID else {}
        moving.move(order, state, **taken_again)


def note(
    attempt: Attempt,
    event: str,
    step: Step,
    *,
    source: Source,
    now: datetime,
    evidence: dict[str, object] | None = None,
) -> None:
    """Let the order follow its attempt and add the journal row."""
    follow(attempt.order)
    journal.note(
        event,
        at=now,
        order=attempt.order,
        attempt_no=attempt.attempt_no,
        source=source,
        row=attempt,
        step=step,
        evidence=evidence,
    )


def gateway_columns(verdict: Verdict) -> dict[str, object]:
    """Return the columns that repeat the gateway's answer, no longer than they may be."""
    values: dict[str, object] = {}
    if verdict.error is not None:
        values = {"result_code": verdict.error.code, "result_message": verdict.error.message}
    elif verdict.found is not None:
        values = _payment_columns(verdict.found)
    columns = Attempt.__table__.c
    return {
        name: value[: getattr(columns[name].type, "length", None)] if isinstance(value, str) else value
        for name, value in values.items()
    }


def _place(attempt: Attempt, verdict: Verdict) -> tuple[AttemptState, str]:
    """Return the state that an attempt takes, given the others of its order, and why.

    A second payment, or one whose goods are gone, is orphaned. While another attempt holds the order, silence about
    this one changes nothing.
    """
    state, reason = verdict.state, verdict.reason.value
    if state not in HOLDING:
        return state, reason
    others = select(Attempt.id).where(Attempt.order_id == attempt.order_id, Attempt.id != attempt.id)
    if db.session.scalar(others.where(Attempt.state.in_(HOLDING)).limit(1)) is not None:
        return (AttemptState.ORPHANED, "second payment") if state is AttemptState.PAID else (attempt.state, reason)
    if state is AttemptState.PAID and not _take_stock_again(attempt.order):
        return AttemptState.ORPHANED, "out of stock"
    return state, reason


def _take_stock_again(order: Order) -> bool:
    """Return whether the goods are reserved, or could be taken again after the order had expired."""
    if order.released_at is None:
        return True
    try:
        with db.session.begin_nested():
            orders.take_stock(order.lines)
    except OutOfStock:
        return False
    return True


def _file_refund(attempt: Attempt, found: PaymentFound, reason: str, now: datetime) -> None:
    """File a full refund of what the gateway says was charged."""
    refund = Refund(
        intent=f"orphan-{attempt.attempt_no}",
        order_id=attempt.order_id,
        attempt=attempt,
        amount=found.charged_amount,
        vat=0,
        sends_vat=False,
        is_full=True,
        reason=reason,
        reserved_at=now,
        next_try_at=now,
    )
    step = moving.create(refund)
    journal.note(
        "refund_reserved",
        at=now,
        order=attempt.order,
        attempt_no=attempt.attempt_no,
        source=ITSELF.source,
        row=refund,
        step=step,
    )


def _payment_columns(found: PaymentFound) -> dict[str, object]:
    values: dict[str, object] = {
        "result_code": found.code,
        "result_message": found.message,
        "paid_at": found.paid_at,
        "trade_date": found.payment_date,
        "charged_amount": found.charged_amount,
        "payer_id": found.payer_id,
    }
    if found.card:
        values |= {
            "card_issuer": found.card.issuer,
            "card_number": found.card.number,
            "instalment_months": min(found.card.instalment_months, LONGEST_INSTALMENT),
            "approval_no": found.card.approval_no,
            "trade_key": found.card.trade_key,
            "slip_url": found.card.slip_url,
        }
    if found.transfer:
        values |= {"bank_name": found.transfer.bank_name, "account": found.transfer.account}
    return values


def _evidence(verdict: Verdict, reason: str) -> dict[str, object]:
    """Return what the journal keeps of a verdict: numbers and codes, never people."""
    kept: dict[str, object] = {"reason": reason}
    if verdict.error is not None:
        kept |= {"code": verdict.error.code, "message": verdict.error.message}
    if verdict.found is not None:
        found = verdict.found
        kept |= {
            "code": found.code,
            "attempt_no": found.attempt_no,
            "amount": found.amount,
            "trade_date": found.payment_date.isoformat(),
        }
    return kept


def _refunded(order: Order) -> int:
    """Return how many won of this order went back to its payer."""
    done = (Refund.order_id == order.id, Refund.state == RefundState.DONE, Refund.requested_by != "")
    return db.session.scalar(select(func.coalesce(func.sum(Refund.amount), 0)).where(*done)) or 0
