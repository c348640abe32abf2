"""Who may work in the staff area, and how often somebody failed to get in."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Base, UtcDateTime


class StaffMember(Base):
    """An account. ``password_hash`` is a slow, salted hash; the password itself is kept nowhere."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    password_hash: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class FailedLogin(Base):
    """One failed try. Many of them slow the next down, per account and per address, but lock nobody out for good."""

    __tablename__ = "failed_logins"
    __table_args__ = (Index("failed_by_name", "name", "at"), Index("failed_by_address", "address", "at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    address: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
