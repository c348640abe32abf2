"""A reconciliation: the shop's books held against the gateway's answers for some days, and what did not agree."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.db import Base, UtcDateTime, one_of
from shop.models.attempt import Attempt
from shop.states import DifferenceKind

_OPEN = text("closed_at IS NULL")


class Reconciliation(Base):
    """One comparison of the Korean days ``first_day`` to ``last_day``, worked off in batches.

    Attempts are taken in the order of their ids: up to ``after_id`` they are done, above ``until_id`` they came later.
    ``stalls`` counts how often the gateway kept silent about the next one. The sums are in won and grow with each one;
    ``theirs_told`` counts the answers that told what went back.
    """

    __tablename__ = "reconciliations"
    __table_args__ = (
        CheckConstraint("first_day <= last_day", name="reconciled_days_in_order"),
        Index("reconciliation_by_end", "finished_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    first_day: Mapped[date]
    last_day: Mapped[date]
    requested_by: Mapped[str] = mapped_column(String(40))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    until_id: Mapped[int]
    after_id: Mapped[int] = mapped_column(default=0)
    stalls: Mapped[int] = mapped_column(default=0)
    planned: Mapped[int]
    compared: Mapped[int] = mapped_column(default=0)
    ours_count: Mapped[int] = mapped_column(default=0)
    ours_paid: Mapped[int] = mapped_column(BigInteger, default=0)
    ours_refunded: Mapped[int] = mapped_column(BigInteger, default=0)
    theirs_count: Mapped[int] = mapped_column(default=0)
    theirs_paid: Mapped[int] = mapped_column(BigInteger, default=0)
    theirs_refunded: Mapped[int] = mapped_column(BigInteger, default=0)
    theirs_told: Mapped[int] = mapped_column(default=0)

    differences: Mapped[list[Difference]] = relationship(back_populates="reconciliation", order_by="Difference.id")

    @property
    def tells_refunds(self) -> bool:
        """Whether every payment that the gateway knows came with what went back of it."""
        return self.theirs_told == self.theirs_count


class Difference(Base):
    """What the two books said about one attempt. ``outcome`` is how it was closed: repaired, agreed or acknowledged."""

    __tablename__ = "differences"
    __table_args__ = (
        Index("one_open_difference", "attempt_id", "kind", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("difference_by_reconciliation", "reconciliation_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    reconciliation_id: Mapped[int] = mapped_column(ForeignKey("reconciliations.id"))
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempts.id"))
    kind: Mapped[DifferenceKind] = mapped_column(one_of(DifferenceKind, "difference_kind"))
    ours: Mapped[str] = mapped_column(String(40))
    theirs: Mapped[str] = mapped_column(String(40))
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by: Mapped[str] = mapped_column(String(40), default="")
    outcome: Mapped[str] = mapped_column(String(20), default="")

    reconciliation: Mapped[Reconciliation] = relationship(back_populates="differences")
    attempt: Mapped[Attempt] = relationship()
