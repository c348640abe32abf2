"""What came of a run: counts per figure and cell, what was violated and how to repeat it, and how sure a zero is."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from threading import Lock

from tests.chaos.schedule import Step


@dataclass(frozen=True)
class Figure:
    """A row of the table. `quick` and `full` are how many trials it takes, `holds` the invariants that must hold.

    `needs` names what a shop must have for it: clock, webhooks. Without it the figure is said to be not run.
    """

    name: str
    quick: int
    full: int
    unit: str = "trials"
    holds: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Violation:
    """An invariant that did not hold, in a sentence, and the step of the schedule that repeats it."""

    invariant: str
    text: str
    step: str = ""


@dataclass
class Report:
    """What one campaign counts on one engine. Any thread may write."""

    figure: Figure
    engine: str
    wanted: int
    cells: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)
    measures: dict[str, list[float]] = field(default_factory=dict)
    missing: str = ""
    seconds: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def __getstate__(self) -> dict[str, object]:
        """Travels between processes, but for its lock."""
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state, _lock=Lock())

    def trial(self, cell: str = "", count: int = 1) -> None:
        """So many trials were made in a cell, whatever came of them."""
        with self._lock:
            self.cells[cell] += count

    def violation(self, invariant: str, text: str, step: Step | None = None) -> None:
        """Something happened that must not happen; said once, however often it was seen."""
        found = Violation(invariant, text, step.line if step else "")
        with self._lock:
            if found not in self.violations:
                self.violations.append(found)

    def measure(self, name: str, value: float) -> None:
        """One sample of a time (seconds), for the percentiles."""
        with self._lock:
            self.measures.setdefault(name, []).append(value)

    def not_run(self, why: str) -> None:
        """The figure could not be run here, or not all of it."""
        self.missing = why

    @property
    def trials(self) -> int:
        """Over all cells."""
        return sum(self.cells.values())


@dataclass(frozen=True)
class Row:
    """One figure, over all engines."""

    figure: str
    unit: str
    engines: tuple[str, ...]
    wanted: int
    trials: int
    cells: dict[str, int]
    violations: list[Violation]
    measures: dict[str, dict[str, float]]
    missing: str
    seconds: float
    holds: tuple[str, ...]

    @property
    def is_reached(self) -> bool:
        """Whether as many trials were made as wanted."""
        return not self.missing and self.trials >= self.wanted

    @property
    def bound(self) -> str:
        """What a zero says: with 95 % confidence the rate is below three over the number of trials."""
        if self.violations:
            return "-"
        return at_most(self.trials)


def at_most(trials: int) -> str:
    """The rule of three, as a percentage."""
    return f"<= {upper_bound(trials) * 100:.3g} %" if trials else "-"


def upper_bound(trials: int) -> float:
    """The 95 % upper bound of a rate of which no case was seen in so many trials: 3/n, never above one."""
    return min(1.0, 3 / trials) if trials else 1.0


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least this share of all samples does not exceed."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def summary(samples: Sequence[float]) -> dict[str, float]:
    """How long it took: half of them, all but one in a hundred, all."""
    return {
        "count": len(samples),
        "p50": round(percentile(samples, 0.50), 3),
        "p95": round(percentile(samples, 0.95), 3),
        "p99": round(percentile(samples, 0.99), 3),
        "max": round(max(samples), 3),
    }


def merged(reports: Sequence[Report]) -> Row:
    """The reports of one figure from all engines, as one row."""
    samples: dict[str, list[float]] = {}
    cells: Counter[str] = Counter()
    for report in reports:
        cells += report.cells
        for name, values in report.measures.items():
            samples.setdefault(name, []).extend(values)
    figure = reports[0].figure
    return Row(
        figure.name,
        figure.unit,
        tuple(report.engine for report in reports),
        sum(report.wanted for report in reports),
        cells.total(),
        dict(sorted(cells.items())),
        [violation for report in reports for violation in report.violations],
        {name: summary(values) for name, values in sorted(samples.items())},
        "; ".join(sorted({report.missing for report in reports if report.missing})),
        round(sum(report.seconds for report in reports), 1),
        figure.holds,
    )


def as_json(rows: Sequence[Row], **head: object) -> dict[str, object]:
    """The whole run for machines."""
    told = [asdict(row) | {"reached": row.is_reached, "bound": row.bound} for row in rows]
    return {**head, "clean": is_clean(rows), "figures": told}


def is_clean(rows: Sequence[Row]) -> bool:
    """No violation, and every figure reached."""
    return all(row.is_reached and not row.violations for row in rows)


def as_table(rows: Sequence[Row]) -> str:
    """The whole run for people: one line per figure, then what was violated and how to repeat it."""
    lines = [_columns("figure", "engines", "trials", "wanted", "violated", "95 % bound", "seconds")]
    for row in rows:
        counts = (f"{row.trials:,}", f"{row.wanted:,}", str(len(row.violations)))
        lines.append(_columns(row.figure, ", ".join(row.engines), *counts, row.bound, f"{row.seconds:.1f}"))
        lines += [f"    {name}: {_told(values)}" for name, values in row.measures.items()]
        lines += [f"    not run: {row.missing}"] if row.missing else []
    lines += ["", *_violations(rows)]
    return "\n".join(lines)


def _columns(figure: str, engines: str, trials: str, wanted: str, violated: str, bound: str, seconds: str) -> str:
    return f"{figure:<26}{engines:<20}{trials:>9}{wanted:>9}{violated:>10}  {bound:<12}{seconds:>8}"


def _told(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in values.items())


def _violations(rows: Sequence[Row]) -> list[str]:
    found = [(row.figure, violation) for row in rows for violation in row.violations]
    if not found:
        return ["No invariant was violated."]
    return [
        line
        for figure, violation in found
        for line in (
            f"{violation.invariant} [{figure}] {violation.text}",
            f"    {violation.step}" * bool(violation.step),
        )
        if line
    ]
