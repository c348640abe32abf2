"""A card or an account that a buyer has saved, for the next order or for a subscription."""

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Base, UtcDateTime, one_of
from shop.encryption import EncryptedText
from shop.rules.method import Method


class SavedMethod(Base):
    """``visitor`` is the browser that it belongs to; ``fingerprint``, a hash of the billing key, finds its row.

    ``is_offered`` for the next order; a row that is not pays a subscription.
    A deleted row stays, with its next check, until the gateway says that the key is not registered any more.
    """

    __tablename__ = "saved_methods"
    __table_args__ = (
        UniqueConstraint("visitor", "fingerprint"),
        Index("saved_method_by_fingerprint", "fingerprint"),
        Index("saved_method_by_next_check", "next_check_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    visitor: Mapped[str] = mapped_column(String(40))
    method: Mapped[Method] = mapped_column(one_of(Method, "saved_method"))
    issuer: Mapped[str] = mapped_column(String(40))
    number: Mapped[str] = mapped_column(String(40))
    billing_key: Mapped[str] = mapped_column(EncryptedText)
    fingerprint: Mapped[str] = mapped_column(String(64))
    is_offered: Mapped[bool]
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_check_at: Mapped[datetime] = mapped_column(UtcDateTime)
    checks: Mapped[int] = mapped_column(default=0)

    @property
    def choice(self) -> str:
        return f"saved-{self.id}"
