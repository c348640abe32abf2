"""Keep what cannot be asked for a second time: the gateway's answers outlive a database that is busy for a moment."""

import logging
import time
from collections.abc import Callable

from shop.db import UNAVAILABLE, release

log = logging.getLogger(__name__)
PATIENCE = 10.0
"""Seconds in which a write is begun again. The buyer is waiting, and what stays unwritten is asked for later."""
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0


def keep(what: str, write: Callable[[], object]) -> bool:
    """Run a write, a transaction of its own, until it succeeds or the patience is over.

    False: it could not be kept. The row still says that our call is under way, so nothing is lost and nothing is sent
    twice: the page, the sweep or a person finds out. ``what`` names it in the log: our numbers and the outcome.
    """
    deadline, pause = time.monotonic() + PATIENCE, FIRST_PAUSE
    while True:
        try:
            write()
            return True
        except UNAVAILABLE:
            release()
            if time.monotonic() + pause > deadline:
                log.exception("not kept, because the database does not take it: %s", what)
                return False
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
