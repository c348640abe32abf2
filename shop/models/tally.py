"""How often somebody has tried something lately, for all workers and machines."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Base, UtcDateTime


class Tally(Base):
    """The tries of one subject, an address, a visitor or a number, until a moment; after it the count begins anew."""

    __tablename__ = "tallies"
    __table_args__ = (Index("tally_by_end", "until"),)

    kind: Mapped[str] = mapped_column(String(30), primary_key=True)
    subject: Mapped[str] = mapped_column(String(60), primary_key=True)
    count: Mapped[int]
    until: Mapped[datetime] = mapped_column(UtcDateTime)
