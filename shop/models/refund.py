"""One refund, and what the gateway answered about it."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, cast

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop import clock
from shop.db import Base, CutText, UtcDateTime, one_of, one_row_while
from shop.payple import refund_rules
from shop.payple.refund_rules import DECIDE_AFTER
from shop.rules.states import IN_FLIGHT, RefundState

if TYPE_CHECKING:
    from shop.models.attempt import Attempt
    from shop.models.order import Order


class Refund(Base):
    """``refund_no`` is the one-time mark of the form: the same form sent again is the same refund.

    ``vat`` is the tax part of the amount.
    ``is_full`` refunds everything that was left: only such a call may be repeated, since the second is refused.
    ``requested_by`` is a staff name; blank where the shop itself returns money that belongs to no order.
    ``returned_elsewhere_by`` names who says that the money of a refused return went back past the gateway.
    """

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("amount > 0 AND vat >= 0 AND vat <= amount", name="refund_amount_positive"),
        CheckConstraint("state <> 'submitted' OR submitted_at IS NOT NULL", name="submitted_has_its_time"),
        CheckConstraint("state NOT IN ('done', 'refused') OR ended_at IS NOT NULL", name="ended_has_its_time"),
        one_row_while(IN_FLIGHT, "one_refund_in_flight", "attempt_id"),
        Index("refund_by_state", "state"),
        Index("refund_by_next_try", "next_try_at"),
        Index("refund_by_end", "ended_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    refund_no: Mapped[str] = mapped_column(String(60), unique=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempts.id"), index=True)
    state: Mapped[RefundState] = mapped_column(one_of(RefundState, "refund_state"), default=RefundState.RESERVED)
    amount: Mapped[int] = mapped_column(BigInteger)
    vat: Mapped[int] = mapped_column(BigInteger)
    is_full: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(200), default="")
    requested_by: Mapped[str] = mapped_column(String(40), default="")
    decided_by: Mapped[str] = mapped_column(String(40), default="")
    returned_elsewhere_by: Mapped[str] = mapped_column(String(40), default="")
    reserved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    result_code: Mapped[str] = mapped_column(CutText(20), default="")
    result_message: Mapped[str] = mapped_column(CutText(200), default="")
    trade_key: Mapped[str] = mapped_column(CutText(60), default="")
    slip_url: Mapped[str] = mapped_column(Text, default="")
    receipt_code: Mapped[str] = mapped_column(CutText(20), default="")
    receipt_message: Mapped[str] = mapped_column(CutText(200), default="")

    order: Mapped[Order] = relationship(back_populates="refunds")
    attempt: Mapped[Attempt] = relationship(back_populates="refunds")

    @property
    def flow_view(self) -> refund_rules.Refund:
        """The row as the rules of the client see it. A charged attempt has its trade date."""
        return refund_rules.Refund(
            refund_no=self.refund_no,
            attempt_no=self.attempt.attempt_no,
            payment_date=cast("date", self.attempt.payment_date),
            amount=self.amount,
            is_full=self.is_full,
            changed_at=self.submitted_at or self.reserved_at,
            vat=self.vat if self.sends_vat else None,
            is_owed=self.is_owed,
            state=self.state,
            tries=self.tries,
            next_try_at=self.next_try_at,
        )

    @property
    def sends_vat(self) -> bool:
        """Whether the gateway has to be told the VAT: in mixed orders only."""
        return self.order.breakdown.is_mixed and not self.is_owed

    @property
    def is_owed(self) -> bool:
        """Whether the shop itself returns money that belongs to no order."""
        return not self.requested_by

    @property
    def may_be_decided(self) -> bool:
        """Whether a person may say what became of it."""
        view = self.flow_view
        return self.state is RefundState.UNKNOWN and view.needs_person and clock.now() >= view.changed_at + DECIDE_AFTER

    @property
    def is_refused_return(self) -> bool:
        """Whether the gateway has refused to return money that belongs to no order, and it is still here."""
        return self.is_owed and self.state is RefundState.REFUSED and not self.returned_elsewhere_by

    @property
    def can_be_repeated(self) -> bool:
        """Whether a person may send it again now."""
        waits = self.state is RefundState.UNKNOWN or (self.is_owed and self.state is RefundState.RESERVED)
        return self.is_full and (waits or self.is_refused_return)
