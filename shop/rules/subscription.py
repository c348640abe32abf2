"""The calendar of subscriptions: a month is its first day, and days are Korea's."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta

from shop import clock

CHARGE_HOUR = time(10, tzinfo=clock.KOREA)
"""Late enough for the message about the payment."""
MORE_TRIES = 3
"""After a declined charge, one on each of the following days."""


def month_of(moment: datetime) -> date:
    return clock.korea_date(moment).replace(day=1)


def month_after(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def charge_time(month: date, day: int) -> datetime:
    """Return when a month is charged: on its last day if it has no such day."""
    last = monthrange(month.year, month.month)[1]
    return _in_the_morning(month.replace(day=min(day, last)))


def next_try(now: datetime) -> datetime:
    """Return when a month that could not be charged is tried again."""
    return _in_the_morning(clock.korea_date(now) + timedelta(days=1))


def _in_the_morning(day: date) -> datetime:
    return datetime.combine(day, CHARGE_HOUR).astimezone(UTC)
