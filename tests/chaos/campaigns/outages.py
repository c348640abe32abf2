"""What the shop stands on gives way for a while: its database is locked, cut off or full, its workers stand still.

Each time at the worst moment: a confirm, a cancel and a cash receipt have taken effect at the gateway, and the answers
are held until the shop cannot write them down. Meanwhile other people want to buy. A page may say 503 then, with a
sentence about later; nothing else may be wrong, and afterwards everything is known.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import requests

from tests.chaos import storage
from tests.chaos.barriers import CALLS, calling, come_back, hold, release
from tests.chaos.drain import drain
from tests.chaos.report import Figure, Report
from tests.chaos.schedule import Plan, Step
from tests.chaos.shop import Shop
from tests.chaos.shoppers import shopping
from tests.chaos.stage import Stage

FIGURE = Figure(
    "outages",
    quick=12,
    full=120,
    unit="outages",
    holds=("I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I10", "I14", "I15", "I16", "I20"),
    needs=("clock",),
)
SHORT, LONG = (1, 2, 6), (1, 3, 7, 15, 30)
"""Seconds that an outage lasts; a shop gives up waiting for its database somewhere in between."""
STANDSTILL = 5
"""More would not be a standstill: the server replaces a worker that does not move for half a minute."""
SHOPPERS = 2


def run(stage: Stage, plan: Plan, report: Report) -> None:
    """Every kind as often as the others, one outage after the other."""
    mark, kinds = stage.mark(), tuple(KINDS[stage.engine])
    for number in range(plan.count):
        kind = kinds[number % len(kinds)]
        seconds = plan.dice(f"seconds {number}").choice(LONG if plan.is_full else SHORT)
        step = plan.step(kind=kind, seconds=min(seconds, STANDSTILL) if kind == "frozen" else seconds)
        _strike(stage, step)
        report.trial(kind)
    report.measure("pages that said later (503)", stage.watch.answers[requests.codes.unavailable])
    drain(stage, report, mark)


def _strike(stage: Stage, step: Step) -> None:
    """The answers leave the gateway when the outage has begun."""
    outage = KINDS[stage.engine][str(step.what["kind"])]
    held = [hold(stage, step, call, "after") for call in CALLS]
    with stage.watch.expecting("outage"), calling(stage, held), shopping(stage, step, SHOPPERS), outage(stage.shop):
        release(stage, held)
        time.sleep(float(str(step.what["seconds"])))
    stage.shop.wait_until_healthy()
    stage.watch.search(stage.shop.new_log(), "log of shop")  # that it says at length what is wrong is right
    for one in held:
        come_back(one)


@contextmanager
def _frozen(shop: Shop) -> Iterator[None]:
    pids = shop.workers()
    for pid in pids:
        shop.freeze(pid)
    try:
        yield
    finally:
        for pid in pids:
            shop.thaw(pid)


Outage = Callable[[Shop], AbstractContextManager[None]]
KINDS: dict[str, dict[str, Outage]] = {
    "sqlite": {
        "locked": lambda shop: storage.locked(shop.database_url),
        "no space": lambda shop: storage.no_space(shop.workers()),
        "frozen": _frozen,
    },
    "postgresql": {
        "locked": lambda shop: storage.locked(shop.database_url),
        "cut off": lambda shop: storage.cut_off(shop.database_url),
        "frozen": _frozen,
    },
}
"""What can happen to a shop on each engine."""
