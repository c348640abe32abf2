"""What a campaign is asked for, what it counts, and the table of a run."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
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
        """Dice of the whole campaign."""
        return random.Random(f"{self.seed}:{self.campaign}:{self.engine}:{name}")

    def step(self, **what: object) -> Step:
        """Add one step."""
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
    """What one campaign counts on one engine. Any thread may write."""

    name: str
    unit: str
    engine: str
    wanted: int
    cells: Counter[str] = field(default_factory=Counter)
    breaches: list[Breach] = field(default_factory=list)
    measures: dict[str, list[float]] = field(default_factory=dict)
    broken: str = ""
    seconds: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state, _lock=Lock())

    def trial(self, cell: str = "", count: int = 1) -> None:
        with self._lock:
            self.cells[cell] += count

    def breach(self, invariant: str, text: str, step: Step | None = None) -> None:
        """Write down what must not happen, once."""
        found = Breach(invariant, text, str(step or ""))
        with self._lock:
            if found not in self.breaches:
                self.breaches.append(found)

    def measure(self, name: str, value: float) -> None:
        with self._lock:
            self.measures.setdefault(name, []).append(value)


@dataclass(frozen=True)
class Row:
    """One figure over all engines."""

    name: str
    unit: str
    engines: tuple[str, ...]
    wanted: int
    trials: int
    cells: dict[str, int]
    breaches: list[Breach]
    measures: dict[str, dict[str, float]]
    broken: str
    seconds: float

    @property
    def is_reached(self) -> bool:
        """Whether as many trials were made as wanted."""
        return not self.broken and self.trials >= self.wanted

    @property
    def bound(self) -> str:
        """The rule of three: what a zero says about the rate, with 95 % confidence."""
        return "-" if self.breaches or not self.trials else f"<= {min(1.0, 3 / self.trials) * 100:.3g} %"


def percentile(samples: Sequence[float], share: float) -> float:
    return sorted(samples)[max(0, math.ceil(share * len(samples)) - 1)]


def merged(reports: Sequence[Report]) -> Row:
    """The reports of one figure from all engines."""
    samples: dict[str, list[float]] = {}
    for report in reports:
        for name, values in report.measures.items():
            samples.setdefault(name, []).extend(values)
    return Row(
        name=reports[0].name,
        unit=reports[0].unit,
        engines=tuple(report.engine for report in reports),
        wanted=sum(report.wanted for report in reports),
        trials=sum(report.cells.total() for report in reports),
        cells=dict(sorted(sum((report.cells for report in reports), Counter[str]()).items())),
        breaches=[breach for report in reports for breach in report.breaches],
        measures={name: _summary(values) for name, values in sorted(samples.items())},
        broken="; ".join(report.broken for report in reports if report.broken),
        seconds=round(sum(report.seconds for report in reports), 1),
    )


def _summary(samples: Sequence[float]) -> dict[str, float]:
    shares = {"p50": 0.50, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {"count": len(samples)} | {name: round(percentile(samples, share), 3) for name, share in shares.items()}


def is_clean(rows: Sequence[Row]) -> bool:
    return all(row.is_reached and not row.breaches for row in rows)


def as_json(rows: Sequence[Row], **head: object) -> dict[str, object]:
    """The whole run for programs."""
    figures = [asdict(row) | {"reached": row.is_reached, "bound": row.bound} for row in rows]
    return {**head, "clean": is_clean(rows), "figures": figures}


def as_table(rows: Sequence[Row]) -> str:
    """The whole run for people: one line per figure, then what was violated and the step that repeats it."""
    lines = [_columns("figure", "engines", "trials", "wanted", "violated", "95 % bound", "seconds")]
    for row in rows:
        counts = (f"{row.trials:,}", f"{row.wanted:,}", str(len(row.breaches)))
        lines.append(_columns(row.name, ", ".join(row.engines), *counts, row.bound, f"{row.seconds:.1f}"))
        for name, values in row.measures.items():
            lines.append(f"    {name}: " + ", ".join(f"{key} {value:g}" for key, value in values.items()))
        lines += [f"    broke off: {row.broken}"] if row.broken else []
    found = [(row.name, breach) for row in rows for breach in row.breaches]
    for name, breach in found:
        lines += [f"{breach.invariant} [{name}] {breach.text}"] + [f"    {breach.step}"] * bool(breach.step)
    return "\n".join([*lines, *([] if found else ["No invariant was violated."])])


def _columns(figure: str, engines: str, trials: str, wanted: str, violated: str, bound: str, seconds: str) -> str:
    return f"{figure:<26}{engines:<20}{trials:>9}{wanted:>9}{violated:>10}  {bound:<12}{seconds:>8}"
