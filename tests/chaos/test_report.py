"""The report: what was counted, how sure a zero is, and when a run has failed."""

from __future__ import annotations

import pickle

import pytest

from tests.chaos.report import Figure, Report, as_json, as_table, at_most, is_clean, merged, percentile, upper_bound
from tests.chaos.schedule import Plan

FIGURE = Figure("soak", quick=4, full=40, unit="journeys", holds=("I1", "I20"))


def report(trials: int = 4, engine: str = "sqlite") -> Report:
    made = Report(FIGURE, engine, wanted=4)
    made.trial("card", trials)
    return made


@pytest.mark.parametrize(
    ("trials", "bound", "told"),
    [(0, 1.0, "-"), (1, 1.0, "<= 100 %"), (300, 0.01, "<= 1 %"), (20_000, 0.00015, "<= 0.015 %")],
)
def test_a_zero_says_no_more_than_three_over_the_number_of_trials(trials: int, bound: float, told: str) -> None:
    assert upper_bound(trials) == pytest.approx(bound)
    assert at_most(trials) == told


def test_what_was_violated_has_no_bound() -> None:
    bad = report()
    bad.violation("I1", "paid twice")

    assert merged([bad]).bound == "-"


def test_engines_come_together_in_one_row() -> None:
    left, right = report(3), report(5, "postgresql")
    left.measure("convergence", 2.0)
    right.measure("convergence", 6.0)
    right.trial("transfer")

    row = merged([left, right])

    assert (row.trials, row.wanted, row.engines) == (9, 8, ("sqlite", "postgresql"))
    assert row.cells == {"card": 8, "transfer": 1}
    assert row.measures["convergence"] == {"count": 2, "p50": 2.0, "p95": 6.0, "p99": 6.0, "max": 6.0}
    assert row.is_reached


@pytest.mark.parametrize(("share", "found"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_a_percentile_is_a_sample_that_so_many_do_not_exceed(share: float, found: int) -> None:
    assert percentile(list(range(100, 0, -1)), share) == found


def test_a_run_is_clean_only_if_every_figure_was_reached_without_a_violation() -> None:
    short, missing, bad = report(3), report(), report()
    missing.not_run("no webhooks here")
    bad.violation("I5", "too much went back")

    assert is_clean([merged([report()])])
    assert [is_clean([merged([report()]), merged([one])]) for one in (short, missing, bad)] == [False] * 3


def test_the_same_violation_is_told_once_with_the_step_that_repeats_it() -> None:
    made, step = report(), Plan("soak", 7, "sqlite", 4).step(kind="reset")
    made.violation("I2", "money without an order", step)
    made.violation("I2", "money without an order", step)

    table = as_table([merged([made])])

    assert table.count("money without an order") == 1
    assert step.line in table


def test_the_report_for_machines_says_everything() -> None:
    told = as_json([merged([report(5)])], seed=7)

    assert (told["seed"], told["clean"]) == (7, True)
    figures = told["figures"]
    assert isinstance(figures, list)
    assert {"figure", "trials", "cells", "bound", "reached", "violations"} <= set(figures[0])


def test_a_report_travels_between_processes() -> None:
    travelled = pickle.loads(pickle.dumps(report()))  # noqa: S301 - our own bytes

    travelled.trial("card")

    assert travelled.trials == 5
