"""The daily settlement sheet (정산표): what one trade date has moved, to hold against the gateway's own.

An approval belongs to the Korean day that the gateway named, a refund to the Korean day on which the shop sent it:
at midnight the gateway may file it under the next one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from shop import clock
from shop.db import db
from shop.models import Attempt, Refund
from shop.payple import Method
from shop.states import AttemptState, RefundState

MOVED = (AttemptState.PAID, AttemptState.ORPHANED, AttemptState.ATTENTION)
"""States of an attempt for which the gateway took money, whether or not an order could take it."""


@dataclass(frozen=True)
class SheetLine:
    """One movement of money. ``amount`` in won, negative for a refund."""

    at: datetime
    order_no: str
    attempt_no: str
    method: Method
    amount: int
    belongs: bool

    @property
    def is_refund(self) -> bool:
        """Whether money went back."""
        return self.amount < 0


@dataclass(frozen=True)
class Sums:
    """Counts and won of one method, or of all."""

    approvals: int
    approved: int
    refunds: int
    refunded: int

    @property
    def net(self) -> int:
        """What the day leaves, in won."""
        return self.approved - self.refunded


@dataclass(frozen=True)
class Sheet:
    """One day: its lines in time order, its sums per method and in all."""

    day: date
    lines: Sequence[SheetLine]
    by_method: dict[Method, Sums]
    total: Sums


def of_day(day: date) -> Sheet:
    """Read one day."""
    lines = sorted([*_approvals(day), *_refunds(day)], key=lambda line: line.at)
    by_method = {method: _sums(line for line in lines if line.method is method) for method in Method}
    return Sheet(day, lines, by_method, _sums(lines))


def _sums(lines: Iterable[SheetLine]) -> Sums:
    amounts = [line.amount for line in lines]
    came, went = [won for won in amounts if won >= 0], [-won for won in amounts if won < 0]
    return Sums(len(came), sum(came), len(went), sum(went))


def _approvals(day: date) -> list[SheetLine]:
    query = select(Attempt).options(joinedload(Attempt.order))
    found = db.session.scalars(query.where(Attempt.trade_date == day, Attempt.state.in_(MOVED)))
    return [_line(attempt, attempt.paid_at, charged_by(attempt)) for attempt in found if is_charged(attempt)]


def _refunds(day: date) -> list[SheetLine]:
    begins = datetime.combine(day, time(), clock.KOREA)
    on_day = (Refund.settled_at >= begins, Refund.settled_at < begins + timedelta(days=1))
    query = select(Refund).options(joinedload(Refund.attempt).joinedload(Attempt.order))
    found = db.session.scalars(query.where(Refund.state == RefundState.DONE, *on_day))
    return [_line(refund.attempt, refund.settled_at, -refund.amount) for refund in found]


def is_charged(attempt: Attempt) -> bool:
    """Whether the gateway took money under this number. An answer that named another one is that one's money."""
    return attempt.state is AttemptState.PAID or any(refund.is_orphan for refund in attempt.refunds)


def charged_by(attempt: Attempt) -> int:
    """What the gateway took: where it was not what we asked for, the return in full knows the sum."""
    if attempt.charged_amount is not None:
        return attempt.charged_amount
    owed = (refund.amount for refund in attempt.refunds if refund.is_orphan)
    return next(owed, attempt.amount)


def _line(attempt: Attempt, at: datetime | None, amount: int) -> SheetLine:
    return SheetLine(
        at=at or attempt.started_at,
        order_no=attempt.order.order_no,
        attempt_no=attempt.attempt_no,
        method=attempt.method,
        amount=amount,
        belongs=attempt.state is AttemptState.PAID,
    )
