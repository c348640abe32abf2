"""An order: what was bought, frozen at the moment it was placed."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.db import Base, UtcDateTime, one_of
from shop.rules.money import Tax, TaxBreakdown, Won
from shop.rules.states import AttemptState, OrderState, RefundState

if TYPE_CHECKING:
    from shop.models.attempt import Attempt
    from shop.models.cash_receipt import CashReceipt
    from shop.models.payment_link import PaymentLink
    from shop.models.refund import Refund
    from shop.models.subscription import Subscription


class Order(Base):
    """Lines, prices and tax never change after placing; ``state`` follows attempts and refunds.

    ``visitor`` is the browser that placed it, ``cart_id`` the cart it came from: one cart makes one order.
    ``address`` is the network address that it came from.
    ``expires_at`` is when no new attempt may start; the stock is held until the last attempt's deadline too.
    ``released_at`` is when the goods were given back; None while they are held or sold.
    ``cancelled_at`` is when the buyer gave the order up: it is never sold again.
    ``phone_end``, the last four digits, is how people find it: a column of its own, so that an index serves it.
    ``month`` is the one that it pays for; the first payment of such an order starts its subscription.
    """

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("visitor", "cart_id"),
        UniqueConstraint("subscription_id", "month"),
        CheckConstraint("amount > 0 AND amount = taxable + exempt", name="order_amount_adds_up"),
        CheckConstraint("state <> 'expired' OR released_at IS NOT NULL", name="expired_has_released_its_stock"),
        Index("order_by_visitor", "visitor", "id"),
        Index("order_by_state", "state", "expires_at"),
        Index("order_by_state_newest", "state", "id"),
        Index("order_by_payer", "payer_name", "id"),
        Index("order_by_phone_end", "phone_end", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_no: Mapped[str] = mapped_column(String(20), unique=True)
    visitor: Mapped[str] = mapped_column(String(40))
    address: Mapped[str] = mapped_column(String(60), default="")
    cart_id: Mapped[str] = mapped_column(String(40))
    state: Mapped[OrderState] = mapped_column(one_of(OrderState, "order_state"), default=OrderState.AWAITING_PAYMENT)
    amount: Mapped[int] = mapped_column(BigInteger)
    taxable: Mapped[int] = mapped_column(BigInteger)
    exempt: Mapped[int] = mapped_column(BigInteger)
    vat: Mapped[int] = mapped_column(BigInteger)
    goods: Mapped[str] = mapped_column(String(200))
    payer_name: Mapped[str] = mapped_column(String(40))
    payer_phone: Mapped[str] = mapped_column(String(15))
    phone_end: Mapped[str] = mapped_column(String(4))
    payer_email: Mapped[str] = mapped_column(String(100))
    placed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    month: Mapped[date | None]
    subscription_id: Mapped[int | None] = mapped_column(ForeignKey("subscriptions.id"))

    lines: Mapped[list[OrderLine]] = relationship(back_populates="order", order_by="OrderLine.id")
    attempts: Mapped[list[Attempt]] = relationship(back_populates="order", order_by="Attempt.id")
    refunds: Mapped[list[Refund]] = relationship(back_populates="order", order_by="Refund.id")
    cash_receipts: Mapped[list[CashReceipt]] = relationship(back_populates="order", order_by="CashReceipt.id")
    links: Mapped[list[PaymentLink]] = relationship(back_populates="order", order_by="PaymentLink.id")
    subscription: Mapped[Subscription | None] = relationship(back_populates="orders")

    @property
    def breakdown(self) -> TaxBreakdown:
        """Supply value, tax and exempt part of the frozen amount."""
        return TaxBreakdown(Won(self.taxable), Won(self.exempt), Won(self.vat))

    @property
    def vat_to_send(self) -> int | None:
        """The tax that the gateway is told: only that of taxable and exempt goods together."""
        return self.vat if self.breakdown.is_mixed else None

    @property
    def refunded(self) -> int:
        """Won that the gateway has confirmed as returned for this order."""
        return sum(refund.amount for refund in self.refunds if refund.state is RefundState.DONE and not refund.is_owed)

    @property
    def paid_attempt(self) -> Attempt | None:
        return next((attempt for attempt in self.attempts if attempt.state == AttemptState.PAID), None)

    @property
    def last_attempt(self) -> Attempt | None:
        return self.attempts[-1] if self.attempts else None


class OrderLine(Base):
    """One product of an order, with the name, price and tax it had then. A free amount has no product and no slug."""

    __tablename__ = "order_lines"
    __table_args__ = (
        CheckConstraint("quantity BETWEEN 1 AND 99", name="line_quantity_in_range"),
        CheckConstraint("amount = unit_price * quantity", name="line_amount_adds_up"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id"))
    slug: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(100))
    name_en: Mapped[str] = mapped_column(String(100))
    tax: Mapped[Tax] = mapped_column(one_of(Tax, "line_tax"))
    unit_price: Mapped[int] = mapped_column(BigInteger)
    quantity: Mapped[int]
    amount: Mapped[int] = mapped_column(BigInteger)

    order: Mapped[Order] = relationship(back_populates="lines")
