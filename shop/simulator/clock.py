"""Korea time and the ways Payple writes it."""

from datetime import datetime, timedelta, timezone

KOREA = timezone(timedelta(hours=9), "KST")


def stamp(moment: datetime | None) -> str:
    """`PCD_PAY_TIME`: yyyyMMddHHmmss in Korea, without a zone; blank for no time."""
    return moment.astimezone(KOREA).strftime("%Y%m%d%H%M%S") if moment else ""


def trade_date(moment: datetime | None) -> str:
    """`PCD_PAY_DATE`: the first eight digits of the stamp."""
    return stamp(moment)[:8]


def readable(moment: datetime | None) -> str:
    """For people: 2026-11-23 13:05:09, Korea time."""
    return moment.astimezone(KOREA).strftime("%Y-%m-%d %H:%M:%S") if moment else ""
