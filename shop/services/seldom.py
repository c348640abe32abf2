"""Log lines about what strangers send: once a minute and sentence, however many of them come."""

import logging
import time
from collections import Counter

QUIET_SECONDS = 60.0


class Seldom:
    """Counts what it does not write. The sentences are our own, so there are few of them."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._written: dict[str, float] = {}
        self._since: Counter[str] = Counter()

    def note(self, sentence: str) -> None:
        """Write the sentence, or count it if it was written a moment ago."""
        self._since[sentence] += 1
        now = time.monotonic()
        if now - self._written.get(sentence, -QUIET_SECONDS) >= QUIET_SECONDS:
            self._written[sentence] = now
            self._log.warning("%s; times since this was last said: %d", sentence, self._since.pop(sentence))
