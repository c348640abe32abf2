"""What happens to a payment: authenticated, charged, declined, closed, expired."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shop.simulator import clock, scenarios
from shop.simulator.payment import CashReceipt, Payment, State, new_key
from shop.simulator.scenarios import Moment
from shop.simulator.tokens import opaque

WINDOW_LIMIT = timedelta(minutes=3)


@dataclass(frozen=True)
class Charge:
    """What came of asking for the money: the payment after it, the code of a refusal, whether the answer is lost.

    `seconds` is how long the answer takes.
    """

    payment: Payment
    code: str = ""
    lost: bool = False
    seconds: float = 0.0


def is_too_late(payment: Payment, now: datetime) -> bool:
    """Three minutes in the card window; Payple documents none for transfers."""
    return payment.method == "card" and payment.state is State.OPENED and now - payment.opened_at > WINDOW_LIMIT


def is_confirm_over(payment: Payment, now: datetime, minutes: int) -> bool:
    """Whether a CERT authentication has waited too long for its confirm."""
    if payment.state is not State.AUTHENTICATED or payment.authenticated_at is None or payment.is_registration:
        return False
    return now - payment.authenticated_at > timedelta(minutes=minutes)


def state_at(payment: Payment, now: datetime, confirm_minutes: int) -> State:
    """The state to show: a deadline passes without anybody writing it down."""
    if is_too_late(payment, now) or is_confirm_over(payment, now, confirm_minutes):
        return State.EXPIRED
    return payment.state


def submit(payment: Payment, now: datetime) -> Charge:
    """The payer presses the button: PAY asks for the money at once, CERT only authenticates, AUTH registers."""
    scenario = scenarios.of(payment)
    if scenario.refuses_at(Moment.WINDOW):
        return Charge(replace(payment, state=State.DECLINED), scenario.code)
    if payment.work == "PAY":
        return charge(payment, now)
    authenticated = replace(payment, state=State.AUTHENTICATED, authenticated_at=now)
    if payment.is_registration:
        return Charge(authenticated, lost=scenario.lost)
    return Charge(replace(authenticated, request_key=opaque(60)))


def charge(payment: Payment, now: datetime) -> Charge:
    """Ask the issuer for the money, as the payment's scenario has it."""
    scenario = scenarios.of(payment)
    refused = scenario.code if scenario.refuses_at(Moment.CHARGE) else ""
    after = _approved(payment, now) if scenario.charged else replace(payment, state=State.DECLINED)
    return Charge(after, refused, scenario.lost, scenario.seconds)


def _approved(payment: Payment, now: datetime) -> Payment:
    approved = replace(payment, state=State.APPROVED, approved_at=now)
    if payment.method == "transfer":
        return approved
    return replace(
        approved,
        trade_key=trade_key(now),
        approval_no=_digits(8),
        slip_key=new_key(),
    )


def issue_receipt(payment: Payment) -> Payment:
    """Issue the cash receipt that the payer asked for, once the money has moved."""
    if payment.approved_at is None or payment.receipt.state != "answered" or not payment.remainder:
        return payment
    issued = replace(payment.receipt, state="issued", number=receipt_number(), amount=payment.remainder)
    return replace(payment, receipt=issued)


def answer_receipt(payment: Payment, use: str) -> Payment:
    """Keep the payer's answer: blank skips the receipt, `personal` or `company` asks for it."""
    return replace(payment, receipt=CashReceipt("answered", use) if use else CashReceipt("skipped"))


def trade_key(now: datetime) -> str:
    """The acquirer's key of an approval or a cancellation: 24 digits that begin with the time."""
    return clock.stamp(now) + _digits(10)


def receipt_number() -> str:
    """A number such as the National Tax Service gives to a cash receipt."""
    return "G" + _digits(10)


def _digits(count: int) -> str:
    return "".join(secrets.choice("0123456789") for _ in range(count))
