"""Settles what is due and gives up what nobody can pay any more. Any number of sweeps may run at once.

Each row is claimed before the gateway is asked. No webhook is needed.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from sqlalchemy import select

from shop import clock
from shop.db import db, release
from shop.models import Attempt, Order
from shop.payple import Inquiries, PaypleClient
from shop.rules.states import AttemptState, OrderState, Source
from shop.services import cash_receipts, link_payments, monthly_charges, orders, refunds, saved_methods, settlement

log = logging.getLogger(__name__)
BATCH = 1000
SECONDS = 100.0
"""How long one run takes up further rows."""
MOST_SILENT = 3
"""Attempts in a row without an answer, after which the rest waits for the next run."""


@dataclass
class Report:
    """What one run did, by our own numbers."""

    asked: list[str] = field(default_factory=list)
    expired: list[str] = field(default_factory=list)
    refunds: list[int] = field(default_factory=list)
    cash_receipts: list[int] = field(default_factory=list)
    saved_methods: list[int] = field(default_factory=list)
    subscriptions: list[int] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def run(client: PaypleClient, *, seconds: float = SECONDS) -> Report:
    """Settle attempts and payments by link, expire orders, charge subscriptions, do owed refunds and receipts."""
    release()
    report, over = Report(), time.monotonic() + seconds
    inquiries = client.inquiries()
    _find_link_payments(client, inquiries, report, over)
    _settle_attempts(client, inquiries, report, over)
    _expire_orders(report)
    _charge_subscriptions(client, report, over)
    _send_refunds(client, report, over)
    _do_receipts(client, inquiries, report, over)
    _look_up_saved(client, report, over)
    return report


def _find_link_payments(client: PaypleClient, inquiries: Inquiries, report: Report, over: float) -> None:
    for number in link_payments.due():
        if time.monotonic() > over:
            break
        with _row(report, number):
            if not link_payments.look_up(number, client, inquiries):
                break
            report.asked.append(number)


def _settle_attempts(client: PaypleClient, inquiries: Inquiries, report: Report, over: float) -> None:
    silent = 0
    for attempt_no in _due_attempts():
        if time.monotonic() > over or silent >= MOST_SILENT:
            break
        with _row(report, attempt_no):
            answered = settlement.settle(attempt_no, client, source=Source.SWEEP, inquirer=inquiries)
            silent = 0 if answered else silent + 1
            report.asked.append(attempt_no)


def _expire_orders(report: Report) -> None:
    for order_id, order_no in _due_orders():
        with _row(report, order_no):
            if orders.expire(order_id, source=Source.SWEEP):
                report.expired.append(order_no)


def _charge_subscriptions(client: PaypleClient, report: Report, over: float) -> None:
    for subscription_id in monthly_charges.due():
        if time.monotonic() > over:
            break
        with _row(report, f"subscription {subscription_id}"):
            monthly_charges.charge(subscription_id, client)
            report.subscriptions.append(subscription_id)


def _send_refunds(client: PaypleClient, report: Report, over: float) -> None:
    for refund_id in refunds.due():
        if time.monotonic() > over:
            break
        with _row(report, f"refund {refund_id}"):
            refunds.handle_due(refund_id, client)
            report.refunds.append(refund_id)


def _do_receipts(client: PaypleClient, inquiries: Inquiries, report: Report, over: float) -> None:
    for receipt_id in cash_receipts.due():
        if time.monotonic() > over:
            break
        with _row(report, f"cash receipt {receipt_id}"):
            cash_receipts.run(receipt_id, client, inquirer=inquiries)
            report.cash_receipts.append(receipt_id)


def _look_up_saved(client: PaypleClient, report: Report, over: float) -> None:
    for saved_id in saved_methods.due():
        if time.monotonic() > over:
            break
        with _row(report, f"saved method {saved_id}"):
            saved_methods.settle(saved_id, client)
            report.saved_methods.append(saved_id)


@contextmanager
def _row(report: Report, name: str) -> Iterator[None]:
    try:
        yield
    except Exception:
        release()
        log.exception("the sweep could not deal with %s", name)
        report.failed.append(name)


def _due_attempts() -> list[str]:
    query = select(Attempt.attempt_no).where(Attempt.next_check_at <= clock.now())
    found = list(db.session.scalars(query.order_by(Attempt.next_check_at, Attempt.id).limit(BATCH)))
    release()
    return found


def _due_orders() -> list[tuple[int, str]]:
    window = select(Attempt.id).where(Attempt.order_id == Order.id, Attempt.state == AttemptState.PREPARED)
    over = (Order.state == OrderState.AWAITING_PAYMENT, Order.expires_at <= clock.now(), ~window.exists())
    query = select(Order.id, Order.order_no).where(*over).order_by(Order.expires_at).limit(BATCH)
    found = [(row.id, row.order_no) for row in db.session.execute(query)]
    release()
    return found
