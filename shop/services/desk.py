"""What a person must decide, oldest first. Empty means that every won is accounted for."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import joinedload

from shop.db import db
from shop.models import Attempt, CashReceipt, JournalEntry, PaymentLink, Refund
from shop.rules.states import AttemptState, CashReceiptState, RefundState

PATIENCE = timedelta(minutes=10)
"""How long a call of ours may stay without an answer before it is shown."""
MOST_EVIDENCE = 4
"""Journal rows per payment."""
EVIDENCE = ("confirm", "charge", "inquire", "refund", "issue_cash_receipt", "cancel_cash_receipt", "result", "webhook")
"""Journal events: calls to the gateway, and what browsers and webhooks say."""
Kind = Literal["attempt", "refund", "cash-receipt", "link"]


@dataclass(frozen=True)
class DeskRow:
    """One thing to decide. ``amount`` is the money in doubt, in won. A link has no attempt."""

    kind: Kind
    since: datetime
    amount: int
    subject: Attempt | Refund | CashReceipt | PaymentLink
    attempt_no: str


@dataclass(frozen=True)
class Desk:
    rows: Sequence[DeskRow]
    evidence: Mapping[str, Sequence[JournalEntry]]

    @property
    def total(self) -> int:
        return sum(row.amount for row in self.rows)


def load(now: datetime) -> Desk:
    rows = sorted([*_attempts(now), *_refunds(now), *_receipts(now), *_links(now)], key=lambda row: row.since)
    return Desk(rows, _evidence({row.attempt_no for row in rows if row.attempt_no}))


def count(now: datetime) -> int:
    payments = ((Attempt, _open_attempt(now)), (PaymentLink, _open_link(now)))
    tables = (*payments, (Refund, _open_refund(now)), (CashReceipt, _open_receipt(now)))
    return sum(
        db.session.scalar(select(func.count()).select_from(table).where(is_open)) or 0 for table, is_open in tables
    )


def overdue_since(now: datetime) -> datetime | None:
    """Return when the oldest check was due, if that is ten minutes ago or more."""
    due = db.session.scalar(select(func.min(Attempt.next_check_at)))
    return due if due is not None and due < now - PATIENCE else None


def _attempts(now: datetime) -> list[DeskRow]:
    query = select(Attempt).options(joinedload(Attempt.order)).where(_open_attempt(now))
    return [
        DeskRow("attempt", attempt.started_at, attempt.charged_amount or attempt.amount, attempt, attempt.attempt_no)
        for attempt in db.session.scalars(query)
    ]


def _refunds(now: datetime) -> list[DeskRow]:
    query = select(Refund).options(joinedload(Refund.order), joinedload(Refund.attempt)).where(_open_refund(now))
    return [
        DeskRow("refund", refund.reserved_at, refund.amount, refund, refund.attempt.attempt_no)
        for refund in db.session.scalars(query)
    ]


def _receipts(now: datetime) -> list[DeskRow]:
    both = (joinedload(CashReceipt.order), joinedload(CashReceipt.attempt))
    query = select(CashReceipt).options(*both).where(_open_receipt(now))
    return [
        DeskRow("cash-receipt", receipt.created_at, 0, receipt, receipt.attempt.attempt_no)
        for receipt in db.session.scalars(query)
    ]


def _links(now: datetime) -> list[DeskRow]:
    query = select(PaymentLink).options(joinedload(PaymentLink.order)).where(_open_link(now))
    return [DeskRow("link", link.ends_at, link.order.amount, link, "") for link in db.session.scalars(query)]


def _evidence(numbers: Iterable[str]) -> Mapping[str, Sequence[JournalEntry]]:
    rank = func.row_number().over(partition_by=JournalEntry.attempt_no, order_by=JournalEntry.id.desc())
    told = (JournalEntry.attempt_no.in_(list(numbers)), JournalEntry.event.in_(EVIDENCE))
    ranked = select(JournalEntry.id, rank.label("rank")).where(*told).subquery()
    last = select(ranked.c.id).where(ranked.c.rank <= MOST_EVIDENCE)
    found: dict[str, list[JournalEntry]] = defaultdict(list)
    for entry in db.session.scalars(select(JournalEntry).where(JournalEntry.id.in_(last)).order_by(JournalEntry.id)):
        found[entry.attempt_no].append(entry)
    return found


def _open_attempt(now: datetime) -> ColumnElement[bool]:
    unanswered = Attempt.state.in_((AttemptState.CONFIRMING, AttemptState.UNKNOWN))
    return or_(
        Attempt.state == AttemptState.ATTENTION,
        and_(unanswered, func.coalesce(Attempt.confirming_at, Attempt.started_at) < now - PATIENCE),
    )


def _open_refund(now: datetime) -> ColumnElement[bool]:
    """A refusal to a person has moved nothing: there is nothing to decide."""
    later = Refund.__table__.alias("later")
    followed = exists().where(later.c.attempt_id == Refund.attempt_id, later.c.id > Refund.id)
    waiting = Refund.state.in_((RefundState.RESERVED, RefundState.SUBMITTED))
    return or_(
        Refund.state == RefundState.UNKNOWN,
        and_(waiting, Refund.reserved_at < now - PATIENCE),
        and_(
            Refund.state == RefundState.REFUSED,
            Refund.requested_by == "",
            Refund.returned_elsewhere_by == "",
            ~followed,
        ),
    )


def _open_receipt(now: datetime) -> ColumnElement[bool]:
    is_late = or_(CashReceipt.is_reissue, CashReceipt.created_at < now - PATIENCE)
    requested = and_(CashReceipt.state == CashReceiptState.REQUESTED, is_late)
    return or_(CashReceipt.state == CashReceiptState.CANCEL_DUE, requested)


def _open_link(now: datetime) -> ColumnElement[bool]:
    return and_(PaymentLink.resolved_at.is_(None), PaymentLink.ends_at < now)
