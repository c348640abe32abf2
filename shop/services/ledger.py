"""The shop's own books, one line per attempt, to hold against the gateway's."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from shop.db import db
from shop.models import Attempt
from shop.states import AttemptState, CashReceiptState


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


def lines() -> Iterator[LedgerLine]:
    """Every attempt, oldest first, without holding them all in memory."""
    query = select(Attempt).options(joinedload(Attempt.order)).order_by(Attempt.id).execution_options(yield_per=500)
    return (_line(attempt) for attempt in db.session.scalars(query))


def _line(attempt: Attempt) -> LedgerLine:
    receipted = attempt.state is AttemptState.PAID and attempt.cash_receipt_state is CashReceiptState.ISSUED
    return LedgerLine(
        order_no=attempt.order.order_no,
        attempt_no=attempt.attempt_no,
        method=attempt.method.value,
        work=attempt.work.value,
        state=attempt.state.value,
        amount=attempt.amount,
        refunded=0,
        refund_unknown=False,
        cash_receipt_state=attempt.cash_receipt_state.value,
        cash_receipt_amount=attempt.amount if receipted else 0,
        paid_at=attempt.paid_at.isoformat() if attempt.paid_at else None,
    )
