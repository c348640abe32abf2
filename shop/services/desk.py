"""The desk: everything that a person must look at. Empty means that all money and all receipts are accounted for."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Literal, TypeVar

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.base import ExecutableOption

from shop.db import db, transaction
from shop.errors import NotFound
from shop.models import Acknowledgement, Attempt, CashReceipt, JournalEntry, Order, Refund
from shop.rules.states import AttemptState, CashReceiptState, OrderState, RefundState, Source
from shop.services import journal, leases, sweep

PATIENCE = timedelta(minutes=10)
"""How long a question of ours may stay open before a person should know."""
REFUSED_SHOWN = timedelta(days=7)
"""How long a refusal stays on the desk, unless a later refund of the same payment has followed."""
LISTS = ("attempts", "refunds", "receipts")
MOST_ROWS = 100
"""Of each kind on one page; the oldest first, so that none is forgotten."""
MOST_EVIDENCE = 4
"""Of the last answers and claims about an attempt."""
EVIDENCE = ("confirm", "inquire", "refund", "issue_cash_receipt", "cancel_cash_receipt", "result", "webhook")
"""What the journal calls the exchanges with the gateway, and what others have claimed."""
Kind = Literal["attempt", "refund", "cash-receipt"]
Row = TypeVar("Row", Attempt, Refund, CashReceipt)
_UNANSWERED = (AttemptState.CONFIRMING, AttemptState.UNKNOWN)


@dataclass(frozen=True)
class Desk:
    """What is open, oldest first. ``evidence`` holds the last answers and claims by attempt number.

    ``rest`` says behind which rows the next page begins, by kind; empty where this is the last one.
    """

    attempts: Sequence[Attempt]
    refunds: Sequence[Refund]
    receipts: Sequence[CashReceipt]
    evidence: Mapping[str, Sequence[JournalEntry]]
    rest: Mapping[str, int]

    @property
    def is_empty(self) -> bool:
        """Nothing to do."""
        return not (self.attempts or self.refunds or self.receipts)


def load(now: datetime, after: Mapping[str, int] | None = None) -> Desk:
    """Read what is open, behind the rows that ``after`` names by kind; all of it takes as many pages as `rest` says."""
    after = after or {}
    both = (joinedload(CashReceipt.order), joinedload(CashReceipt.attempt))
    attempts = _open(Attempt, _open_attempt(now), joinedload(Attempt.order), after=after.get("attempts", 0))
    owed = (joinedload(Refund.order), joinedload(Refund.attempt))
    refunds = _open(Refund, _open_refund(now), *owed, after=after.get("refunds", 0))
    receipts = _open(CashReceipt, _open_receipt(now), *both, after=after.get("receipts", 0))
    others: list[Refund | CashReceipt] = [*refunds.rows, *receipts.rows]
    return Desk(
        attempts.rows,
        refunds.rows,
        receipts.rows,
        _evidence({attempt.attempt_no for attempt in (*attempts.rows, *(row.attempt for row in others))}),
        _rest([attempts.end, refunds.end, receipts.end]),
    )


@dataclass(frozen=True)
class _End:
    """Where one page of a kind ends, and whether there is more behind it."""

    row: int
    more: bool


@dataclass(frozen=True)
class _Some(Generic[Row]):
    rows: Sequence[Row]
    end: _End


def _open(kind: type[Row], which: ColumnElement[bool], *options: ExecutableOption, after: int) -> _Some[Row]:
    query = select(kind).options(*options).where(which, kind.id > after).order_by(kind.id).limit(MOST_ROWS + 1)
    found = db.session.scalars(query).all()
    rows = found[:MOST_ROWS]
    return _Some(rows, _End(rows[-1].id if rows else after, len(found) > MOST_ROWS))


def _rest(ends: Sequence[_End]) -> Mapping[str, int]:
    """Behind which rows the next page begins; every kind goes on where it ended, so that none is shown twice."""
    if not any(end.more for end in ends):
        return {}
    return {name: end.row for name, end in zip(LISTS, ends, strict=True) if end.row}


def count(now: datetime) -> int:
    """How many things are open."""
    open_rows = (
        (Attempt, _open_attempt(now)),
        (Refund, _open_refund(now)),
        (CashReceipt, _open_receipt(now)),
    )
    return sum(
        db.session.scalar(select(func.count()).select_from(table).where(is_open)) or 0 for table, is_open in open_rows
    )


def silent_since(now: datetime) -> datetime | None:
    """Since when no sweep has run to its end, if that is too long ago; a shop without attempts needs none."""
    seen = leases.last_finished(sweep.NAME) or db.session.scalar(select(func.min(Attempt.started_at)))
    return seen if seen is not None and seen < now - PATIENCE else None


def acknowledge(kind: Kind, row_id: int, *, by: str, now: datetime) -> None:
    """A person has looked at it and wants to see it no more; once is enough. No state of money changes.

    :raises NotFound: no such row is waiting for that
    """
    row = _row(kind, row_id)
    if row is None or not _can_be_put_away(row):
        raise NotFound
    number = (row if isinstance(row, Attempt) else row.attempt).attempt_no
    order, evidence = row.order, {"by": by, "kind": kind, "amount": row.amount}
    try:
        with transaction():
            db.session.add(Acknowledgement(kind=kind, row_id=row_id, by=by, at=now))
            journal.note("acknowledged", at=now, order=order, attempt_no=number, source=Source.STAFF, evidence=evidence)
    except IntegrityError:
        return  # somebody else has looked at it too


def _row(kind: Kind, row_id: int) -> Attempt | Refund | CashReceipt | None:
    if kind == "attempt":
        return db.session.get(Attempt, row_id)
    return db.session.get(Refund, row_id) if kind == "refund" else db.session.get(CashReceipt, row_id)


def _can_be_put_away(row: Attempt | Refund | CashReceipt) -> bool:
    """Whether looking at it is all there is to do: a refusal."""
    if isinstance(row, Attempt):
        return False
    return row.state in (RefundState.REFUSED, CashReceiptState.FAILED)


def _evidence(numbers: Iterable[str]) -> Mapping[str, Sequence[JournalEntry]]:
    """The last few answers and claims of each attempt, in time order."""
    rank = func.row_number().over(partition_by=JournalEntry.attempt_no, order_by=JournalEntry.id.desc())
    told = (JournalEntry.attempt_no.in_(list(numbers)), JournalEntry.event.in_(EVIDENCE))
    ranked = select(JournalEntry.id, rank.label("rank")).where(*told).subquery()
    last = select(ranked.c.id).where(ranked.c.rank <= MOST_EVIDENCE)
    found: dict[str, list[JournalEntry]] = defaultdict(list)
    for entry in db.session.scalars(select(JournalEntry).where(JournalEntry.id.in_(last)).order_by(JournalEntry.id)):
        found[entry.attempt_no].append(entry)
    return found


def _unseen(kind: Kind, row_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether nobody has acknowledged it."""
    return ~exists().where(Acknowledgement.kind == kind, Acknowledgement.row_id == row_id)


def _open_attempt(now: datetime) -> ColumnElement[bool]:
    """Answers that fit no order until somebody has looked, and questions without an answer for long.

    Money that goes back by itself is a refund's row, and stands here only if that stops.
    """
    late = and_(Attempt.state.in_(_UNANSWERED), Attempt.started_at < now - PATIENCE)
    return or_(Attempt.state == AttemptState.ATTENTION, late)


def _open_refund(now: datetime) -> ColumnElement[bool]:
    """Answers that are missing, work that has stopped, and refusals nobody has followed up yet."""
    waiting = Refund.state.in_((RefundState.RESERVED, RefundState.SUBMITTED))
    later = Refund.__table__.alias("later")
    followed = exists().where(later.c.attempt_id == Refund.attempt_id, later.c.id > Refund.id)
    recent = or_(Refund.requested_by == "", Refund.settled_at > now - REFUSED_SHOWN)
    return or_(
        Refund.state == RefundState.UNKNOWN,
        and_(waiting, Refund.reserved_at < now - PATIENCE),
        and_(Refund.state == RefundState.REFUSED, recent, ~followed, _unseen("refund", Refund.__table__.c.id)),
    )


def _open_receipt(now: datetime) -> ColumnElement[bool]:
    """What is owed to the tax office, and what it refused while the money is still ours."""
    later = CashReceipt.__table__.alias("later")
    followed = exists().where(later.c.attempt_id == CashReceipt.attempt_id, later.c.id > CashReceipt.id)
    kept = (OrderState.PAID, OrderState.PARTIALLY_REFUNDED)
    matters = exists().where(Order.id == CashReceipt.order_id, Order.state.in_(kept))
    waiting = and_(CashReceipt.state == CashReceiptState.REQUESTED, CashReceipt.created_at < now - PATIENCE)
    unseen = _unseen("cash-receipt", CashReceipt.__table__.c.id)
    failed = and_(CashReceipt.state == CashReceiptState.FAILED, ~followed, matters, unseen)
    return or_(CashReceipt.state == CashReceiptState.CANCEL_DUE, waiting, failed)
