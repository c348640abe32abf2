"""Write the journal: one entry per event, inside the caller's transaction.

An entry about a row repeats its figures as they are then, and a change of state names the edge that was walked and its
proof.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from shop import clock
from shop.db import db, transaction
from shop.models import CashReceipt, JournalEntry, Order, Refund
from shop.payple import Exchange
from shop.rules.states import Source
from shop.services.moving import Row, Step

log = logging.getLogger(__name__)

KEPT: dict[str, tuple[str, tuple[str, ...]]] = {
    "orders": ("order_no", ("state", "amount", "released")),
    "attempts": ("attempt_no", ("state", "amount", "method", "work", "charged_amount", "trade_date")),
    "refunds": ("id", ("state", "attempt_id", "amount", "vat", "is_full", "requested_by", "decided_by")),
    "cash_receipts": ("id", ("state", "attempt_id", "amount", "reissue_amount", "number")),
}
"""What the journal repeats of each table's rows: the column that names a row, and the columns with its figures."""


@dataclass(frozen=True)
class Actor:
    """Who made something happen; ``by`` is the name of a person of the staff."""

    source: Source
    by: str = ""


ITSELF = Actor(Source.SHOP)
"""The shop, doing what it owes."""


def note(
    event: str,
    *,
    at: datetime,
    order: Order,
    source: Source,
    attempt_no: str = "",
    evidence: Mapping[str, object] | None = None,
    row: Row | None = None,
    step: Step | None = None,
) -> None:
    """Add one event to the transaction that is open, after the rows have changed.

    Whoever made it happen is ``source``, and a person of the staff is named in the evidence as ``by``. ``row`` is what
    the event is about, ``step`` the edge that it has walked. Whoever names a row holds its order; an event without one,
    such as a webhook, may be written beside others, so it does not say what the order was.
    """
    told = dict(evidence or {})
    if row is not None:
        told |= {"order": order.state.value, "row": _figures(row)}
    if step is not None:
        told["step"] = {"before": step.before, "after": step.after}
    db.session.add(
        JournalEntry(
            at=at, order_no=order.order_no, attempt_no=attempt_no, event=event, source=source.value, evidence=told
        )
    )


def note_row(row: Refund | CashReceipt, event: str, actor: Actor, step: Step | None = None) -> None:
    """Add what has happened to a refund or a cash receipt."""
    note(
        event,
        at=clock.now(),
        order=row.order,
        attempt_no=row.attempt.attempt_no,
        source=actor.source,
        evidence={"code": row.result_code, "by": actor.by},
        row=row,
        step=step,
    )


def _figures(row: Row) -> dict[str, object]:
    """A row's name, and its figures that the journal repeats, as JSON has them."""
    name, columns = KEPT[row.__tablename__]
    kept = {column: _plain(getattr(row, column)) for column in columns}
    return {"table": row.__tablename__, "key": getattr(row, name)} | kept


def _plain(value: object) -> object:
    if isinstance(value, StrEnum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


def count(event: str, attempt_no: str) -> int:
    """How often something has happened to an attempt."""
    those = (JournalEntry.attempt_no == attempt_no, JournalEntry.event == event)
    return db.session.scalar(select(func.count()).select_from(JournalEntry).where(*those)) or 0


def note_staff(event: str, *, at: datetime, by: str, evidence: Mapping[str, object] | None = None) -> None:
    """Add what a person of the staff did that concerns no single order."""
    told = {"by": by} | dict(evidence or {})
    db.session.add(JournalEntry(at=at, event=event, source=Source.STAFF.value, evidence=told))


def keep_exchange(exchange: Exchange) -> None:
    """The client's observer: keep each exchange with the gateway, already masked.

    It must never get between an answer and its settlement, so a database that refuses is only logged.
    """
    evidence = {
        "url": exchange.path,
        "outcome": exchange.outcome,
        "seconds": round(exchange.seconds, 3),
        "request": exchange.request,
        "response": exchange.response,
    }
    try:
        with transaction():
            db.session.add(
                JournalEntry(
                    at=exchange.at, attempt_no=exchange.attempt_no, event=exchange.operation, evidence=evidence
                )
            )
    except SQLAlchemyError:
        log.exception("an exchange with the gateway could not be kept: %s", exchange.operation)
