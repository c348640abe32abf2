"""A month passes: subscriptions are charged while answers break, sweeps are killed or run at once, and some stop."""

from __future__ import annotations

from functools import partial

from tests.chaos.campaigns.fault_cells import FOREIGN_NUMBER, UNGUARDED, WIDTH
from tests.chaos.campaigns.kills import REACHES
from tests.chaos.drain import settle
from tests.chaos.report import Plan, Report, Step
from tests.chaos.stage import Stage, attempt, crowd, together
from tests.chaos.watch import wait_until
from tests.oracle import Placed

OP = "repay"
DAY = 86_400
PHASES = ("before", "after")
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
    report.wanted = len(PHASES) + len(steps)
    stage.simulator.webhooks(drop=1)
    placed = crowd(partial(_subscribe, stage), steps, WIDTH)
    stage.advance(31 * DAY)
    with stage.watch.expecting_lost_connections():
        for phase in PHASES:
            _kill_a_sweep(stage, phase)
            report.trial()
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


def _subscribe(stage: Stage, step: Step) -> Placed:
    """By a card of one's own: a key pays one subscription."""
    buyer = stage.buyer(step)
    order = buyer.place({"monthly-book": 1})
    result = buyer.payer().pay(buyer.start(order).fields, card_number=_card_number(step.number))
    buyer.deliver(result)
    buyer.look(order)
    return order


def _kill_a_sweep(stage: Stage, phase: str) -> None:
    """The sweep dies while the gateway holds its charge: before the money moves, or before it answers."""
    barrier = stage.simulator.barrier(OP, phase, "")
    sweep = stage.shop.start_sweep()
    wait_until(lambda: barrier in stage.simulator.waiting(), REACHES)
    sweep.kill()
    stage.simulator.release(barrier)


def _card_number(number: int) -> str:
    """A made-up card with a valid last digit."""
    digits = f"99990300000{number:04}"
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(digits))
    return digits + str(-sum(sum(divmod(value, 10)) for value in doubled) % 10)


def _stop(stage: Stage, order: Placed) -> None:
    with stage.staff() as member:
        member.stop_subscription(order)
