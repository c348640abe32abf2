"""Payment links (URL링크결제) of unpaid orders, and their payments.

Only the gateway's own answer says whose a payment is.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import product

from sqlalchemy import select, update

from shop import clock
from shop.db import db, end_reading, read_column, transaction
from shop.errors import NotFound
from shop.models import Attempt, Order, PaymentLink, UnknownPayment
from shop.payple import ChargeMode, GatewayError, LinkRequest, PaymentFound, PaypleClient, PayType
from shop.payple.attempts import WINDOW_LIFETIME
from shop.payple.flow import Inquirer
from shop.rules.method import Method
from shop.rules.order import require_payable
from shop.rules.states import Source
from shop.services import journal, settlement, transitions, webhooks
from shop.services.journal import Actor
from shop.services.orders import ORDER_NO

LINK = "link"
"""The delivery of an attempt that came of a link."""
LONGEST_GOODS = 32
"""Letters. The gateway takes fifty, of which the order's number needs eighteen."""


def create(order: Order, goods: str, expires_at: datetime, *, by: str, client: PaypleClient) -> None:
    """Register a link for an unpaid order, or raise CannotPay or GatewayError."""
    require_payable(order.state, 0, order.expires_at, clock.now())
    order_no, goods = order.order_no, f"{order.order_no} {goods}"
    request = LinkRequest(order.amount, goods, expires_at, taxable=order.taxable > 0, vat=order.vat_to_send)
    end_reading()
    url = client.create_link(request)
    with transaction():
        order = transitions.lock_order_no(order_no)
        require_payable(order.state, 0, order.expires_at, clock.now())
        link = PaymentLink(
            order_id=order.id,
            url=url,
            goods=goods,
            created_by=by,
            expires_at=expires_at,
            ends_at=expires_at + WINDOW_LIFETIME,
        )
        order.expires_at = max(order.expires_at, link.ends_at)
        db.session.add(link)
        evidence = {"goods": goods, "expires_at": expires_at.isoformat()}
        journal.note(order, "link_created", Actor(Source.STAFF, by), evidence)


def close(link_id: int, *, by: str) -> None:
    """Record that nothing was paid by a link."""
    with transaction():
        link = db.session.get(PaymentLink, link_id)
        if link is None:
            raise NotFound
        order = transitions.lock_order(link.order_id)
        db.session.refresh(link)
        if link.resolved_at is None:
            link.resolved_at = clock.now()
            link.closed_by = by
            journal.note(order, "link_closed", Actor(Source.STAFF, by))


def due() -> Sequence[str]:
    query = select(UnknownPayment.number).where(UnknownPayment.asked_at.is_(None))
    return read_column(query.order_by(UnknownPayment.id).limit(webhooks.MOST_A_MINUTE))


def inquire(number: str, inquirer: Inquirer) -> bool:
    """Ask about a number that a webhook named. Return False without an answer."""
    try:
        found = _find(number, inquirer)
    except GatewayError:
        return False
    if found is not None:
        record_found(number, found, source=Source.WEBHOOK)
    with transaction():
        db.session.execute(update(UnknownPayment).where(UnknownPayment.number == number).values(asked_at=clock.now()))
    return True


def record_found(number: str, found: PaymentFound, *, source: Source) -> None:
    """Record what an inquiry has found, if it is an attempt of ours or of a link."""
    if found.attempt_no == number and (order_no := ORDER_NO.search(found.goods)):
        _add_attempt(found, order_no[0], source)
    settlement.record_found(number, found, source=source)


def _find(number: str, inquirer: Inquirer) -> PaymentFound | None:
    days = [clock.today() - timedelta(days=ago) for ago in (0, 1)]
    answers = (inquirer.inquire(number, day, pay_type) for day, pay_type in product(days, PayType))
    return next((found for found in answers if found is not None), None)


def _add_attempt(found: PaymentFound, order_no: str, source: Source) -> None:
    with transaction():
        order = db.session.scalar(select(Order).where(Order.order_no == order_no).with_for_update())
        is_ours = select(Attempt.id).where(Attempt.attempt_no == found.attempt_no)
        if order is None or not order.links or order.amount != found.amount or db.session.scalar(is_ours):
            return
        link = next((link for link in order.links if link.resolved_at is None), None)
        if link is not None:
            link.resolved_at = clock.now()
        transitions.create(_new_attempt(order, found), "link_paid", Actor(source), {"amount": found.amount})


def _new_attempt(order: Order, found: PaymentFound) -> Attempt:
    return Attempt(
        order_id=order.id,
        attempt_no=found.attempt_no,
        method=Method.CARD if found.pay_type is PayType.CARD else Method.TRANSFER,
        charge_mode=ChargeMode.IN_WINDOW,
        delivery=LINK,
        amount=order.amount,
        started_at=found.paid_at,
        next_check_at=clock.now(),
    )
