"""The sweep: settle what nobody came back for, and give the stock of unpaid orders back. Needs no webhook."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import and_, or_, select

from shop.db import db, release
from shop.models import Attempt, Order
from shop.payple import PaypleClient, Work
from shop.services import recording, settlement
from shop.states import AttemptState, OrderState, Source

BATCH = 100
"""Rows per run and kind; what is left waits for the next run."""


@dataclass
class Report:
    """What one run did, by our own numbers."""

    asked: list[str] = field(default_factory=list)
    expired: list[str] = field(default_factory=list)


def run(client: PaypleClient, *, now: datetime) -> Report:
    """Ask about every open attempt that is due, then expire the orders that nobody can pay any more."""
    report = Report()
    for attempt_no in _due_attempts(now):
        settlement.look(attempt_no, client, source=Source.SWEEP, now=now)
        report.asked.append(attempt_no)
    for order_id, order_no in _due_orders(now):
        if recording.expire_order(order_id, source=Source.SWEEP, now=now):
            report.expired.append(order_no)
    return report


def _due_attempts(now: datetime) -> list[str]:
    """Unanswered calls of ours, windows that pay at once and were claimed, and every window past its deadline."""
    claimed = and_(Attempt.work == Work.PAY, Attempt.claimed_at.is_not(None))
    window = and_(Attempt.state == AttemptState.PREPARED, or_(claimed, Attempt.deadline_at < now))
    unanswered = Attempt.state.in_((AttemptState.CONFIRMING, AttemptState.UNKNOWN))
    due = or_(Attempt.next_inquiry_at.is_(None), Attempt.next_inquiry_at <= now)
    query = select(Attempt.attempt_no).where(or_(unanswered, window), due).order_by(Attempt.id).limit(BATCH)
    found = list(db.session.scalars(query))
    release()
    return found


def _due_orders(now: datetime) -> list[tuple[int, str]]:
    waiting = Order.state == OrderState.AWAITING_PAYMENT
    query = select(Order.id, Order.order_no).where(waiting, Order.expires_at <= now).order_by(Order.id).limit(BATCH)
    found = [(row.id, row.order_no) for row in db.session.execute(query)]
    release()
    return found
