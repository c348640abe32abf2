"""What a person must decide, oldest first."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Literal

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import joinedload

from shop import clock
from shop.db import db
from shop.models import Attempt, CashReceipt, JournalEntry, PaymentLink, Refund, Subscription
from shop.rules.states import AttemptState, CashReceiptState, RefundState

PATIENCE = timedelta(minutes=10)
"""How long a call of ours may stay without an answer before it is shown."""
MOST_EVIDENCE = 4
"""Journal rows per payment."""
EVIDENCE = ("confirm", "charge", "inquire", "refund", "issue_cash_receipt", "cancel_cash_receipt", "result", "webhook")
"""Journal events: calls to the gateway, and what browsers and webhooks say."""
Kind = Literal["attempt", "refund", "cash-receipt", "link"]
Subject = Attempt | Refund | CashReceipt | PaymentLink


@dataclass(frozen=True)
class DeskRow:
    """One thing to decide. ``amount`` is the money in doubt, in won. A link has no attempt."""

    kind: Kind
    since: datetime
    amount: int
    subject: Subject
    attempt_no: str


@dataclass(frozen=True)
class Desk:
    rows: Sequence[DeskRow]
    evidence: Mapping[str, Sequence[JournalEntry]]

    @property
    def total(self) -> int:
        return sum(row.amount for row in self.rows)


def load() -> Desk:
    queries = (select(table).options(joinedload(table.order)).where(is_open) for table, is_open in _open())
    found: Iterable[Subject] = chain.from_iterable(db.session.scalars(query) for query in queries)
    rows = sorted(map(_desk_row, found), key=lambda row: row.since)
    return Desk(rows, _evidence({row.attempt_no for row in rows if row.attempt_no}))


def count() -> int:
    counts = (select(func.count()).select_from(table).where(is_open) for table, is_open in _open())
    return sum(db.session.scalar(query) or 0 for query in counts)


def overdue_since() -> datetime | None:
    """Return when the oldest work of the sweep was due, if that is ten minutes ago or more."""
    columns = (Attempt.next_check_at, Refund.next_try_at, Subscription.next_charge_at)
    oldest = [db.session.scalar(select(func.min(column))) for column in columns]
    due = min(filter(None, oldest), default=None)
    return due if due is not None and due < clock.now() - PATIENCE else None


def _desk_row(row: Subject) -> DeskRow:
    match row:
        case Attempt():
            return DeskRow("attempt", row.started_at, row.charged_amount or row.amount, row, row.attempt_no)
        case Refund():
            return DeskRow("refund", row.reserved_at, row.amount, row, row.attempt.attempt_no)
        case CashReceipt():
            return DeskRow("cash-receipt", row.created_at, 0, row, row.attempt.attempt_no)
        case PaymentLink():
            return DeskRow("link", row.ends_at, row.order.amount, row, "")


def _evidence(numbers: Iterable[str]) -> Mapping[str, Sequence[JournalEntry]]:
    rank = func.row_number().over(partition_by=JournalEntry.attempt_no, order_by=JournalEntry.id.desc())
    is_evidence = (JournalEntry.attempt_no.in_(list(numbers)), JournalEntry.event.in_(EVIDENCE))
    ranked = select(JournalEntry.id, rank.label("rank")).where(*is_evidence).subquery()
    last = select(ranked.c.id).where(ranked.c.rank <= MOST_EVIDENCE)
    found: dict[str, list[JournalEntry]] = defaultdict(list)
    for entry in db.session.scalars(select(JournalEntry).where(JournalEntry.id.in_(last)).order_by(JournalEntry.id)):
        found[entry.attempt_no].append(entry)
    return found


def _open() -> tuple[tuple[type[Subject], ColumnElement[bool]], ...]:
    now = clock.now()
    is_unanswered = Attempt.state.in_((AttemptState.CONFIRMING, AttemptState.UNKNOWN))
    is_silent = and_(is_unanswered, func.coalesce(Attempt.confirming_at, Attempt.started_at) < now - PATIENCE)
    is_late = or_(CashReceipt.is_reissue, CashReceipt.created_at < now - PATIENCE)
    is_requested = and_(CashReceipt.state == CashReceiptState.REQUESTED, is_late)
    return (
        (Attempt, or_(Attempt.state == AttemptState.ATTENTION, is_silent)),
        (Refund, _open_refund(now)),
        (CashReceipt, or_(CashReceipt.state == CashReceiptState.CANCEL_DUE, is_requested)),
        (PaymentLink, and_(PaymentLink.resolved_at.is_(None), PaymentLink.ends_at < now)),
    )


def _open_refund(now: datetime) -> ColumnElement[bool]:
    """A refusal to a person has moved nothing: there is nothing to decide."""
    later = Refund.__table__.alias("later")
    followed = exists().where(later.c.attempt_id == Refund.attempt_id, later.c.id > Refund.id)
    is_waiting = Refund.state.in_((RefundState.RESERVED, RefundState.SUBMITTED))
    is_of_the_shop = and_(Refund.requested_by == "", Refund.returned_elsewhere_by == "")
    return or_(
        Refund.state == RefundState.UNKNOWN,
        and_(is_waiting, Refund.reserved_at < now - PATIENCE),
        and_(Refund.state == RefundState.REFUSED, is_of_the_shop, ~followed),
    )
