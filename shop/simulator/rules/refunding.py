"""What goes back to the payer, and what it does to the transfer's cash receipt (quick guide 4-3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from shop.simulator import clock
from shop.simulator.payment import Cancellation, CashReceipt, Payment, State
from shop.simulator.policy import Policy
from shop.simulator.rulebook import RULES, Rule
from shop.simulator.rules.dating import is_date_of
from shop.simulator.rules.opening import is_mixed, is_number
from shop.simulator.rules.paying import trade_key

NEVER = "99991231"
NEEDED = ("PCD_PAY_OID", "PCD_PAY_DATE", "PCD_REFUND_TOTAL")


def broken_by_request(asked: Mapping[str, str], refund_key: str) -> Rule | None:
    """The refund key, the flag, and what every cancel has to name."""
    if asked.get("PCD_REFUND_KEY") != refund_key:
        return RULES["refund_key_wrong"]
    if asked.get("PCD_PAYCANCEL_FLAG") != "Y" or not all(asked.get(name) for name in NEEDED):
        return RULES["cancel_field_missing"]
    amount = asked["PCD_REFUND_TOTAL"]
    return None if is_number(amount) and int(amount) else RULES["cancel_amount_malformed"]


def cancellable(asked: Mapping[str, str], payment: Payment | None, policy: Policy) -> Payment | Rule:
    """The payment of this number and date, or why there is nothing to cancel."""
    if payment is None or not is_date_of(payment, asked["PCD_PAY_DATE"], policy):
        return RULES["cancel_payment_unknown"]
    return payment


def cancelled(payment: Payment, amount: int, tax_given: str, policy: Policy, now: datetime) -> Payment | Rule:
    """The payment after a cancel of `amount` won, or the rule that the cancel breaks."""
    if not payment.remainder:
        return RULES["already_cancelled"]
    if amount > payment.remainder:
        return RULES["cancel_above_remainder"]
    tax = _tax(payment, amount, tax_given, policy)
    if isinstance(tax, Rule):
        return tax
    key = trade_key(now) if payment.method == "card" else ""
    state = State.CANCELLED if amount == payment.remainder else State.PARTIALLY_CANCELLED
    return replace(payment, state=state, cancellations=(*payment.cancellations, Cancellation(amount, tax, now, key)))


def tax_given(asked: Mapping[str, str]) -> str:
    """The VAT to cancel under its present or its older name; blank if a sample sent NaN."""
    given = asked.get("PCD_REFUND_TAXTOTAL") or asked.get("PCD_PAY_TAXTOTAL", "")
    return "" if given == "NaN" else given


def _tax(payment: Payment, amount: int, given: str, policy: Policy) -> int | Rule:
    left, mixed = payment.tax - payment.refunded_tax, is_mixed(payment.asked)
    if given and not (given == "0" and not mixed):  # samples send 0 with every order that is not mixed
        is_right = is_number(given) and int(given) <= min(left, amount)
        return int(given) if is_right else RULES["cancel_tax_wrong"]
    if amount == payment.remainder:
        return left
    if mixed and policy.mixed_refund_tax == "required":
        return RULES["cancel_tax_missing"]
    return (left * amount * 2 + payment.remainder) // (2 * payment.remainder)


def with_receipt(payment: Payment, policy: Policy, now: datetime) -> Payment:
    """The payment after its active receipt has followed the refund, or has failed to."""
    if payment.receipt.state != "issued":
        return payment
    if policy.receipt_on_refund == "settled":
        left = min(payment.receipt.amount, payment.remainder)
        state = "issued" if left else "cancelled"
        return replace(payment, receipt=replace(payment.receipt, state=state, amount=left, blocked_until=""))
    return replace(payment, receipt=_blocked(payment.receipt, policy, now))


def _blocked(receipt: CashReceipt, policy: Policy, now: datetime) -> CashReceipt:
    is_for_good = policy.receipt_on_refund == "fail_for_good"
    due = NEVER if is_for_good else clock.trade_date(now + timedelta(days=policy.receipt_lag_days))
    return replace(receipt, blocked_until=due)
