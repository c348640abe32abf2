"""How an act about a payment is written into the ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from typing import TypedDict, Unpack

from shop.simulator import ledger, runs
from shop.simulator.ledger import Effect, Entry
from shop.simulator.payment import Payment
from shop.simulator.rulebook import Rule
from shop.simulator.runs import PUBLIC_TEST_RUN, Run


class Details(TypedDict, total=False):
    """What a line may tell besides; the meanings are those of `Entry`."""

    outcome: str
    amount: int
    code: str
    rule: str
    note: str
    follows: int | None
    asked: Mapping[str, str]
    answered: Mapping[str, str]


def run_of(db: sqlite3.Connection, payment: Payment | None) -> Run:
    """The run that a payment belongs to; what belongs to none is told to the default run."""
    return (runs.by_id(db, payment.run) if payment else None) or PUBLIC_TEST_RUN


def tell(
    db: sqlite3.Connection, run: Run, payment: Payment, op: str, effect: Effect, **details: Unpack[Details]
) -> None:
    """One line about a payment that exists; its amount, unless the details name another."""
    details = {"amount": payment.total, **details}
    ledger.write(db, Entry(run.id, run.now(), op, payment.oid, effect=effect, **details))


def tell_refusal(
    db: sqlite3.Connection, run: Run, op: str, broken: Rule, oid: str = "", **details: Unpack[Details]
) -> None:
    """One line about a request that broke a rule; its code is the one that was answered."""
    code = details.get("answered", {}).get("PCD_PAY_CODE", broken.code)
    entry = Entry(run.id, run.now(), op, oid, **details)
    ledger.write(db, replace(entry, outcome="refused", code=code, rule=broken.id))
