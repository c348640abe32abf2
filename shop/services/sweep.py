"""Does everything that is due. Any number of sweeps may run at once: each row is claimed first."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from sqlalchemy import select

from shop import clock
from shop.db import end_reading, read_column
from shop.models import Attempt, Order
from shop.payple import PaypleClient
from shop.rules.states import AttemptState, OrderState, Source
from shop.services import cash_receipts, links, monthly_charges, orders, refunds, saved_methods, settlement

log = logging.getLogger(__name__)
Row = TypeVar("Row", int, str)
BATCH = 1000
SECONDS = 100.0
"""How long one run takes up further rows."""
MOST_SILENT = 3
"""Rows in a row without an answer, after which the rest waits for the next run."""


@dataclass
class Report:
    asked: list[str] = field(default_factory=list)
    expired: list[str] = field(default_factory=list)
    refunds: list[int] = field(default_factory=list)
    cash_receipts: list[int] = field(default_factory=list)
    saved_methods: list[int] = field(default_factory=list)
    subscriptions: list[int] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def run(client: PaypleClient, *, seconds: float = SECONDS) -> Report:
    end_reading()
    over = time.monotonic() + seconds
    inquiries = client.inquiries()
    report = Report()

    def do(name: str, rows: Iterable[Row], act: Callable[[Row], object], done: list[Row]) -> None:
        silent = 0
        for row in rows:
            if time.monotonic() > over or silent >= MOST_SILENT:
                return
            try:
                silent = silent + 1 if act(row) is False else 0
                done.append(row)
            except Exception:  # one row that fails does not stop the others
                end_reading()
                log.exception("the sweep could not deal with %s%s", name, row)
                report.failed.append(f"{name}{row}")

    do("payment ", links.due(), partial(links.inquire, inquirer=inquiries), report.asked)
    settle = partial(settlement.settle, client=client, source=Source.SWEEP, inquirer=inquiries)
    do("", _due_attempts(), settle, report.asked)
    do("", _due_orders(), partial(orders.expire, source=Source.SWEEP), report.expired)
    do("subscription ", monthly_charges.due(), partial(monthly_charges.charge, client=client), report.subscriptions)
    do("refund ", refunds.due(), partial(refunds.handle_due, client=client), report.refunds)
    run_receipt = partial(cash_receipts.handle_due, client=client, inquirer=inquiries)
    do("cash receipt ", cash_receipts.due(), run_receipt, report.cash_receipts)
    do("saved method ", saved_methods.due(), partial(saved_methods.handle_due, client=client), report.saved_methods)
    return report


def _due_attempts() -> list[str]:
    query = select(Attempt.attempt_no).where(Attempt.next_check_at <= clock.now())
    return read_column(query.order_by(Attempt.next_check_at, Attempt.id).limit(BATCH))


def _due_orders() -> list[str]:
    window = select(Attempt.id).where(Attempt.order_id == Order.id, Attempt.state == AttemptState.PREPARED)
    over = (Order.state == OrderState.AWAITING_PAYMENT, Order.expires_at <= clock.now(), ~window.exists())
    return read_column(select(Order.order_no).where(*over).order_by(Order.expires_at).limit(BATCH))
