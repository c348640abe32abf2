"""The sweep: settle what nobody came back for, and give the stock of unpaid orders back. Needs no webhook.

One runs at a time, on whichever machine: a lease says so. It asks the gateway about many attempts under one
authentication, at most two a second, and leaves alone what somebody touched a moment ago.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import or_, select

from shop import clock
from shop.db import db, release
from shop.models import Attempt, Order
from shop.payple import Inquiries, PaypleClient, Timer
from shop.rules.states import AttemptState, OrderState, Source
from shop.services import cash_receipts, leases, refunds, settlement, transitions
from shop.services.leases import Busy, HeldLease, LeaseLost

log = logging.getLogger(__name__)
NAME = "sweep"
BATCH = 1000
"""Rows per run and kind; what is left waits for the next run."""
ASKING_SECONDS = 240.0
"""How long one run asks about attempts before it turns to what is owed, and how long it sends each kind of that."""
MOMENT = timedelta(seconds=5)
"""What was claimed or confirmed less than this ago has a worker of its own."""
MOST_SILENT = 3
"""After as many attempts in a row without an answer the gateway is left alone until the next run."""


@dataclass
class Report:
    """What one run did, by our own numbers. ``skipped`` says why it did nothing at all."""

    asked: list[str] = field(default_factory=list)
    expired: list[str] = field(default_factory=list)
    refunds: list[int] = field(default_factory=list)
    cash_receipts: list[int] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    skipped: str = ""

    def as_json(self) -> dict[str, object]:
        """What the command prints."""
        told = asdict(self)
        return {"skipped": self.skipped} if self.skipped else {key: told[key] for key in told if key != "skipped"}


def run(
    client: PaypleClient,
    *,
    now: datetime,
    timer: Timer | None = None,
    asking_seconds: float = ASKING_SECONDS,
) -> Report:
    """Ask about every attempt that is due, expire what nobody can pay any more, and do what we owe."""
    report, timer = Report(), timer or Timer()
    try:
        with leases.held(NAME, now) as lease:
            run = _Run(client, client.inquiries(timer), timer, lease, clock.Watch(now), report)
            run.settle_attempts(asking_seconds)
            run.expire_orders()
            run.send_refunds(asking_seconds)
            run.put_receipts_right(asking_seconds)
    except Busy as busy:
        report.skipped = f"another sweep is running until {busy.until.isoformat(timespec='seconds')}"
    except LeaseLost:
        log.warning("another sweep has taken over")
    return report


@dataclass(frozen=True)
class _Run:
    """One run: every row by itself, so that one that fails keeps no other waiting."""

    client: PaypleClient
    asking: Inquiries
    timer: Timer
    lease: HeldLease
    watch: clock.Watch
    report: Report

    def settle_attempts(self, seconds: float) -> None:
        """Ask about what is due, the longest due first, as long as time is left and the gateway answers."""
        over, silent = self.timer.seconds() + seconds, 0
        for attempt_no in _due_attempts(self.watch.now()):
            if self.timer.seconds() > over or silent >= MOST_SILENT:
                break
            with self._row(attempt_no):
                answered = settlement.settle(attempt_no, self.client, source=Source.SWEEP, inquirer=self.asking)
                silent = 0 if answered else silent + 1
                self.report.asked.append(attempt_no)

    def expire_orders(self) -> None:
        """Give up unpaid orders whose windows have all been asked about."""
        for order_id, order_no in _due_orders(self.watch.now()):
            with self._row(order_no):
                if transitions.expire_order(order_id, source=Source.SWEEP, now=self.watch.now()):
                    self.report.expired.append(order_no)

    def send_refunds(self, seconds: float) -> None:
        """Release what was never sent, return what belongs to no order, repeat full cancels without an answer."""
        for refund_id in refunds.dead(self.watch.now()):
            with self._row(f"refund {refund_id}"):
                refunds.give_up(refund_id, self.watch.now())
        over = self.timer.seconds() + seconds
        for refund_id in refunds.due(self.watch.now()):
            if self.timer.seconds() > over:
                break
            with self._row(f"refund {refund_id}"):
                refunds.send(refund_id, self.client, now=self.watch.now())
                self.report.refunds.append(refund_id)

    def put_receipts_right(self, seconds: float) -> None:
        """Do what is owed to the tax office."""
        over = self.timer.seconds() + seconds
        for receipt_id in cash_receipts.due():
            if self.timer.seconds() > over:
                break
            with self._row(f"cash receipt {receipt_id}"):
                cash_receipts.run(receipt_id, self.client, inquirer=self.asking)
                self.report.cash_receipts.append(receipt_id)

    @contextmanager
    def _row(self, what: str) -> Iterator[None]:
        """One row that fails, for whatever reason, must not keep the others waiting."""
        self.lease.renew()
        try:
            yield
        except LeaseLost:
            raise
        except Exception:
            release()
            log.exception("the sweep could not deal with %s", what)
            self.report.failed.append(what)


def _due_attempts(now: datetime) -> list[str]:
    """Every attempt that the gateway should be asked about by now: each one carries its own schedule."""
    alone = (or_(column.is_(None), column <= now - MOMENT) for column in (Attempt.claimed_at, Attempt.confirming_at))
    query = select(Attempt.attempt_no).where(Attempt.next_check_at <= now, *alone)
    found = list(db.session.scalars(query.order_by(Attempt.next_check_at, Attempt.id).limit(BATCH)))
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
