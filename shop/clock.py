"""Time: aware UTC inside, Korea time at the border (pages, order numbers, the gateway's trade date)."""

import time
from datetime import UTC, date, datetime, timedelta, timezone

KOREA = timezone(timedelta(hours=9), "KST")
"""Korea has had no daylight saving time since 1988: a fixed offset needs no time-zone database."""


def now() -> datetime:
    """The present moment, aware, in UTC. Services take it as an argument so that tests can choose it."""
    return datetime.now(UTC)


def korea_time(moment: datetime) -> datetime:
    """The same moment on a Korean clock."""
    return moment.astimezone(KOREA)


def korea_date(moment: datetime) -> date:
    """The calendar day in Korea: what the gateway calls the trade date."""
    return korea_time(moment).date()


class Watch:
    """Tells what time it is some while after a given moment: answers come later than the questions they belong to."""

    def __init__(self, started: datetime) -> None:
        self._started = started
        self._ticks = time.monotonic()

    def now(self) -> datetime:
        """The moment it was started with, plus what has passed since."""
        return self._started + timedelta(seconds=time.monotonic() - self._ticks)
