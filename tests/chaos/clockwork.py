"""The shop's clock, moved from outside: libfaketime under the shop's processes, one file that says how far.

Only the time of day moves. The monotonic clock, by which servers and calls measure how long something takes, stays.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

LIBRARIES = (
    "/usr/lib/*/faketime/libfaketimeMT.so.1",
    "/usr/local/lib/faketime/libfaketimeMT.so.1",
    "/usr/lib*/faketime/libfaketimeMT.so.1",
)
INSTALL = "apt-get install -y faketime"
# libfaketime 0.9.10, as in Debian 12, breaks a sleep until a monotonic moment, which is how Python sleeps since 3.11.
SLEEP = """import select
import time


def sleep(seconds):
    select.select([], [], [], seconds)


time.sleep = sleep
"""


def find_library() -> Path | None:
    """libfaketime for programs with threads, if it is installed."""
    for pattern in LIBRARIES:
        found = sorted(Path("/").glob(pattern.removeprefix("/")))
        if found:
            return found[0]
    return None


class Clockwork:
    """One clock for all shops of a stage."""

    def __init__(self, folder: Path) -> None:
        self.library = find_library()
        self.offset = 0.0
        self._file = folder / "clock"
        self._patch = folder / "python"
        self._patch.mkdir(parents=True)
        (self._patch / "sitecustomize.py").write_text(SLEEP)
        self._write()

    def environment(self) -> dict[str, str]:
        """What a process needs to live in our time."""
        if self.library is None:
            return {}
        return {
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # else a thread that waits for its turn wakes up all the time
            "NO_FAKE_STAT": "1",
            "PYTHONPATH": str(self._patch),
        }

    def now(self) -> datetime:
        """The shop's time."""
        return datetime.now(UTC) + timedelta(seconds=self.offset)

    def advance(self, seconds: float) -> None:
        """Move forward; every process sees it at its next look at the clock."""
        self.offset += seconds
        self._write()

    def _write(self) -> None:
        """In one stroke: a process must never read half a number."""
        draft = self._file.with_suffix(".new")
        draft.write_text(f"+{self.offset:.3f}\n")
        draft.replace(self._file)
