"""A cash receipt (현금영수증) of a bank transfer, as it stands at the tax office."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.db import Base, CutText, UtcDateTime, one_of, one_row_while
from shop.rules.cash_receipt import LastCall
from shop.rules.states import ACTIVE_RECEIPT, CashReceiptState

if TYPE_CHECKING:
    from shop.models.attempt import Attempt
    from shop.models.order import Order


class CashReceipt(Base):
    """``amount`` is what the receipt covers, in won; a refund that the gateway settles with it reduces it.

    ``due_at`` is the date of the job: an issue, or a cancel and then an issue for ``reissue_amount``. ``is_reissue``:
    it replaces one that was cancelled for a refund. ``last_call`` is what an inquiry has to check.
    ``identity`` is a phone or business number. It is personal data: shown masked, never logged.
    """

    __tablename__ = "cash_receipts"
    __table_args__ = (
        CheckConstraint("amount >= 0 AND reissue_amount >= 0", name="receipt_amount_not_negative"),
        CheckConstraint(
            "state NOT IN ('requested', 'cancel_due') OR due_at IS NOT NULL", name="due_receipt_has_its_date"
        ),
        CheckConstraint("state <> 'issued' OR issued_at IS NOT NULL", name="issued_has_its_time"),
        CheckConstraint("state <> 'cancelled' OR cancelled_at IS NOT NULL", name="cancelled_has_its_time"),
        one_row_while(ACTIVE_RECEIPT, "one_active_receipt", "attempt_id"),
        Index("receipt_by_state", "state", "due_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempts.id"), index=True)
    state: Mapped[CashReceiptState] = mapped_column(one_of(CashReceiptState, "cash_receipt_state"))
    amount: Mapped[int] = mapped_column(BigInteger)
    purpose: Mapped[str] = mapped_column(String(10), default="")
    identity: Mapped[str] = mapped_column(String(20), default="")
    number: Mapped[str] = mapped_column(CutText(60), default="")
    requested_by: Mapped[str] = mapped_column(String(40), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    issued_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reissue_amount: Mapped[int] = mapped_column(BigInteger, default=0)
    is_reissue: Mapped[bool] = mapped_column(default=False)
    last_call: Mapped[LastCall] = mapped_column(one_of(LastCall, "receipt_last_call"), default=LastCall.ANSWERED)
    tries: Mapped[int] = mapped_column(default=0)
    result_code: Mapped[str] = mapped_column(CutText(20), default="")
    result_message: Mapped[str] = mapped_column(CutText(200), default="")

    order: Mapped[Order] = relationship(back_populates="cash_receipts")
    attempt: Mapped[Attempt] = relationship(back_populates="cash_receipts")
