"""A scenario's policy and faults hold for its payment alone."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from shop.simulator import faults, payments, policy, scenarios
from shop.simulator.faults import Fault
from shop.simulator.payment import Payment
from shop.simulator.runs import Run


def governed(run: Run, payment: Payment | None) -> Run:
    """The run as this payment meets it: the switches of its scenario stand."""
    wishes = scenarios.of(payment).policy if payment else {}
    return replace(run, policy=policy.changed(run.policy, wishes)) if wishes else run


def governed_by_number(db: sqlite3.Connection, run: Run, oid: str) -> Run:
    """The run as the completed payment of this number meets it."""
    return governed(run, payments.completed(db, run.id, oid))


def arm_faults(db: sqlite3.Connection, run: Run, payment: Payment) -> None:
    """What later requests about this payment run into."""
    for row in scenarios.of(payment).faults:
        faults.add(db, run.id, Fault(row.op, row.kind, row.phase, oid=payment.oid, times=row.times))
