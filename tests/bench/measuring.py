"""Pairs of measurements, taken by turns in one run: what disturbs the machine disturbs both sides alike.

A busy machine still disturbs times. The CPU time of a server is steady, so a ratio of CPU stands beside each.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

ROUNDS = 15
PER_ROUND = 6
LEAST_ROUNDS = 5
SECONDS = 4.0
"""Per row, so that the whole run stays bounded on a slow machine too."""


@dataclass(frozen=True)
class Row:
    """One figure: the median and the range of the middle half. ``cpu`` is the ratio of the CPU per request."""

    name: str
    against: str
    wanted: str
    median: float
    low: float
    high: float
    unit: str = "x"
    cpu: float | None = None


@dataclass(frozen=True)
class Sample:
    """``value`` is a time or a rate, ``cpu`` the seconds of the server's workers per request."""

    value: float
    cpu: float


Measure = Callable[[], Sample]


def row_of(name: str, against: str, wanted: str, values: Sequence[float], unit: str = "x") -> Row:
    low, median, high = statistics.quantiles(values, n=4) if len(values) > 1 else [*values] * 3
    return Row(name, against, wanted, median, low, high, unit)


def ratio(name: str, measure: Measure, against: str, reference: Measure, wanted: str) -> Row:
    """Measure both by turns; the first of each is left out."""
    measure()
    reference()
    pairs: list[tuple[Sample, Sample]] = []
    deadline = time.monotonic() + SECONDS
    while len(pairs) < LEAST_ROUNDS or (len(pairs) < ROUNDS and time.monotonic() < deadline):
        pairs.append((measure(), reference()))
    low, median, high = statistics.quantiles([ours.value / theirs.value for ours, theirs in pairs], n=4)
    cpu = statistics.median(ours.cpu / theirs.cpu for ours, theirs in pairs) if pairs[0][0].cpu else None
    return Row(name, against, wanted, median, low, high, cpu=cpu)


def time_of(act: Callable[[], object], cpu: Callable[[], float]) -> Measure:
    """The median time of a few calls: one that was interrupted does not count."""

    def measure() -> Sample:
        times, before = [], cpu()
        for _call in range(PER_ROUND):
            started = time.perf_counter()
            act()
            times.append(time.perf_counter() - started)
        return Sample(statistics.median(times), (cpu() - before) / PER_ROUND)

    return measure
