"""Cash receipts by API: only for paid transfers, never two, never above what was paid and not refunded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from shop.simulator import clock
from shop.simulator.payment import CashReceipt, Payment
from shop.simulator.rulebook import RULES, Rule
from shop.simulator.rules.opening import is_number
from shop.simulator.rules.paying import receipt_number

# A mobile or other personal number (a cash-receipt card has up to 19 digits); a business number has ten.
IDENTITIES = {"personal": r"\d{10,19}", "company": r"\d{10}"}


def receiptable(asked: Mapping[str, str], payment: Payment | None) -> Payment | Rule:
    """The transfer that a receipt request is about, or the rule that the request breaks."""
    if not asked.get("PCD_PAYER_ID") or not asked.get("PCD_PAY_OID"):
        return RULES["receipt_field_missing"]
    if payment is None:
        return RULES["receipt_payment_unknown"]
    if payment.method != "transfer":
        return RULES["receipt_for_card"]
    if asked["PCD_PAYER_ID"] != payment.payer_id:
        return RULES["receipt_payer_differs"]
    return payment if _is_identity(asked) else RULES["receipt_identity_wrong"]


def issued(asked: Mapping[str, str], payment: Payment, _now: datetime) -> Payment | Rule:
    """The payment with its receipt; without an amount (older requests) it is for all that was not refunded."""
    if payment.receipt.state == "issued":
        return RULES["receipt_twice"]
    amount = asked.get("PCD_TAXSAVE_AMOUNT") or str(payment.remainder)
    if not is_number(amount) or not 0 < int(amount) <= payment.remainder:
        return RULES["receipt_above_paid"]
    holder = payment.instrument.holder if payment.instrument else "personal"
    use = asked.get("PCD_TAXSAVE_TRADEUSE") or payment.receipt.use or holder
    return replace(payment, receipt=CashReceipt("issued", use, receipt_number(), int(amount)))


def cancelled(asked: Mapping[str, str], payment: Payment, now: datetime) -> Payment | Rule:
    """The payment without its receipt; older requests name no amount."""
    receipt = payment.receipt
    if receipt.state != "issued":
        return RULES["receipt_cancelled" if receipt.state == "cancelled" else "receipt_none"]
    if asked.get("PCD_TAXSAVE_AMOUNT") not in (None, "", str(receipt.amount)):
        return RULES["receipt_amount_differs"]
    if clock.trade_date(now) < receipt.blocked_until:
        return RULES["receipt_cancel_blocked"]
    return replace(payment, receipt=replace(receipt, state="cancelled", amount=0, blocked_until=""))


def _is_identity(asked: Mapping[str, str]) -> bool:
    use, number = asked.get("PCD_TAXSAVE_TRADEUSE", ""), asked.get("PCD_TAXSAVE_IDENTINUM", "")
    if use not in ("", *IDENTITIES):
        return False
    form = IDENTITIES.get(use, IDENTITIES["personal"])
    return not number or re.fullmatch(form, number.replace("-", ""), re.ASCII) is not None
