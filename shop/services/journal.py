"""Write the journal: one row per event, inside the caller's transaction."""

import logging
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from shop.db import db, transaction
from shop.models import JournalEntry, Order
from shop.payple import Exchange
from shop.states import Source

log = logging.getLogger(__name__)


def note(
    event: str,
    *,
    at: datetime,
    order: Order,
    attempt_no: str = "",
    source: Source | None = None,
    evidence: Mapping[str, object] | None = None,
) -> None:
    """Add one event to the transaction that is open."""
    db.session.add(
        JournalEntry(
            at=at,
            order_no=order.order_no,
            attempt_no=attempt_no,
            event=event,
            source=source.value if source else "",
            evidence=dict(evidence or {}),
        )
    )


def note_staff(event: str, *, at: datetime, by: str, evidence: Mapping[str, object] | None = None) -> None:
    """Add what a person of the staff did that concerns no single order."""
    told = {"by": by} | dict(evidence or {})
    db.session.add(JournalEntry(at=at, event=event, source=Source.STAFF.value, evidence=told))


def keep_exchange(exchange: Exchange) -> None:
    """The client's observer: keep each exchange with the gateway, already masked.

    It must never get between an answer and its settlement, so a database that refuses is only logged.
    """
    evidence = {
        "url": exchange.url,
        "outcome": exchange.outcome,
        "seconds": round(exchange.seconds, 3),
        "request": exchange.request,
        "response": exchange.response,
    }
    try:
        with transaction():
            db.session.add(
                JournalEntry(at=exchange.at, attempt_no=exchange.about, event=exchange.operation, evidence=evidence)
            )
    except SQLAlchemyError:
        log.exception("an exchange with the gateway could not be kept: %s", exchange.operation)
