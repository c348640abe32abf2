"""The journal: what happened, in order, with its evidence. Rows are only ever added."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Base, UtcDateTime


class JournalEntry(Base):
    """One event. ``evidence`` holds numbers, codes, masked messages and who of the staff acted: no keys, no buyers."""

    __tablename__ = "journal"
    __table_args__ = (
        Index("journal_by_order", "order_no", "id"),
        Index("journal_by_attempt", "attempt_no", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    order_no: Mapped[str] = mapped_column(String(20), default="")
    attempt_no: Mapped[str] = mapped_column(String(30), default="")
    event: Mapped[str] = mapped_column(String(30))
    source: Mapped[str] = mapped_column(String(10), default="")
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
