"""Payment links (URL링크결제) of unpaid orders."""

import re
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select
from sqlalchemy.exc import IntegrityError

from shop import clock
from shop.db import db, release, transaction
from shop.errors import NotFound
from shop.models import Order, PaymentLink, UnknownPayment
from shop.payple import LinkRequest, PaypleClient
from shop.payple.flow import WINDOW_LIFETIME
from shop.rules.order import require_payable
from shop.rules.states import Source
from shop.services import journal, transitions
from shop.services.journal import Actor

LONGEST_GOODS = 32
"""Letters. The gateway takes fifty, of which the order's number needs eighteen."""
MOST_A_MINUTE = 10
"""Unknown numbers. Anybody can send a webhook, and each number costs up to four inquiries."""
KEEP = timedelta(days=1)
"""How long a number is kept, and not asked about again."""
_NUMBER = re.compile(r"[A-Za-z0-9_-]{1,30}")


def create(order: Order, goods: str, expires_at: datetime, *, by: str, client: PaypleClient) -> None:
    """Register a link for an unpaid order, or raise CannotPay or GatewayError. The goods are held until it ends."""
    order_no, request = order.order_no, _request(order, goods, expires_at)
    require_payable(order.state, 0, order.expires_at, clock.now())
    release()
    url = client.create_link(request)
    with transaction():
        order = transitions.lock_order_no(order_no)
        require_payable(order.state, 0, order.expires_at, clock.now())
        link = _new_link(order, url, request, by)
        order.expires_at = max(order.expires_at, link.ends_at)
        db.session.add(link)
        evidence = {"goods": link.goods, "expires_at": expires_at.isoformat()}
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
            link.resolved_at, link.closed_by = clock.now(), by
            journal.note(order, "link_closed", Actor(Source.STAFF, by))


def note_unknown(number: str) -> None:
    """Keep a number that a webhook named, while a link may be paid. The sweep asks about it."""
    now = clock.now()
    if not _NUMBER.fullmatch(number) or not _may_be_paid(now):
        return
    with suppress(IntegrityError), transaction():  # the number is known already
        db.session.execute(delete(UnknownPayment).where(UnknownPayment.received_at < now - KEEP))
        recent = select(func.count()).where(UnknownPayment.received_at > now - timedelta(minutes=1))
        if (db.session.scalar(recent) or 0) < MOST_A_MINUTE:
            db.session.add(UnknownPayment(number=number, received_at=now))


def _may_be_paid(now: datetime) -> bool:
    is_open = or_(PaymentLink.ends_at > now, PaymentLink.resolved_at.is_(None))
    found = db.session.scalar(select(PaymentLink.id).where(is_open).limit(1)) is not None
    release()
    return found


def _request(order: Order, goods: str, expires_at: datetime) -> LinkRequest:
    return LinkRequest(
        order.amount,
        f"{order.order_no} {goods}",
        expires_at,
        taxable=order.taxable > 0,
        vat=order.vat if order.breakdown.is_mixed else None,
    )


def _new_link(order: Order, url: str, request: LinkRequest, by: str) -> PaymentLink:
    return PaymentLink(
        order_id=order.id,
        url=url,
        goods=request.goods,
        created_at=clock.now(),
        created_by=by,
        expires_at=request.expires_at,
        ends_at=request.expires_at + WINDOW_LIFETIME,
    )
