"""What came to the webhook address: kept before it is acknowledged, heard outside of the request."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Base, UtcDateTime, one_of
from shop.payple import WebhookKind


class Webhook(Base):
    """One thing that somebody said about an attempt, however often it was sent. It proves nothing.

    ``body`` is masked; ``digest`` tells what came from what came before. ``known``: the number is one of ours.
    ``next_try_at`` is when to hear it; None: it was heard at ``heard_at``, or there is nothing to hear.
    """

    __tablename__ = "webhooks"
    __table_args__ = (
        UniqueConstraint("attempt_no", "kind", "digest", name="each_webhook_once"),
        Index("webhook_by_next_try", "next_try_at"),
        Index("webhook_by_known", "known", "received_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_no: Mapped[str] = mapped_column(String(30))
    kind: Mapped[WebhookKind] = mapped_column(one_of(WebhookKind, "webhook_kind"))
    digest: Mapped[str] = mapped_column(String(64))
    known: Mapped[bool]
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deliveries: Mapped[int] = mapped_column(default=1)
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    heard_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
