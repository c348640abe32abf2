"""Single values as they come off the wire: text, whole won, Korea time."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

KOREA: Final = timezone(timedelta(hours=9), "KST")  # no daylight saving: needs no time-zone database

_WON = re.compile(r"[0-9]{1,10}")  # N(10) in the quick guide's tables
_TIME = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})[ T]?([0-9]{2}):?([0-9]{2}):?([0-9]{2})")
_FIRST_YEAR = 2000  # anything before is a misprint
_UNSTORABLE = {"Cc", "Cs"}  # control characters and lone surrogates


def is_storable(text: str) -> bool:
    """Whether every database can keep this text: no NUL, no lone surrogate."""
    return not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in text)


def plain(text: str, limit: int = 500) -> str:
    """Text for people: one line, no control characters, at most `limit` characters."""
    kept = "".join(" " if char in "\t\r\n" else char for char in text)
    kept = "".join(char for char in kept if unicodedata.category(char) not in _UNSTORABLE)
    return kept.strip()[:limit]


def whole_won(text: str) -> int | None:
    """An amount in won, or None for anything but one to ten ASCII digits."""
    return int(text) if _WON.fullmatch(text) else None


def korea_time(text: str) -> datetime | None:
    """`20231219134223` or `2023-12-19 13:42:23` (Korea time) as an aware UTC moment; None if neither."""
    match = _TIME.fullmatch(text.strip())
    if match is None or int(match[1]) < _FIRST_YEAR:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups())
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=KOREA).astimezone(UTC)
    except ValueError:
        return None
