"""Charges the due months of subscriptions, each once a day at most until it is paid.

The number of a try follows from its month, and an inquiry precedes each charge: after a restored backup no try is
charged a second time.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from shop import clock
from shop.db import read_column, transaction
from shop.models import Attempt, Order, Subscription
from shop.payple import ChargeMode, ChargeRequest, GatewayError, PaypleClient, codes
from shop.payple.attempts import WINDOW_LIFETIME
from shop.payple.flow import days_to_ask
from shop.rules.method import Method
from shop.rules.states import AttemptState, OrderState, Source, SubscriptionState
from shop.rules.subscription import MORE_TRIES, charge_time, month_after, next_try
from shop.services import settlement, subscriptions, transitions
from shop.services.journal import SHOP

CHARGE = "charge"
"""What stands in Attempt.delivery where no window is opened."""


class Claimed(NamedTuple):
    order_id: int
    due_at: datetime


def due() -> Sequence[int]:
    query = select(Subscription.id).where(Subscription.next_charge_at <= clock.now())
    return read_column(query.order_by(Subscription.next_charge_at, Subscription.id))


def charge(subscription_id: int, client: PaypleClient) -> None:
    """Charge the due month of a subscription, unless an earlier try of it has no answer."""
    claimed = _claim(subscription_id)
    if claimed is None:
        return
    earlier = read_column(select(Attempt.attempt_no).where(Attempt.order_id == claimed.order_id))
    if not all(settlement.settle(number, client, source=Source.SWEEP, at_once=True) for number in earlier):
        return
    request = _prepare(subscription_id, claimed.order_id)
    if request and _is_new(request, claimed.due_at, client):
        settlement.charge(request, client)
        with transaction():
            order = transitions.lock_order(claimed.order_id)
            row = subscriptions.lock(subscription_id)
            if not order.paid_attempt and _is_last_try_used(row, order):
                subscriptions.pause(row)


def _claim(subscription_id: int) -> Claimed | None:
    now = clock.now()
    with transaction():
        row = subscriptions.lock(subscription_id)
        if row.next_charge_at is None or row.next_charge_at > now:
            return None
        claimed = Claimed(subscriptions.open_order(row).id, due_at=row.next_charge_at)
        row.next_charge_at = max(next_try(now), charge_time(row.month, row.day))
        return claimed if now >= charge_time(row.month, row.day) else None


def _is_new(request: ChargeRequest, due_at: datetime, client: PaypleClient) -> bool:
    """Return True only if the gateway says that it has no payment of this number."""
    try:
        for day in days_to_ask(due_at, clock.now()):
            found = client.inquire(request.attempt_no, day, request.pay_type)
            if found is not None:
                settlement.record_found(request.attempt_no, found, source=Source.SWEEP)
                return False
    except GatewayError:
        return False
    return True


def _prepare(subscription_id: int, order_id: int) -> ChargeRequest | None:
    """Store the next try. Return None if there is nothing to charge now."""
    with transaction():
        order = transitions.lock_order(order_id)
        row = subscriptions.lock(subscription_id)
        is_open = order.state is OrderState.AWAITING_PAYMENT and row.state is SubscriptionState.ACTIVE
        if not is_open or order.month is None or any(map(_is_window_open, order.attempts)):
            return None
        if any(attempt.result_code in codes.MONTH_IS_PAID for attempt in order.attempts):
            subscriptions.advance(row, month_after(order.month))  # somebody has looked, and no try of ours has paid
            return None
        saved = row.saved_method
        if saved is None or not saved.billing_key or _is_last_try_used(row, order):
            subscriptions.pause(row)
            return None
        return _request(order, _new_try(row, order, saved.method), saved.billing_key)


def _is_window_open(attempt: Attempt) -> bool:
    """Whether the buyer may be paying the month in a window that charges by itself."""
    is_prepared = attempt.state is AttemptState.PREPARED and attempt.charge_mode is ChargeMode.IN_WINDOW
    return is_prepared and clock.now() < attempt.window_ends_at


def _is_last_try_used(row: Subscription, order: Order) -> bool:
    tries = [attempt for attempt in order.attempts if attempt.delivery == CHARGE and attempt.started_at >= row.since]
    return sum(attempt.state is AttemptState.DECLINED for attempt in tries) > MORE_TRIES


def _new_try(row: Subscription, order: Order, method: Method) -> Attempt:
    now, tries = clock.now(), sum(attempt.delivery == CHARGE for attempt in order.attempts)
    attempt = Attempt(
        order=order,
        attempt_no=row.charge_no(row.month, tries + 1),
        method=method,
        charge_mode=ChargeMode.ON_CONFIRM,
        delivery=CHARGE,
        amount=order.amount,
        started_at=now,
        next_check_at=now + WINDOW_LIFETIME,
    )
    transitions.create(attempt, "charge_due", SHOP)
    return attempt


def _request(order: Order, attempt: Attempt, billing_key: str) -> ChargeRequest:
    return ChargeRequest(
        attempt_no=attempt.attempt_no,
        amount=attempt.amount,
        goods=order.goods,
        pay_type=attempt.pay_type,
        billing_key=billing_key,
        payer_name=order.payer_name,
        payer_phone=order.payer_phone,
        payer_email=order.payer_email,
        taxable=order.taxable > 0,
        vat=order.vat_to_send,
        month=order.month,
    )
