"""A subscription: an order that is placed and paid again every month."""

from __future__ import annotations

import base64
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.db import Base, UtcDateTime, one_of, one_row_while
from shop.encryption import keyed_digest
from shop.rules.states import LIVE, SubscriptionState

if TYPE_CHECKING:
    from shop.models.order import Order
    from shop.models.saved_method import SavedMethod


class Subscription(Base):
    """``number`` is that of its first order. ``month`` is to be paid next; ``since`` is when it last became active.

    Without ``saved_method`` only its buyer can pay, in the window.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (
        CheckConstraint("state <> 'active' OR next_charge_at IS NOT NULL", name="active_has_its_next_charge"),
        CheckConstraint("day BETWEEN 1 AND 31", name="subscription_day_in_range"),
        one_row_while(LIVE, "one_live_subscription", "visitor"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    visitor: Mapped[str] = mapped_column(String(40), index=True)
    state: Mapped[SubscriptionState] = mapped_column(one_of(SubscriptionState, "subscription_state"))
    day: Mapped[int]
    month: Mapped[date]
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    next_charge_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    saved_method_id: Mapped[int | None] = mapped_column(ForeignKey("saved_methods.id", ondelete="SET NULL"), index=True)

    saved_method: Mapped[SavedMethod | None] = relationship()
    orders: Mapped[list[Order]] = relationship(back_populates="subscription", order_by="Order.id")

    def charge_no(self, month: date, tries: int) -> str:
        """Return the payment number of a try: always the same one, so that an inquiry finds a forgotten charge."""
        digest = keyed_digest(f"subscription {self.number} {month:%Y-%m} {tries}")
        return f"{month:%Y%m%d}_{base64.b32encode(digest).decode()[:20]}"
