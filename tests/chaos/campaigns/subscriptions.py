"""A month passes: subscriptions are charged while answers break, sweeps run at once, and some stop."""

from __future__ import annotations

from functools import partial

from tests.chaos.campaigns.fault_cells import FOREIGN_NUMBER, UNGUARDED, WIDTH
from tests.chaos.drain import settle
from tests.chaos.report import Plan, Report
from tests.chaos.stage import Stage, attempt, crowd, together
from tests.oracle import Placed

OP = "repay"
DAY = 86_400
SWEEPS = 2
DAYS = 5
"""One more than a declined month is tried."""


def run(stage: Stage, plan: Plan, report: Report) -> None:
    """Let each cell strike the charge of a subscription; the oracle judges what comes of it."""
    which, of = plan.share
    cells = _cells(stage) * plan.count
    if plan.scale < 1:
        cells = plan.dice().sample(cells, max(1, round(len(cells) * plan.scale)))
    steps = [plan.step(kind=kind, phase=phase) for kind, phase in cells[which::of]]
    report.wanted = len(steps)
    stage.simulator.webhooks(drop=1)
    placed = crowd(lambda step: stage.buyer(step).subscribe(), steps, WIDTH)
    stage.pass_a_month()
    for step in steps:
        stage.simulator.fault(OP, str(step.what["kind"]), str(step.what["phase"]))
    stops = [partial(_stop, stage, order) for order in placed[::4]]
    together([partial(attempt, act) for act in [stage.run_due] * SWEEPS + stops])
    for _ in range(DAYS):
        settle(stage)
        stage.advance(DAY)
    for order in placed:
        _stop(stage, order)
    report.trial(len(steps))


def _cells(stage: Stage) -> list[tuple[str, str]]:
    kinds = [kind for kind in stage.simulator.control("GET", "faults")["kinds"] if OP in kind["ops"]]
    guarded = [kind for kind in kinds if kind["id"] not in (*UNGUARDED, FOREIGN_NUMBER)]
    return [(str(kind["id"]), str(phase)) for kind in guarded for phase in kind["phases"]]


def _stop(stage: Stage, order: Placed) -> None:
    with stage.staff() as member:
        member.stop_subscription(order)
