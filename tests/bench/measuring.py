"""Pairs of measurements, taken by turns in one run: what disturbs the machine disturbs both sides alike."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 15
PER_ROUND = 6
LEAST_ROUNDS = 5
SECONDS = 8.0
"""Per pair, so that the whole run stays bounded on a slow machine too."""


@dataclass(frozen=True)
class Ratio:
    """How much dearer one thing is than another: the median of the pairs and the range of their middle half."""

    name: str
    against: str
    median: float
    low: float
    high: float
    pairs: int


def interleaved(name: str, act: Callable[[], object], against: str, yardstick: Callable[[], object]) -> Ratio:
    """Time both by turns, the first of each left out."""
    act()
    yardstick()
    ratios: list[float] = []
    deadline = time.monotonic() + SECONDS
    while len(ratios) < LEAST_ROUNDS or (len(ratios) < ROUNDS and time.monotonic() < deadline):
        ratios.append(_timed(act) / _timed(yardstick))
    return ratio_of(name, against, ratios)


def ratio_of(name: str, against: str, ratios: list[float]) -> Ratio:
    """Sum up the pairs."""
    low, median, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    return Ratio(name, against, median, low, high, len(ratios))


def _timed(act: Callable[[], object]) -> float:
    """The median of a few calls: one that was interrupted does not count."""
    times = []
    for _call in range(PER_ROUND):
        started = time.perf_counter()
        act()
        times.append(time.perf_counter() - started)
    return statistics.median(times)
