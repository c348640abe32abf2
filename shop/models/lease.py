"""Who may do a job that only one may do at a time, on whichever machine it runs."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Base, UtcDateTime


class Lease(Base):
    """One row per job. Nobody has to give it back: it ends when ``until`` has passed.

    ``finished_at`` is when the job was last done to its end.
    """

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(80))
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
