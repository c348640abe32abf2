"""How long to wait after a call that brought no answer."""

from __future__ import annotations

from datetime import timedelta

MOST_UNANSWERED = 8
"""After so many tries a person decides."""
_WAITS = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 3600, 86_400))


def backoff(tries: int) -> timedelta:
    """Return the wait before the next try, after so many tries: 5 s, 30 s, 2 min, 10 min, 1 h, then a day."""
    return _WAITS[min(tries, len(_WAITS) - 1)]
