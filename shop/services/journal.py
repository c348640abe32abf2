"""Adds rows to the journal, without personal data. Nothing changes or removes them."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from shop import clock
from shop.db import db, transaction
from shop.models import CashReceipt, JournalEntry, Order, Refund
from shop.payple import Exchange
from shop.rules.states import Source

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Actor:
    """Who makes something happen. ``by`` is the name of a member of staff."""

    source: Source
    by: str = ""


SHOP = Actor(Source.SHOP)


def note(
    event: str,
    *,
    order: Order,
    actor: Actor,
    attempt_no: str = "",
    evidence: Mapping[str, object] | None = None,
) -> None:
    kept = dict(evidence or {}) | ({"by": actor.by} if actor.by else {})
    entry = JournalEntry(
        at=clock.now(),
        order_no=order.order_no,
        attempt_no=attempt_no,
        event=event,
        source=actor.source.value,
        evidence=kept,
    )
    db.session.add(entry)


def note_row(row: Refund | CashReceipt, event: str, actor: Actor) -> None:
    """Add an event of a refund or a cash receipt whose state stays."""
    evidence = {"amount": row.amount, "code": row.result_code}
    note(event, order=row.order, actor=actor, attempt_no=row.attempt.attempt_no, evidence=evidence)


def note_staff(event: str, *, by: str, evidence: Mapping[str, object] | None = None) -> None:
    """Add what a member of staff did that concerns no order."""
    kept = {"by": by} | dict(evidence or {})
    db.session.add(JournalEntry(at=clock.now(), event=event, source=Source.STAFF.value, evidence=kept))


def count(event: str, attempt_no: str) -> int:
    those = (JournalEntry.attempt_no == attempt_no, JournalEntry.event == event)
    return db.session.scalar(select(func.count()).select_from(JournalEntry).where(*those)) or 0


def keep_exchange(exchange: Exchange) -> None:
    """Add a masked call to the gateway. An error of the database is only logged."""
    evidence = {
        "url": exchange.path,
        "outcome": exchange.outcome,
        "seconds": round(exchange.seconds, 3),
        "request": exchange.request,
        "response": exchange.response,
    }
    at = clock.now() - timedelta(seconds=exchange.seconds)
    entry = JournalEntry(at=at, attempt_no=exchange.attempt_no, event=exchange.operation, evidence=evidence)
    try:
        with transaction():
            db.session.add(entry)
    except SQLAlchemyError:
        log.exception("a call to the gateway could not be kept: %s", exchange.operation)
