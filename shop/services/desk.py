"""The desk: everything that a person must look at. Empty means that all money and all receipts are accounted for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import joinedload

from shop.db import db
from shop.models import Attempt, CashReceipt, Order, Refund
from shop.states import AttemptState, CashReceiptState, OrderState, RefundState

PATIENCE = timedelta(minutes=10)
"""How long a question of ours may stay open before a person should know."""
REFUSED_SHOWN = timedelta(days=7)
"""How long a refusal stays on the desk, unless a later refund of the same payment has followed."""
MOST_ROWS = 100
"""Of each kind; the oldest first, so that none is forgotten."""
_UNANSWERED = (AttemptState.CONFIRMING, AttemptState.UNKNOWN)


@dataclass(frozen=True)
class Desk:
    """What is open, oldest first."""

    attempts: Sequence[Attempt]
    refunds: Sequence[Refund]
    receipts: Sequence[CashReceipt]

    @property
    def is_empty(self) -> bool:
        """Nothing to do."""
        return not (self.attempts or self.refunds or self.receipts)


def load(now: datetime) -> Desk:
    """Read everything that is open."""
    attempts = select(Attempt).options(joinedload(Attempt.order)).where(_open_attempt(now)).order_by(Attempt.id)
    refunds = select(Refund).options(joinedload(Refund.order)).where(_open_refund(now)).order_by(Refund.id)
    receipts = select(CashReceipt).options(joinedload(CashReceipt.order)).where(_open_receipt(now))
    return Desk(
        db.session.scalars(attempts.limit(MOST_ROWS)).all(),
        db.session.scalars(refunds.limit(MOST_ROWS)).all(),
        db.session.scalars(receipts.order_by(CashReceipt.id).limit(MOST_ROWS)).all(),
    )


def count(now: datetime) -> int:
    """How many things are open."""
    open_rows = ((Attempt, _open_attempt(now)), (Refund, _open_refund(now)), (CashReceipt, _open_receipt(now)))
    return sum(
        db.session.scalar(select(func.count()).select_from(table).where(is_open)) or 0 for table, is_open in open_rows
    )


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
        and_(Refund.state == RefundState.REFUSED, recent, ~followed),
    )


def _open_receipt(now: datetime) -> ColumnElement[bool]:
    """What is owed to the tax office, and what it refused while the money is still ours."""
    later = CashReceipt.__table__.alias("later")
    followed = exists().where(later.c.attempt_id == CashReceipt.attempt_id, later.c.id > CashReceipt.id)
    kept = (OrderState.PAID, OrderState.PARTIALLY_REFUNDED)
    matters = exists().where(Order.id == CashReceipt.order_id, Order.state.in_(kept))
    waiting = and_(CashReceipt.state == CashReceiptState.REQUESTED, CashReceipt.created_at < now - PATIENCE)
    failed = and_(CashReceipt.state == CashReceiptState.FAILED, ~followed, matters)
    return or_(CashReceipt.state == CashReceiptState.CANCEL_DUE, waiting, failed)
