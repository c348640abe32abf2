"""One try to pay an order, and what the gateway answered about it."""

from __future__ import annotations

from datetime import date, datetime
from math import ceil
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.db import Base, CutText, UtcDateTime, one_of, one_row_while
from shop.encryption import EncryptedText
from shop.payple import ChargeMode, PayType, attempts
from shop.payple.attempts import FINAL
from shop.rules.cash_receipt import COVERING, JOBS, LastCall
from shop.rules.method import Method
from shop.rules.states import ACTIVE_RECEIPT, HOLDING, IN_FLIGHT, AttemptState, CashReceiptState, RefundState

if TYPE_CHECKING:
    from shop.models.cash_receipt import CashReceipt
    from shop.models.order import Order
    from shop.models.refund import Refund


class Attempt(Base):
    """``attempt_no`` is the gateway's order number: ours, unguessable, never used twice.

    ``saves_for`` is the browser that wants to pay in the same way again. ``checks`` counts the inquiries since the
    state last changed, ``receipt_look_ups`` those that a late result caused. The ``reported`` columns repeat what a
    browser says and decide nothing. Everything from ``result_code`` down comes from the gateway's answer to our own
    call; ``billing_key`` names the payer on the cash receipt of a transfer. ``recovered_at`` is when an inquiry found
    the payment of a call that had no answer.
    """

    __tablename__ = "attempts"
    __table_args__ = (
        CheckConstraint("amount > 0", name="attempt_amount_positive"),
        CheckConstraint(
            "state NOT IN ('paid', 'orphaned')"
            " OR (paid_at IS NOT NULL AND payment_date IS NOT NULL AND charged_amount IS NOT NULL)",
            name="charged_has_its_evidence",
        ),
        CheckConstraint("state <> 'confirming' OR confirming_at IS NOT NULL", name="confirming_has_its_time"),
        one_row_while(HOLDING, "one_holding_attempt", "order_id"),
        Index("attempt_by_next_check", "next_check_at"),
        Index("attempt_by_state", "state", "id"),
        Index("attempt_by_payment_date", "payment_date", "order_id"),
        Index("attempt_by_start", "started_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    attempt_no: Mapped[str] = mapped_column(String(30), unique=True)
    state: Mapped[AttemptState] = mapped_column(one_of(AttemptState, "attempt_state"), default=AttemptState.PREPARED)
    method: Mapped[Method] = mapped_column(one_of(Method, "attempt_method"))
    charge_mode: Mapped[ChargeMode] = mapped_column(one_of(ChargeMode, "attempt_charge_mode"))
    delivery: Mapped[str] = mapped_column(String(10))
    cash_receipt_asked: Mapped[bool] = mapped_column(default=False)
    saves_for: Mapped[str] = mapped_column(String(40), default="")
    amount: Mapped[int] = mapped_column(BigInteger)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirming_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    checks: Mapped[int] = mapped_column(default=0)
    next_check_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    receipt_look_ups: Mapped[int] = mapped_column(default=0)
    recovered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    reported_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reported_result: Mapped[str] = mapped_column(String(10), default="")
    reported_code: Mapped[str] = mapped_column(CutText(20), default="")
    reported_mismatch: Mapped[str] = mapped_column(String(20), default="")

    result_code: Mapped[str] = mapped_column(CutText(20), default="")
    result_message: Mapped[str] = mapped_column(CutText(200), default="")
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    payment_date: Mapped[date | None]
    charged_amount: Mapped[int | None] = mapped_column(BigInteger)
    billing_key: Mapped[str] = mapped_column(EncryptedText, default="")
    card_issuer: Mapped[str] = mapped_column(CutText(40), default="")
    card_number: Mapped[str] = mapped_column(CutText(40), default="")
    instalment_months: Mapped[int | None]
    approval_no: Mapped[str] = mapped_column(CutText(40), default="")
    trade_key: Mapped[str] = mapped_column(CutText(60), default="")
    slip_url: Mapped[str] = mapped_column(Text, default="")
    bank_name: Mapped[str] = mapped_column(CutText(40), default="")
    account: Mapped[str] = mapped_column(CutText(40), default="")

    order: Mapped[Order] = relationship(back_populates="attempts")
    refunds: Mapped[list[Refund]] = relationship(back_populates="attempt", order_by="Refund.id")
    cash_receipts: Mapped[list[CashReceipt]] = relationship(back_populates="attempt", order_by="CashReceipt.id")

    @property
    def flow_view(self) -> attempts.Attempt:
        """The row as the payment flow sees it."""
        return attempts.Attempt(
            attempt_no=self.attempt_no,
            amount=self.amount,
            pay_type=self.pay_type,
            charge_mode=self.charge_mode,
            state=self.state,
            started_at=self.started_at,
            confirming_at=self.confirming_at,
            checks=self.checks,
            success_reported=self.reported_result == "success" if self.reported_at else None,
            payment_date=self.payment_date,
            charged_amount=self.charged_amount,
            next_check_at=self.next_check_at,
            order_no=self.order.order_no,
        )

    @property
    def window_ends_at(self) -> datetime:
        """After this its window cannot charge any more."""
        return self.started_at + attempts.WINDOW_LIFETIME

    @property
    def pay_type(self) -> PayType:
        return self.method.pay_type

    @property
    def cash_receipt(self) -> CashReceipt | None:
        """The newest cash receipt of this payment."""
        return self.cash_receipts[-1] if self.cash_receipts else None

    @property
    def active_receipt(self) -> CashReceipt | None:
        """The receipt that is issued, or is about to be issued or cancelled."""
        return next((receipt for receipt in self.cash_receipts if receipt.state in ACTIVE_RECEIPT), None)

    @property
    def covering_receipt(self) -> CashReceipt | None:
        """The receipt that the tax office has."""
        return next((receipt for receipt in self.cash_receipts if receipt.state in COVERING), None)

    @property
    def waiting_receipt(self) -> CashReceipt | None:
        """A request that is not issued so far and has no call under way."""
        active = self.active_receipt
        if active is None or active.state is not CashReceiptState.REQUESTED or self.is_receipt_calling:
            return None
        return active

    @property
    def charged(self) -> int | None:
        """What the gateway charged, in won; None if nothing, or if a person has to look into it."""
        return self.charged_amount if self.state in FINAL else None

    @property
    def remaining(self) -> int:
        returned = [row for row in self.refunds if row.state is RefundState.DONE or row.returned_elsewhere_by]
        return max(0, (self.charged or 0) - sum(row.amount for row in returned))

    @property
    def recovery_seconds(self) -> int | None:
        """How long the outcome was open, rounded up, if a call had no answer."""
        since = self.confirming_at or self.reported_at or self.started_at
        return ceil((self.recovered_at - since).total_seconds()) if self.recovered_at else None

    @property
    def is_receipt_calling(self) -> bool:
        """Whether a cash receipt call is under way or waits for its check."""
        jobs = (receipt for receipt in self.cash_receipts if receipt.state in JOBS)
        return any(receipt.last_call is not LastCall.ANSWERED for receipt in jobs)

    @property
    def is_refunding(self) -> bool:
        """Whether a refund of this payment has not ended yet."""
        return any(refund.state in IN_FLIGHT for refund in self.refunds)

    @property
    def is_unanswered(self) -> bool:
        """Whether a call has no answer, or a browser reports a payment: an inquiry is due."""
        in_window = self.state is AttemptState.PREPARED and self.charge_mode is ChargeMode.IN_WINDOW
        return (in_window and self.reported_at is not None) or self.state in (
            AttemptState.CONFIRMING,
            AttemptState.UNKNOWN,
        )

    @property
    def may_get_receipt(self) -> bool:
        """Whether the window may still issue a cash receipt that we do not have."""
        is_open = self.state in FINAL and self.charge_mode is ChargeMode.IN_WINDOW and self.cash_receipt_asked
        return is_open and all(receipt.state is CashReceiptState.FAILED for receipt in self.cash_receipts)

    def is_due(self, now: datetime) -> bool:
        return self.next_check_at is not None and self.next_check_at <= now
