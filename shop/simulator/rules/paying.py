"""What happens to a payment: authenticated, charged, declined, closed, expired."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shop.simulator import clock
from shop.simulator.payment import CashReceipt, Instrument, Payment, State, new_key
from shop.simulator.scenarios import SCENARIOS, Moment, Scenario
from shop.simulator.tokens import new_auth_key, opaque

WINDOW_LIMIT = timedelta(minutes=3)


@dataclass(frozen=True)
class Charge:
    """What came of asking for the money: the payment after it, the code of a refusal, whether the answer is lost."""

    payment: Payment
    code: str = ""
    lost: bool = False


def is_too_late(payment: Payment, now: datetime) -> bool:
    """Three minutes in the card window; Payple documents none for transfers."""
    return payment.method == "card" and payment.state is State.OPENED and now - payment.opened_at > WINDOW_LIMIT


def is_confirm_over(payment: Payment, now: datetime, minutes: int) -> bool:
    """Whether a CERT authentication has waited too long for its confirm."""
    if payment.state is not State.AUTHENTICATED or payment.authenticated_at is None:
        return False
    return now - payment.authenticated_at > timedelta(minutes=minutes)


def state_at(payment: Payment, now: datetime, confirm_minutes: int) -> State:
    """The state to show: a deadline passes without anybody writing it down."""
    if is_too_late(payment, now) or is_confirm_over(payment, now, confirm_minutes):
        return State.EXPIRED
    return payment.state


def submit(payment: Payment, scenario: Scenario, instrument: Instrument, payer_name: str, now: datetime) -> Charge:
    """The payer presses the button: PAY asks for the money at once, CERT only authenticates."""
    identified = replace(
        payment,
        scenario=scenario.id,
        instrument=instrument,
        payer_name=payer_name,
        payer_id=opaque(48),
        result_key=new_auth_key(),
    )
    if scenario.refuses_at(Moment.WINDOW):
        return Charge(replace(identified, state=State.DECLINED), scenario.code)
    if payment.work == "CERT":
        reserved = replace(identified, state=State.AUTHENTICATED, authenticated_at=now, request_key=opaque(60))
        return Charge(reserved)
    return charge(identified, now)


def charge(payment: Payment, now: datetime) -> Charge:
    """Ask the issuer for the money, as the chosen scenario has it."""
    scenario = SCENARIOS[payment.scenario]
    refused = scenario.code if scenario.refuses_at(Moment.CHARGE) else ""
    if not scenario.charged:
        return Charge(replace(payment, state=State.DECLINED), refused, scenario.lost)
    return Charge(_approved(payment, now), refused, scenario.lost)


def _approved(payment: Payment, now: datetime) -> Payment:
    approved = replace(payment, state=State.APPROVED, approved_at=now)
    if payment.method == "transfer":
        return approved
    return replace(
        approved,
        trade_key=clock.stamp(now) + _digits(10),
        approval_no=_digits(8),
        slip_key=new_key(),
    )


def issue_receipt(payment: Payment) -> Payment:
    """Issue the cash receipt that the payer asked for, once the money has moved."""
    if payment.approved_at is None or payment.receipt.state != "answered":
        return payment
    issued = replace(payment.receipt, state="issued", number="G" + _digits(10), amount=payment.total)
    return replace(payment, receipt=issued)


def answer_receipt(payment: Payment, use: str) -> Payment:
    """Keep the payer's answer: blank skips the receipt, `personal` or `company` asks for it."""
    return replace(payment, receipt=CashReceipt("answered", use) if use else CashReceipt("skipped"))


def _digits(count: int) -> str:
    return "".join(secrets.choice("0123456789") for _ in range(count))
