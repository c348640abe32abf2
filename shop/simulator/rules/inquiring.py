"""What the inquiry finds (결제결과 조회 API)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from shop.simulator import clock
from shop.simulator.payment import Payment
from shop.simulator.policy import Policy
from shop.simulator.rulebook import RULES, Rule


def broken_by_question(asked: Mapping[str, str]) -> Rule | None:
    """The question needs its flag, a method, a number and a date."""
    if asked.get("PCD_PAYCHK_FLAG") != "Y":
        return RULES["field_missing"]
    if asked.get("PCD_PAY_TYPE") not in ("card", "transfer"):
        return RULES["method_unknown"]
    return None if asked.get("PCD_PAY_OID") and asked.get("PCD_PAY_DATE") else RULES["field_missing"]


def found(asked: Mapping[str, str], payment: Payment | None, policy: Policy, now: datetime) -> Payment | Rule:
    """The payment, or why the inquiry does not find it."""
    if payment is None or payment.approved_at is None:
        return RULES["payment_unknown"]
    wanted = (asked["PCD_PAY_TYPE"], asked["PCD_PAY_DATE"])
    if wanted != (payment.method, clock.trade_date(payment.approved_at)):
        return RULES["payment_unknown"]
    if now - payment.approved_at < timedelta(seconds=policy.inquiry_lag_seconds):
        return RULES["inquiry_lags"]
    return payment
