"""The shop's own books, one line per attempt, to hold against the gateway's."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from shop.db import db
from shop.models import Attempt
from shop.states import CashReceiptState, RefundState


@dataclass(frozen=True)
class LedgerLine:
    """One attempt. Amounts in won; ``state`` is the attempt's and stays ``paid`` after refunds."""

    order_no: str
    attempt_no: str
    method: str
    work: str
    state: str
    amount: int
    refunded: int
    refund_unknown: bool
    cash_receipt_state: str
    cash_receipt_amount: int
    paid_at: str | None


def lines(session: Session | None = None) -> Iterator[LedgerLine]:
    """Every attempt, oldest first, without holding them all in memory; of another database through its session."""
    query = (
        select(Attempt)
        .options(joinedload(Attempt.order), selectinload(Attempt.refunds), selectinload(Attempt.cash_receipts))
        .order_by(Attempt.id)
        .execution_options(yield_per=500)
    )
    return (_line(attempt) for attempt in (session or db.session()).scalars(query))


def _line(attempt: Attempt) -> LedgerLine:
    refunds, receipt = [refund for refund in attempt.refunds if not refund.is_orphan], attempt.cash_receipt
    covers = receipt is not None and receipt.state in (CashReceiptState.ISSUED, CashReceiptState.CANCEL_DUE)
    return LedgerLine(
        order_no=attempt.order.order_no,
        attempt_no=attempt.attempt_no,
        method=attempt.method.value,
        work=attempt.work.value,
        state=attempt.state.value,
        amount=attempt.amount,
        refunded=sum(refund.amount for refund in refunds if refund.state is RefundState.DONE),
        refund_unknown=any(refund.state is RefundState.UNKNOWN for refund in refunds),
        cash_receipt_state=receipt.state.value if receipt else CashReceiptState.NONE.value,
        cash_receipt_amount=receipt.amount if receipt and covers else 0,
        paid_at=attempt.paid_at.isoformat() if attempt.paid_at else None,
    )
