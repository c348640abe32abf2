"""Announce by webhook what has happened: queued in the transaction of the event, delivered later by the postman."""

from __future__ import annotations

import sqlite3

from shop.simulator import bench, notices, webhooks
from shop.simulator.bench import Bench
from shop.simulator.billing_keys import BillingKey
from shop.simulator.payment import Payment
from shop.simulator.runs import Run
from shop.simulator.webhooks import State, Webhook

PAID, CANCELLED, DEREGISTERED = "paid", "cancelled", "deregistered"


def announce_payment(db: sqlite3.Connection, origin: str, run: Run, payment: Payment) -> None:
    """Money has moved, whether or not the merchant heard so otherwise."""
    _announce(db, run, payment.oid, PAID, notices.paid(payment, origin), payment.oid)


def announce_cancel(db: sqlite3.Connection, origin: str, run: Run, payment: Payment) -> None:
    """Money has gone back, by the merchant's request or in Payple's partner admin."""
    nth = len(payment.cancellations)
    _announce(db, run, payment.oid, CANCELLED, notices.cancelled(payment, origin), f"{payment.oid} cancel {nth}")


def announce_deregistration(db: sqlite3.Connection, run: Run, key: BillingKey) -> None:
    """A billing key was taken back behind the merchant's back."""
    _announce(db, run, "", DEREGISTERED, notices.deregistered(key), key.id)


def resend(db: sqlite3.Connection, run: Run, webhook: Webhook) -> int:
    """Queue the same notice once more, past the bench, to the address that is registered now."""
    url = bench.address(db, run.id) or webhook.url
    again = Webhook(run.id, webhook.oid, webhook.event, url, webhook.body, run.now().timestamp(), resend_of=webhook.id)
    return webhooks.put(db, again)


def _announce(db: sqlite3.Connection, run: Run, oid: str, event: str, body: dict[str, str], name: str) -> None:
    """Queue the notice, and its copies, as the bench stands; `name` is what the bench's dice go by."""
    url = bench.address(db, run.id)
    if not url:
        return
    stand = bench.of_run(db, run.id)
    due = run.now().timestamp() + stand.delay
    for copy in range(1 + stand.duplicate):
        state, place = _first_state(stand, f"{name} {copy}"), stand.place(f"{name} {copy}")
        webhooks.put(db, Webhook(run.id, oid, event, url, body, due, state, place))


def _first_state(stand: Bench, name: str) -> State:
    if stand.drops(name):
        return State.DROPPED
    return State.HELD if stand.hold else State.QUEUED
