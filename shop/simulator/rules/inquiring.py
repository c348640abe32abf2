"""What the inquiry finds (결제결과 조회 API)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from shop.simulator.payment import Payment
from shop.simulator.policy import Policy
from shop.simulator.rulebook import RULES, Rule
from shop.simulator.rules.dating import is_date_of


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
    if asked["PCD_PAY_TYPE"] != payment.method or not is_date_of(payment, asked["PCD_PAY_DATE"], policy):
        return RULES["payment_unknown"]
    if now - payment.approved_at < timedelta(seconds=policy.inquiry_lag_seconds):
        return RULES["inquiry_lags"]
    return payment
