"""The sweep: settle what nobody came back for, and give the stock of unpaid orders back. Needs no webhook."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from shop.db import db, release
from shop.models import Attempt, Order
from shop.payple import PaypleClient
from shop.services import cash_receipts, hearing, limits, recording, refunding, settlement
from shop.states import AttemptState, OrderState, Source

log = logging.getLogger(__name__)
BATCH = 100
"""Rows per run and kind; what is left waits for the next run."""


@dataclass
class Report:
    """What one run did, by our own numbers."""

    webhooks: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    expired: list[str] = field(default_factory=list)
    refunds: list[int] = field(default_factory=list)
    cash_receipts: list[int] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def run(client: PaypleClient, *, now: datetime) -> Report:
    """Ask about every attempt that is due, expire what nobody can pay any more, and do what we owe."""
    report = Report()
    with _kept_going(report, "webhooks"):
        report.webhooks = hearing.drain(client, now=now)
        hearing.tidy(now)
    for attempt_no in _due_attempts(now):
        with _kept_going(report, attempt_no):
            settlement.look(attempt_no, client, source=Source.SWEEP, now=now)
            report.asked.append(attempt_no)
    for order_id, order_no in _due_orders(now):
        with _kept_going(report, order_no):
            if recording.expire_order(order_id, source=Source.SWEEP, now=now):
                report.expired.append(order_no)
    with _kept_going(report, "refunds"):
        refunding.give_up_dead(now)
        report.refunds = refunding.send_due(client, now=now)
    with _kept_going(report, "cash receipts"):
        report.cash_receipts = cash_receipts.run_due(client, now=now)
    with _kept_going(report, "tallies"):
        limits.forget_old(now)
    return report


@contextmanager
def _kept_going(report: Report, what: str) -> Iterator[None]:
    """One row that fails, for whatever reason, must not keep the others waiting."""
    try:
        yield
    except Exception:
        release()
        log.exception("the sweep could not deal with %s", what)
        report.failed.append(what)


def _due_attempts(now: datetime) -> list[str]:
    """Every attempt that the gateway should be asked about by now: each one carries its own schedule."""
    query = select(Attempt.attempt_no).where(Attempt.next_inquiry_at <= now).order_by(Attempt.next_inquiry_at)
    found = list(db.session.scalars(query.limit(BATCH)))
    release()
    return found


def _due_orders(now: datetime) -> list[tuple[int, str]]:
    """Unpaid orders whose time is over and whose windows have all been asked about."""
    window = select(Attempt.id).where(Attempt.order_id == Order.id, Attempt.state == AttemptState.PREPARED)
    over = (Order.state == OrderState.AWAITING_PAYMENT, Order.expires_at <= now, ~window.exists())
    query = select(Order.id, Order.order_no).where(*over).order_by(Order.expires_at).limit(BATCH)
    found = [(row.id, row.order_no) for row in db.session.execute(query)]
    release()
    return found
