"""Whether a confirm may charge (quick guide, CERT: the second step)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from shop.simulator.payment import Payment, State
from shop.simulator.rulebook import RULES, Rule
from shop.simulator.rules.paying import is_confirm_over
from shop.simulator.runs import Run


def broken_by_claim(asked: Mapping[str, str], payment: Payment, method: str) -> Rule | None:
    """Address, key and billing key come from the same window result as the PCD_PAY_REQKEY."""
    if payment.method != method:
        return RULES["confirm_url_wrong"]
    if (asked.get("PCD_AUTH_KEY"), asked.get("PCD_PAYER_ID", "")) != (payment.result_key, payment.payer_id):
        return RULES["result_key_wrong"]
    return None


def broken_by_state(payment: Payment, completed: Payment | None, run: Run, now: datetime) -> Rule | None:
    """One key is confirmed once, in time, for a number that has not been completed otherwise."""
    if payment.state is State.EXPIRED or is_confirm_over(payment, now, run.policy.confirm_minutes):
        return RULES["confirm_too_late"]
    if payment.state is not State.AUTHENTICATED:
        return RULES["request_key_used"]
    return RULES["oid_duplicate"] if completed else None
