"""Time: aware UTC inside, Korea time at the border (pages, order numbers, the gateway's trade date)."""

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

KOREA = timezone(timedelta(hours=9), "KST")
"""Korea has had no daylight saving time since 1988: a fixed offset needs no time-zone database."""
_offset_file: Path | None = None


def now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC) + offset()


def offset() -> timedelta:
    """Return how far the demo has moved this clock: not at all outside simulator mode."""
    if _offset_file is None or not _offset_file.exists():
        return timedelta()
    return timedelta(seconds=int(_offset_file.read_text()))


def keep_offset_in(file: Path | None) -> None:
    """Keep the offset in a file, so that every process of this installation has the same time; None: have no offset."""
    global _offset_file  # noqa: PLW0603 - there is one clock per process
    _offset_file = file


def set_offset(seconds: int) -> None:
    """Move this clock so far from the machine's."""
    if _offset_file is None:
        raise RuntimeError("the clock moves in simulator mode only")
    draft = _offset_file.with_suffix(".new")
    draft.write_text(str(seconds))
    draft.replace(_offset_file)


def korea_time(moment: datetime) -> datetime:
    return moment.astimezone(KOREA)


def korea_date(moment: datetime) -> date:
    """The calendar day in Korea: what the gateway calls the trade date."""
    return korea_time(moment).date()


def today() -> date:
    """The present calendar day in Korea."""
    return korea_date(now())
