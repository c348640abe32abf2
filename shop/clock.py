"""Time: aware UTC inside, Korea time at the border (pages, order numbers, the gateway's trade date)."""

from datetime import UTC, date, datetime, timedelta, timezone

KOREA = timezone(timedelta(hours=9), "KST")
"""Korea has had no daylight saving time since 1988: a fixed offset needs no time-zone database."""


def now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


def korea_time(moment: datetime) -> datetime:
    """The same moment on a Korean clock."""
    return moment.astimezone(KOREA)


def korea_date(moment: datetime) -> date:
    """The calendar day in Korea: what the gateway calls the trade date."""
    return korea_time(moment).date()
