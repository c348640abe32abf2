"""Which PCD_PAY_DATE names a payment: the documents say payment date and request date, and midnight parts them."""

from __future__ import annotations

from shop.simulator import clock
from shop.simulator.payment import Payment
from shop.simulator.policy import Policy


def is_date_of(payment: Payment, date: str, policy: Policy) -> bool:
    """Whether yyyyMMdd is the Korea date of this payment, as the policy `date_rule` reads it."""
    dates = {"approval": clock.trade_date(payment.approved_at), "opening": clock.trade_date(payment.opened_at)}
    wanted = dates.values() if policy.date_rule == "either" else [dates[policy.date_rule]]
    return date in wanted
