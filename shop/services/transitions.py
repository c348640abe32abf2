"""Writes every state: one conditional update and one journal row.

The caller opens the transaction and locks the order, or the subscription, first.
"""

from dataclasses import replace
from functools import cache
from typing import TypeVar

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.sql.dml import ReturningUpdate

from shop import clock
from shop.db import db
from shop.errors import NotFound, OutOfStock
from shop.models import Attempt, CashReceipt, Order, Refund, Subscription
from shop.payple import attempts
from shop.payple.attempts import HOLDING, AttemptState, Reason, Verdict
from shop.payple.refund_rules import next_try
from shop.rules.order import OrphanReason, order_state, refunded_state
from shop.rules.states import (
    LIVE,
    TRANSITIONS,
    CashReceiptState,
    IllegalTransition,
    OrderState,
    RefundState,
    Source,
    SubscriptionState,
)
from shop.services import catalogue, journal
from shop.services.journal import SHOP, Actor, Evidence, Row

RefundOrReceipt = TypeVar("RefundOrReceipt", Refund, CashReceipt)
State = OrderState | AttemptState | RefundState | CashReceiptState | SubscriptionState

_ORDER = select(Order).where(Order.id == bindparam("order_id")).with_for_update()
_ORDER_OF_ATTEMPT = (
    select(Order)
    .join(Attempt, Attempt.order_id == Order.id)
    .where(Attempt.attempt_no == bindparam("attempt_no"))
    .with_for_update(of=Order)
)
"""Built once, because every payment runs them: building a statement takes as long as running it."""


def create(row: Row, event: str, actor: Actor, evidence: Evidence | None = None) -> None:
    db.session.add(row)
    db.session.flush()
    journal.note(row, event, actor, evidence)


def move(row: Row, after: State, event: str, actor: Actor, evidence: Evidence | None = None, **values: object) -> None:
    """Change the state of a row, then that of its order. Raises IllegalTransition."""
    _set_state(row, after, values)
    if isinstance(row, Attempt | Refund):
        _set_order_state(row.order)
    journal.note(row, event, actor, evidence)


def lock_order(order_id: int) -> Order:
    return db.session.scalars(_ORDER, {"order_id": order_id}).one()


def lock_order_no(order_no: str) -> Order:
    """Return the order of this number, locked, or raise NotFound."""
    order = db.session.scalar(select(Order).where(Order.order_no == order_no).with_for_update())
    if order is None:
        raise NotFound
    return order


def lock_attempt(attempt_no: str) -> Attempt:
    """Return an attempt with its order locked, or raise NotFound."""
    order = db.session.scalar(_ORDER_OF_ATTEMPT, {"attempt_no": attempt_no})
    if order is None:
        raise NotFound
    attempt = next(one for one in order.attempts if one.attempt_no == attempt_no)
    set_committed_value(attempt, "order", order)  # else it would be read again
    return attempt


def lock_row(table: type[RefundOrReceipt], row_id: int) -> RefundOrReceipt:
    """Return a refund or a receipt with its order locked, or raise NotFound."""
    row = db.session.get(table, row_id)
    if row is None:
        raise NotFound
    order = lock_order(row.order_id)
    db.session.refresh(row)
    set_committed_value(row, "order", order)
    return row


def apply_verdict(attempt: Attempt, verdict: Verdict, *, source: Source) -> bool:
    """Give a locked attempt the state of a verdict. Return False if nothing changes."""
    state = verdict.applied_to(attempt.flow_view, order_is_held=_is_held(attempt)).state
    if state is attempt.state:
        return False
    reason: Reason | OrphanReason = verdict.reason if state is verdict.state else OrphanReason.SECOND_PAYMENT
    if state is AttemptState.PAID and (refusal := _take_payment(attempt.order)):
        state, reason = AttemptState.ORPHANED, refusal
    values = _gateway_columns(verdict) | {"checks": 0}
    if attempt.state is AttemptState.UNKNOWN and state is AttemptState.PAID:
        values["recovered_at"] = clock.now()
    move(attempt, state, state.value, Actor(source), _evidence(verdict, reason), **values)
    return True


def has_subscribed_since(order: Order) -> bool:
    """Whether the browser of a first payment subscribes by another order, or has paid for that month by one."""
    if order.month is None or order.subscription_id is not None:
        return False
    is_taken = or_(Subscription.state.in_(LIVE), Subscription.month > order.month)
    since = select(Subscription.id).where(Subscription.visitor == order.visitor, is_taken)
    return db.session.scalar(since.limit(1)) is not None


def file_owed_refund(attempt: Attempt, refund_no: str, amount: int, actor: Actor = SHOP) -> Refund:
    """Reserve the refund of a payment that no order takes. The sweep sends it."""
    refund = Refund(refund_no=refund_no, order=attempt.order, attempt=attempt, amount=amount, vat=0, is_full=True)
    return reserve_refund(refund, actor)


def reserve_refund(refund: Refund, actor: Actor) -> Refund:
    refund.reserved_at = clock.now()
    create(refund, "refund_reserved", actor, {"amount": refund.amount, "vat": refund.vat, "full": refund.is_full})
    refund.next_try_at = next_try(refund.flow_view, clock.now())
    return refund


def begin_confirm(attempt: Attempt, *, source: Source) -> bool:
    """Set a locked attempt to confirming, if its order can still be paid."""
    now = clock.now()
    order = attempt.order
    can_be_paid = order.state is OrderState.AWAITING_PAYMENT and not has_subscribed_since(order)
    if attempt.state is not AttemptState.PREPARED or not can_be_paid or now > attempt.window_ends_at:
        return False
    begun = replace(attempt.flow_view, state=AttemptState.CONFIRMING, confirming_at=now, checks=0)
    due = attempts.next_check(begun, now)
    move(attempt, begun.state, "confirming", Actor(source), confirming_at=now, checks=0, next_check_at=due)
    return True


def _set_state(row: Row, after: State, values: Evidence) -> None:
    before = row.state
    table = type(row)
    if after not in TRANSITIONS[type(before)][before]:
        raise IllegalTransition(f"{table.__tablename__} {row.id}: {before} to {after}")
    columns = {"state": after, **values}
    if db.session.connection().scalar(_change(table), columns | {"row_id": row.id, "before": before}) is None:
        raise IllegalTransition(f"{table.__tablename__} {row.id} is not {before} any more")
    for name, value in columns.items():
        set_committed_value(row, name, value)


@cache
def _change(table: type[Row]) -> ReturningUpdate[tuple[int]]:
    row = table.id == bindparam("row_id"), table.state == bindparam("before")
    return update(table).where(*row).returning(table.id)


def _set_order_state(order: Order) -> None:
    state = order_state([attempt.state for attempt in order.attempts], expired=order.released_at is not None)
    if order.paid_attempt is not None:
        state = refunded_state(order.paid_attempt.charged or 0, order.refunded)
    if state is not order.state:
        _set_state(order, state, {"released_at": None} if state is OrderState.PAID else {})


def _is_held(attempt: Attempt) -> bool:
    return any(other.state in HOLDING for other in attempt.order.attempts if other is not attempt)


def _take_payment(order: Order) -> OrphanReason | None:
    """Take the goods of an expired order again. Return why it takes no payment, or None."""
    if order.cancelled_at is not None:
        return OrphanReason.ORDER_CANCELLED
    if has_subscribed_since(order):
        return OrphanReason.SUBSCRIBED
    return None if _take_stock_again(order) else OrphanReason.OUT_OF_STOCK


def _take_stock_again(order: Order) -> bool:
    if order.released_at is None:
        return True
    try:
        with db.session.begin_nested():
            catalogue.take_stock(order.lines)
    except OutOfStock:
        return False
    return True


def _gateway_columns(verdict: Verdict) -> dict[str, object]:
    if verdict.error is not None:
        return {"result_code": verdict.error.code, "result_message": verdict.error.message}
    found = verdict.found
    if found is None:
        return {}
    values: dict[str, object] = {
        "result_code": found.code,
        "result_message": found.message,
        "paid_at": found.paid_at,
        "payment_date": found.payment_date,
        "charged_amount": found.charged_amount,
    }
    if found.card:
        values |= {
            "card_issuer": found.card.issuer,
            "card_number": found.card.number,
            "instalment_months": found.card.instalment_months,
            "approval_no": found.card.approval_no,
            "trade_key": found.card.trade_key,
            "slip_url": found.card.slip_url,
        }
    if found.transfer:
        transfer = found.transfer
        values |= {"bank_name": transfer.bank_name, "account": transfer.account, "billing_key": found.billing_key}
    return values


def _evidence(verdict: Verdict, reason: Reason | OrphanReason) -> dict[str, object]:
    evidence: dict[str, object] = {"reason": reason.value}
    if verdict.error is not None:
        evidence |= {"code": verdict.error.code, "message": verdict.error.message}
    if verdict.found is not None:
        found = verdict.found
        evidence |= {
            "code": found.code,
            "attempt_no": found.attempt_no,
            "amount": found.amount,
            "payment_date": found.payment_date.isoformat(),
        }
    return evidence
