"""Subscriptions: each month is an ordinary order, which ``monthly_charges`` charges."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from shop import clock
from shop.db import db, end_reading, transaction
from shop.errors import CannotCancel, CartProblem, NotFound
from shop.models import Attempt, Order, SavedMethod, Subscription
from shop.payple import PaymentFound, PaypleClient
from shop.rules.states import AttemptState, OrderState, SubscriptionState
from shop.rules.subscription import charge_time, month_after, month_of
from shop.services import orders, saved_methods, transitions
from shop.services.journal import SHOP, Actor
from shop.services.orders import Visitor

MOST = 200
"""On one page."""


def get(number: str) -> Subscription:
    """Return any subscription, or raise NotFound."""
    row = db.session.scalar(select(Subscription).where(Subscription.number == number))
    if row is None:
        raise NotFound
    return row


def get_of(visitor: Visitor, number: str) -> Subscription:
    """Return a subscription of this visitor, or raise NotFound."""
    row = get(number)
    if not any(visitor.owns(order) for order in row.orders):
        raise NotFound
    return row


def list_of(visitor: Visitor) -> Sequence[Subscription]:
    mine = select(Subscription).where(Subscription.visitor == visitor.mark).order_by(Subscription.id.desc())
    return db.session.scalars(mine).all() if visitor.mark else []


def list_newest() -> Sequence[Subscription]:
    parts = selectinload(Subscription.orders), selectinload(Subscription.saved_method)
    return db.session.scalars(select(Subscription).options(*parts).order_by(Subscription.id.desc()).limit(MOST)).all()


def month_to_pay(visitor: Visitor) -> date:
    """Return the present month, or the first that this browser's earlier subscription has not paid."""
    mine = select(func.max(Subscription.month)).where(Subscription.visitor == visitor.mark)
    is_live = Subscription.state != SubscriptionState.STOPPED
    if db.session.scalar(mine.where(is_live)) is not None:
        raise CartProblem(CartProblem.Reason.SUBSCRIBED)
    return max(month_of(clock.now()), db.session.scalar(mine) or date.min)


def record_payment(attempt: Attempt, found: PaymentFound) -> None:
    """Save what an attempt was paid with, and start or continue the subscription of its order.

    A subscription is always locked before its saved method.
    """
    order = attempt.order
    row = lock(order.subscription_id) if order.subscription_id else None
    saved = saved_methods.save(attempt, found)
    if order.month is None or attempt.state is not AttemptState.PAID:
        return
    row = row or _start(order)
    before = row.saved_method
    if row.state is not SubscriptionState.STOPPED:
        kept = saved or before
        row.saved_method = None if kept is None or _pays_another(kept, row) else kept
    advance(row, month_after(order.month))
    for unneeded in {method for method in (before, saved) if method is not None}:
        saved_methods.delete_unneeded(unneeded)


def resume(number: str) -> None:
    """Charge a paused subscription again, from the present month on."""
    with transaction():
        row = lock(get(number).id)
        if row.state is SubscriptionState.PAUSED and row.saved_method is not None:
            open_order(row)  # sets row.month
            _activate(row, max(clock.now(), charge_time(row.month, row.day)))


def order_to_pay(number: str) -> str:
    """Return the number of the order of the next month, or raise NotFound."""
    with transaction():
        row = lock(get(number).id)
        if row.state is SubscriptionState.STOPPED:
            raise NotFound
        return open_order(row).order_no


def stop(number: str, client: PaypleClient, actor: Actor, reason: str = "") -> None:
    """Stop a subscription at once, and deregister its key unless it is saved for other uses."""
    with transaction():
        row = lock(get(number).id)
        if row.state is SubscriptionState.STOPPED:
            return
        values = {"stopped_at": clock.now(), "next_charge_at": None}
        transitions.move(row, SubscriptionState.STOPPED, "subscription_stopped", actor, {"reason": reason}, **values)
        unpaid = [order.id for order in row.orders if order.state is OrderState.AWAITING_PAYMENT]
        saved_id = row.saved_method_id
        if row.saved_method is not None:
            saved_methods.delete_unneeded(row.saved_method)
    for order_id in unpaid:
        with suppress(CannotCancel):  # a charge that is under way now counts
            orders.cancel(order_id, is_answered=True)
    if saved_id is not None:
        saved_methods.handle_due(saved_id, client)


def check_saved_method(number: str, client: PaypleClient) -> None:
    saved_id = get(number).saved_method_id
    end_reading()
    if saved_id is not None:
        saved_methods.check_now(saved_id, client)


def lock(subscription_id: int) -> Subscription:
    query = select(Subscription).where(Subscription.id == subscription_id).with_for_update()
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def open_order(row: Subscription) -> Order:
    """Return the order of the next month of a locked subscription; place it if there is none.

    A month without an order is skipped once the following month is due.
    """
    open_states = (OrderState.AWAITING_PAYMENT, OrderState.CHECKING, OrderState.ATTENTION)
    by_month = {order.month: order for order in row.orders}
    while row.month in by_month and by_month[row.month].state not in open_states:
        row.month = month_after(row.month)
    if row.month in by_month:
        return by_month[row.month]
    while (ends_at := charge_time(month_after(row.month), row.day)) <= clock.now():
        row.month = month_after(row.month)
    return orders.place_again(row.orders[-1], f"subscription {row.number} {row.month:%Y-%m}", row.month, ends_at)


def advance(row: Subscription, month: date) -> None:
    """Make ``month`` the next one to pay, unless it is a later one already, and plan its charge.

    Without a key to charge the subscription is paused.
    """
    row.month = max(row.month, month)
    due = charge_time(row.month, row.day)
    if row.saved_method is None:
        pause(row)
    elif row.state is SubscriptionState.PAUSED:
        _activate(row, due)
    elif row.state is SubscriptionState.ACTIVE:
        row.next_charge_at = due


def pause(row: Subscription) -> None:
    """Stop charging a locked subscription until its buyer resumes it."""
    if row.state is SubscriptionState.ACTIVE:
        transitions.move(row, SubscriptionState.PAUSED, "subscription_paused", SHOP, next_charge_at=None)


def _start(order: Order) -> Subscription:
    row = Subscription(
        number=order.order_no,
        visitor=order.visitor,
        state=SubscriptionState.ACTIVE,
        day=clock.korea_date(order.placed_at).day,
        month=order.month,
        since=clock.now(),
        next_charge_at=clock.now(),
        orders=[order],
    )
    transitions.create(row, "subscription_started", SHOP)
    return row


def _pays_another(saved: SavedMethod, row: Subscription) -> bool:
    others = select(Subscription.id).join(Subscription.saved_method).where(Subscription.id != row.id)
    live = SavedMethod.fingerprint == saved.fingerprint, Subscription.state != SubscriptionState.STOPPED
    return db.session.scalar(others.where(*live).limit(1)) is not None


def _activate(row: Subscription, due: datetime) -> None:
    active = SubscriptionState.ACTIVE
    transitions.move(row, active, "subscription_resumed", SHOP, since=clock.now(), next_charge_at=due)
