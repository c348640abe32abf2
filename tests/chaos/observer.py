"""Looks on while a campaign runs: what must hold at any moment is asked again and again, not only in the end."""

from __future__ import annotations

import time
from contextlib import suppress
from threading import Event

import requests

from tests.chaos import oracle
from tests.chaos.buyer import Refusal
from tests.chaos.memory import Mark
from tests.chaos.report import Report
from tests.chaos.shop import CommandFailed
from tests.chaos.stage import Stage

SHARE = 0.1
"""Of the time, at most: whoever looks on must not slow the run down."""
LEAST_PAUSE = 1.0


class Observer:
    """Holds the invariants without [Q] against what is there just now."""

    def __init__(self, stage: Stage, report: Report, mark: Mark) -> None:
        self._stage, self._report, self._mark = stage, report, mark
        self.looks = 0

    def work(self, over: Event) -> None:
        """Look again and again."""
        pause = LEAST_PAUSE
        while not over.wait(pause):
            began = time.monotonic()
            with suppress(requests.RequestException, CommandFailed, Refusal):  # it is being killed: look again later
                self._look()
            pause = max(LEAST_PAUSE, (time.monotonic() - began) * (1 / SHARE - 1))

    def _look(self) -> None:
        evidence = self._stage.evidence(self._mark)
        for breach in oracle.breaches(evidence, is_quiet=False):
            self._report.violation(breach.invariant, breach.text, self._stage.book.step_of(breach.order_no))
        self.looks += 1
