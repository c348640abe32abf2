"""Payment links, and numbers of payments that may have come of one."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.db import Base, UtcDateTime

if TYPE_CHECKING:
    from shop.models.order import Order


class LinkState(StrEnum):
    """Whether the payment of a link was found."""

    OPEN = "open"
    PAID = "paid"
    CLOSED = "closed"


class PaymentLink(Base):
    """An address of Payple's under which an order can be paid.

    A payment can still come of it until ``ends_at``. ``resolved_at`` is when its payment was found, or when
    ``closed_by`` said that there is none.
    """

    __tablename__ = "payment_links"
    __table_args__ = (Index("payment_link_by_end", "ends_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    url: Mapped[str] = mapped_column(Text)
    goods: Mapped[str] = mapped_column(String(50))
    created_by: Mapped[str] = mapped_column(String(40))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by: Mapped[str] = mapped_column(String(40), default="")

    order: Mapped[Order] = relationship(back_populates="links")

    @property
    def state(self) -> LinkState:
        if self.resolved_at is None:
            return LinkState.OPEN
        return LinkState.CLOSED if self.closed_by else LinkState.PAID


class UnknownPayment(Base):
    """A number that a webhook named and no attempt has. The sweep asks about it."""

    __tablename__ = "unknown_payments"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(30), unique=True)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
