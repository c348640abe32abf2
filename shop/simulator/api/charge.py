"""A charge: by the window (PAY), by the confirm (CERT), or by a billing key."""

import sqlite3
from dataclasses import replace
from datetime import datetime

from shop.simulator import ledger, scenarios, store, webhooks
from shop.simulator.api.cancel import cancel_in_admin
from shop.simulator.control.faults import Fault
from shop.simulator.payment import CashReceipt, Payment, State, digits, new_key, trade_key
from shop.simulator.runs import Run

EFFECTS = {
    State.AUTHENTICATED: "authenticated",
    State.APPROVED: "charged",
    State.DECLINED: "declined",
    State.EXPIRED: "expired",
}


def charge(payment: Payment, now: datetime) -> Payment:
    """Ask the issuer for the money, as the payment's scenario has it."""
    if not scenarios.of(payment).charged:
        return replace(payment, state=State.DECLINED)
    approved = replace(payment, state=State.APPROVED, approved_at=now)
    if payment.method == "transfer":
        return with_receipt(approved)
    return replace(approved, trade_key=trade_key(now), approval_no=digits(8), slip_key=new_key())


def with_receipt(payment: Payment) -> Payment:
    """Issue the cash receipt that the payer asked for, once the money has moved."""
    if payment.approved_at is None or payment.receipt.state != "answered" or not payment.remainder:
        return payment
    return replace(payment, receipt=issued_receipt(payment.receipt.use, payment.remainder))


def issued_receipt(use: str, amount: int) -> CashReceipt:
    return CashReceipt("issued", use, "G" + digits(10), amount)


def follow_up(db: sqlite3.Connection, run: Run, payment: Payment) -> None:
    """After a charge: queue the webhook, write the receipt's line, and cancel if the scenario says so."""
    webhooks.announce_payment(db, run, payment)
    if payment.receipt.state == "issued":
        ledger.write(db, run, "receipt", payment, effect="receipt_issued")
    cancel_by_scenario(db, run, payment)


def cancel_by_scenario(db: sqlite3.Connection, run: Run, payment: Payment) -> None:
    """Cancel a fresh payment without the shop, if that is its scenario."""
    if payment.state is State.APPROVED and scenarios.of(payment).cancelled_behind:
        cancel_in_admin(db, run, payment, payment.total)


def arm_faults(db: sqlite3.Connection, run: Run, payment: Payment) -> None:
    for row in scenarios.of(payment).faults:
        fault = Fault(op=row.op, kind=row.kind, phase=row.phase, oid=payment.oid, times=row.times, run=run.id)
        store.insert(db, fault)
