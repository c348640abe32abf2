"""Staff accounts and their sessions."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.db import Base, UtcDateTime

CONFIRMED_FOR = timedelta(minutes=15)
"""How long money may be moved after the password was entered again."""


class StaffMember(Base):
    """An account. ``password_hash`` is a slow, salted hash; the password itself is kept nowhere."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    password_hash: Mapped[str] = mapped_column(String(300))
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class StaffSession(Base):
    """One sign-in of one browser, which keeps the token. ``token_hash`` is all that the shop stores of it."""

    __tablename__ = "staff_sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    password_confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    member: Mapped[StaffMember] = relationship(lazy="joined")

    def is_confirmed(self, now: datetime) -> bool:
        """Whether the password was entered again within the last fifteen minutes."""
        return self.password_confirmed_at is not None and now - self.password_confirmed_at < CONFIRMED_FOR
