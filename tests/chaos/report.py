"""What a campaign is asked for, what it counts, and the table of a run."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock


@dataclass(frozen=True)
class Step:
    """One line of the schedule. Its dice fall the same way whenever the seed is the same."""

    campaign: str
    engine: str
    number: int
    seed: int
    what: dict[str, object]

    @property
    def dice(self) -> random.Random:
        """Fresh dice of this step, whichever thread it runs in."""
        return random.Random(f"{self.seed}:{self.campaign}:{self.engine}:{self.number}")

    def __str__(self) -> str:
        head = {"campaign": self.campaign, "engine": self.engine, "step": self.number, "seed": self.seed}
        return json.dumps(head | self.what, ensure_ascii=False, default=str)


@dataclass
class Plan:
    """What one campaign is asked for on one engine. Make all steps first: then no thread changes the schedule."""

    campaign: str
    seed: int
    engine: str
    count: int
    is_full: bool = False
    share: tuple[int, int] = (0, 1)
    scale: float = 1.0
    steps: list[Step] = field(default_factory=list)

    def dice(self, name: str = "") -> random.Random:
        return random.Random(f"{self.seed}:{self.campaign}:{self.engine}:{name}")

    def step(self, **what: object) -> Step:
        self.steps.append(Step(self.campaign, self.engine, len(self.steps) + 1, self.seed, what))
        return self.steps[-1]


@dataclass(frozen=True)
class Breach:
    """An invariant that did not hold, in a sentence, and the step of the schedule that repeats it."""

    invariant: str
    text: str
    step: str = ""


@dataclass
class Report:
    """What one campaign counts, on one engine or on all. Any thread may write."""

    name: str
    engine: str
    wanted: int
    trials: int = 0
    breaches: list[Breach] = field(default_factory=list)
    measures: dict[str, list[float]] = field(default_factory=dict)
    broken: str = ""
    seconds: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state, _lock=Lock())

    @property
    def is_clean(self) -> bool:
        return not self.broken and not self.breaches and self.trials >= self.wanted

    @property
    def bound(self) -> str:
        """The rule of three: what a zero says about the rate, with 95 % confidence."""
        return "-" if self.breaches or not self.trials else f"<= {min(1.0, 3 / self.trials) * 100:.3g} %"

    def trial(self, count: int = 1) -> None:
        with self._lock:
            self.trials += count

    def breach(self, invariant: str, text: str, step: Step | None = None) -> None:
        """Write down what must not happen, once."""
        found = Breach(invariant, text, str(step or ""))
        with self._lock:
            if found not in self.breaches:
                self.breaches.append(found)

    def measure(self, name: str, value: float) -> None:
        with self._lock:
            self.measures.setdefault(name, []).append(value)


def percentile(samples: Sequence[float], share: float) -> float:
    return sorted(samples)[max(0, math.ceil(share * len(samples)) - 1)]


def merged(reports: Sequence[Report]) -> Report:
    names = {name for report in reports for name in report.measures}
    return Report(
        name=reports[0].name,
        engine=", ".join(report.engine for report in reports),
        wanted=sum(report.wanted for report in reports),
        trials=sum(report.trials for report in reports),
        breaches=[breach for report in reports for breach in report.breaches],
        measures={name: [value for one in reports for value in one.measures.get(name, [])] for name in sorted(names)},
        broken="; ".join(report.broken for report in reports if report.broken),
        seconds=sum(report.seconds for report in reports),
    )


def as_table(reports: Sequence[Report]) -> str:
    """One line per figure, then each violation: invariant, campaign, sentence, and the step that repeats it."""
    lines = [_columns("figure", "engines", "trials", "wanted", "violated", "95 % bound", "seconds")]
    for one in reports:
        counts = (f"{one.trials:,}", f"{one.wanted:,}", str(len(one.breaches)))
        lines.append(_columns(one.name, one.engine, *counts, one.bound, f"{one.seconds:.1f}"))
        for name, values in one.measures.items():
            shares = {"p50": 0.5, "p95": 0.95, "max": 1.0}
            shown = ", ".join(f"{key} {percentile(values, share):.3g}" for key, share in shares.items())
            lines.append(f"    {name}: {len(values)}, {shown}")
        lines += [f"    broke off: {one.broken}"] if one.broken else []
    found = [(report.name, breach) for report in reports for breach in report.breaches]
    for name, breach in found:
        lines += [f"{breach.invariant} [{name}] {breach.text}"] + [f"    {breach.step}"] * bool(breach.step)
    return "\n".join([*lines, *([] if found else ["No invariant was violated."])])


def _columns(figure: str, engines: str, trials: str, wanted: str, violated: str, bound: str, seconds: str) -> str:
    return f"{figure:<26}{engines:<20}{trials:>9}{wanted:>9}{violated:>10}  {bound:<12}{seconds:>8}"
