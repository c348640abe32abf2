"""Both sides of one attempt, to be held against each other: what our rows say, and what the gateway answers."""

from datetime import datetime

from shop.db import db, release
from shop.models import Attempt
from shop.payple import Inquiries, PaymentFound, PaypleClient
from shop.reconciliation_policy import OurSide
from shop.services import searching, trade_days
from shop.services.attempt_facts import AttemptFacts
from shop.services.settlement_sheet import charged_by, is_charged
from shop.states import ACTIVE_RECEIPT, CashReceiptState, RefundState


def ask(facts: AttemptFacts, asking: PaypleClient | Inquiries, now: datetime) -> PaymentFound | None:
    """What the gateway says: under the trade date that it told us, or wherever the payment may be filed."""
    attempt = db.session.get_one(Attempt, facts.id)
    days, method = attempt.trade_days if is_charged(attempt) else [], attempt.method
    release()
    if not days:
        return searching.inquire(facts, asking, now)
    return trade_days.find(asking, facts.attempt_no, days, method)


def our_side(attempt: Attempt) -> OurSide:
    """What our rows say of an attempt."""
    done = sum(refund.amount for refund in attempt.refunds if refund.state is RefundState.DONE)
    lost = next((refund.amount for refund in attempt.refunds if refund.state is RefundState.UNKNOWN), None)
    return OurSide(
        state=attempt.state,
        asked=attempt.amount,
        charged=charged_by(attempt) if is_charged(attempt) else None,
        refunded=done,
        lost_refund=lost,
        refund_under_way=attempt.is_refunding,
        receipt=_receipt(attempt),
    )


def _receipt(attempt: Attempt) -> int | None:
    """Won that the cash receipt covers; None while that changes."""
    active = [receipt for receipt in attempt.cash_receipts if receipt.state in ACTIVE_RECEIPT]
    if any(receipt.state is not CashReceiptState.ISSUED for receipt in active):
        return None
    return sum(receipt.amount for receipt in active)
