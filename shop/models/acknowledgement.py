"""Something on the desk that a person has looked at and wants to see no more."""

from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Base, UtcDateTime


class Acknowledgement(Base):
    """``kind`` and ``row_id`` name the row of the desk, ``by`` who looked at it. It changes no state of money."""

    __tablename__ = "acknowledgements"
    __table_args__ = (UniqueConstraint("kind", "row_id", name="acknowledged_once"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    row_id: Mapped[int]
    by: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
