"""Conservation of money, day by day: what came in less what went back is what orders have and what the desk holds.

Both sides of a payment count on its trade date, so a day stays right however late something goes back.
Money that an answer has made doubtful counts once several have named it alike; until then it is an attempt on the desk.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, or_, select

from shop.db import db
from shop.models import Attempt, Refund
from shop.services.settlement_sheet import MOVED
from shop.states import AttemptState, RefundState

Sums = dict[tuple[date | None, bool], int]
"""Won by trade date and by whether an order has it."""


@dataclass(frozen=True)
class DayLine:
    """One trade date, in won. ``desk`` is money that no order takes and that has not gone back yet."""

    day: date
    payments: int
    paid: int
    refunded: int
    desk: int

    @property
    def net(self) -> int:
        """What the day has left."""
        return self.paid - self.refunded

    @property
    def of_orders(self) -> int:
        """The part of it that belongs to orders."""
        return self.net - self.desk


def of_days(first: date, last: date) -> Sequence[DayLine]:
    """The days that moved money, in order."""
    came, went = _came(first, last), _went(first, last)
    days = sorted({day for day, _placed in came if day is not None})
    return [_line(day, came, went) for day in days]


def _line(day: date, came: dict[tuple[date | None, bool], tuple[int, int]], went: Sums) -> DayLine:
    (placed, paid), (loose, stray) = came[day, True], came[day, False]
    return DayLine(day, placed + loose, paid + stray, went[day, True] + went[day, False], stray - went[day, False])


def _came(first: date, last: date) -> dict[tuple[date | None, bool], tuple[int, int]]:
    """How many payments and how much, by day and by whether an order has it."""
    owed = select(Refund.amount).where(Refund.attempt_id == Attempt.id, Refund.requested_by == "")
    known = or_(Attempt.state == AttemptState.PAID, owed.exists())
    amount = func.coalesce(Attempt.charged_amount, owed.order_by(Refund.id).limit(1).scalar_subquery(), Attempt.amount)
    query = select(Attempt.trade_date, Attempt.state, func.count(), func.sum(amount)).where(
        Attempt.state.in_(MOVED), known, Attempt.trade_date.between(first, last)
    )
    sums: dict[tuple[date | None, bool], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for day, state, count, won in db.session.execute(query.group_by(Attempt.trade_date, Attempt.state)):
        payments, before = sums[day, state is AttemptState.PAID]
        sums[day, state is AttemptState.PAID] = (payments + count, before + int(won))
    return sums


def _went(first: date, last: date) -> Sums:
    """Won that went back, likewise."""
    query = select(Attempt.trade_date, Attempt.state, func.sum(Refund.amount)).join(Refund.attempt)
    query = query.where(Refund.state == RefundState.DONE, Attempt.trade_date.between(first, last))
    sums: Sums = defaultdict(int)
    for day, state, won in db.session.execute(query.group_by(Attempt.trade_date, Attempt.state)):
        sums[day, state is AttemptState.PAID] += int(won)
    return sums
