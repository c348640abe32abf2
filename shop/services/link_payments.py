"""Finds the payments of links. Only the gateway's own answer says whose a payment is."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import product

from sqlalchemy import select, update

from shop import clock
from shop.db import db, read_column, transaction
from shop.models import Attempt, Order, UnknownPayment
from shop.payple import ChargeMode, GatewayError, PaymentFound, PaypleClient, PayType
from shop.payple.flow import WINDOW_LIFETIME, Inquirer
from shop.rules.method import Method
from shop.rules.states import Source
from shop.services import settlement, transitions
from shop.services.journal import Actor
from shop.services.links import MOST_A_MINUTE
from shop.services.orders import ORDER_NO

LINK = "link"
"""The window and the delivery of an attempt that came of a link."""


def due() -> Sequence[str]:
    query = select(UnknownPayment.number).where(UnknownPayment.asked_at.is_(None))
    return read_column(query.order_by(UnknownPayment.id).limit(MOST_A_MINUTE))


def look_up(number: str, client: PaypleClient, inquirer: Inquirer) -> bool:
    """Ask about a number that a webhook named. Return False without an answer."""
    try:
        found = _inquire(number, inquirer)
    except GatewayError:
        return False
    if found is not None:
        settle(number, found, client, source=Source.WEBHOOK)
    with transaction():
        db.session.execute(update(UnknownPayment).where(UnknownPayment.number == number).values(asked_at=clock.now()))
    return True


def settle(number: str, found: PaymentFound, client: PaypleClient, *, source: Source) -> None:
    """Record what an inquiry has found, if it is an attempt of ours or a payment of a link."""
    if found.attempt_no == number and (order_no := ORDER_NO.search(found.goods)):
        _take_up(found, order_no[0], source)
    settlement.settle_found(number, found, client, source=source)


def _inquire(number: str, inquirer: Inquirer) -> PaymentFound | None:
    days = [clock.korea_date(clock.now() - timedelta(days=ago)) for ago in (0, 1)]
    answers = (inquirer.inquire(number, day, pay_type) for day, pay_type in product(days, PayType))
    return next((found for found in answers if found is not None), None)


def _take_up(found: PaymentFound, order_no: str, source: Source) -> None:
    """Make a payment an attempt of its order, if a link fits."""
    with transaction():
        order = db.session.scalar(select(Order).where(Order.order_no == order_no).with_for_update())
        is_ours = select(Attempt.id).where(Attempt.attempt_no == found.attempt_no)
        if order is None or not order.links or order.amount != found.amount or db.session.scalar(is_ours):
            return
        for link in [link for link in order.links if link.resolved_at is None][:1]:
            link.resolved_at = clock.now()
        transitions.create(_new_attempt(order, found), "link_paid", Actor(source), {"amount": found.amount})


def _new_attempt(order: Order, found: PaymentFound) -> Attempt:
    return Attempt(
        order_id=order.id,
        attempt_no=found.attempt_no,
        method=Method.CARD if found.pay_type is PayType.CARD else Method.TRANSFER,
        charge_mode=ChargeMode.IN_WINDOW,
        window=LINK,
        delivery=LINK,
        cash_receipt_asked=False,
        amount=order.amount,
        started_at=found.paid_at,
        deadline_at=found.paid_at + WINDOW_LIFETIME,
        next_check_at=clock.now(),
    )
