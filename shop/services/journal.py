"""Adds rows to the journal, without personal data. Nothing changes or removes them."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from shop import clock
from shop.db import db, transaction
from shop.models import Attempt, CashReceipt, JournalEntry, Order, Refund, Subscription
from shop.payple import Exchange
from shop.rules.states import Source

log = logging.getLogger(__name__)
Row = Order | Attempt | Refund | CashReceipt | Subscription
Evidence = Mapping[str, object]


@dataclass(frozen=True)
class Actor:
    """Who makes something happen. ``by`` is a member of staff."""

    source: Source
    by: str = ""


SHOP = Actor(Source.SHOP)


def requester(row: Refund | CashReceipt) -> Actor:
    return Actor(Source.STAFF, row.requested_by) if row.requested_by else SHOP


def note(row: Row | None, event: str, actor: Actor, evidence: Evidence | None = None) -> None:
    """Add an event of a row, or one that concerns no order."""
    if evidence is None and isinstance(row, Refund | CashReceipt):
        evidence = {"amount": row.amount, "code": row.result_code}
    order_no, attempt_no = _numbers(row)
    _add(
        at=clock.now(),
        order_no=order_no,
        attempt_no=attempt_no,
        event=event,
        source=actor.source.value,
        evidence=dict(evidence or {}) | ({"by": actor.by} if actor.by else {}),
    )


def _add(**columns: object) -> None:
    db.session.connection().execute(insert(JournalEntry), columns)


def _numbers(row: Row | None) -> tuple[str, str]:
    match row:
        case Order():
            return row.order_no, ""
        case Subscription():
            return row.orders[-1].order_no, ""
        case Attempt():
            return row.order.order_no, row.attempt_no
        case Refund() | CashReceipt():
            return row.order.order_no, row.attempt.attempt_no
        case None:
            return "", ""


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
    try:
        with transaction():
            _add(at=at, attempt_no=exchange.attempt_no, event=exchange.operation, evidence=evidence)
    except SQLAlchemyError:
        log.exception("a call to the gateway could not be kept: %s", exchange.operation)
