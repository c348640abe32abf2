"""kill -9, exactly there: the simulator holds a call at a barrier until the shop's workers are dead.

Twelve points lie around a call that moves money or a receipt: the request was received, its effect is there without a
reply, the reply has left. Two more: in a sweep, and while an order is written. And at any moment.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from tests.chaos.people import Buyer
from tests.chaos.report import Plan, Report, Step
from tests.chaos.stage import Stage, attempt, beside
from tests.oracle import Placed
from tests.tools.processes import wait_until

MOMENTS = ("received", "effected", "replied")
CHARGES = tuple(f"charge {moment}" for moment in MOMENTS)
POINTS = (
    *(f"{call} {moment}" for call in ("confirm", "cancel", "receipt") for moment in MOMENTS),
    *("in a sweep", "order written", "any moment"),
    *CHARGES,
)
GOODS = "paper-tape"
"""Of which the shelf holds so many; nobody else buys it in this run."""
AT_ONCE = 4
"""Payments that are struck at once: the simulator holds five calls at most."""
REACHES = 10.0
"""Seconds that a call may take to reach its barrier."""
CHARGED_WITHIN = 30.0
"""Seconds that a sweep may take to its first charge: after a month much else is due."""


@dataclass(frozen=True)
class Held:
    """A payment whose next call will stand at a barrier, and what makes the call."""

    step: Step
    buyer: Buyer
    order: Placed
    barrier: int
    act: Callable[[], object]


def run(stage: Stage, plan: Plan, report: Report) -> None:
    """Every point as often as the others; the buyers come back after each kill."""
    stage.look_at_stock(GOODS)
    steps = [plan.step(point=POINTS[number % len(POINTS)]) for number in range(plan.count)]
    kills = {"in a sweep": _in_a_sweep, "order written": _at_order, "any moment": _at_any_moment}
    kills |= dict.fromkeys(CHARGES, _at_a_charge)
    with stage.watch.expecting_lost_connections():
        for point in POINTS:
            of_point = [step for step in steps if step.what["point"] == point]
            for first in range(0, len(of_point), AT_ONCE):
                kills.get(point, _around_a_call)(stage, of_point[first : first + AT_ONCE])
                stage.shop.wait_until_healthy()
            report.trial(len(of_point))


def _around_a_call(stage: Stage, steps: Sequence[Step]) -> None:
    """Bring some payments to the same point, kill whoever serves them, let the calls go, and come back."""
    call, moment = str(steps[0].what["point"]).split()
    held = [_hold(stage, step, call, "before" if moment == "received" else "after") for step in steps]
    with ThreadPoolExecutor(max_workers=len(held)) as pool:
        calls = [pool.submit(attempt, one.act) for one in held]
        barriers = {one.barrier for one in held}
        wait_until(lambda: barriers <= stage.simulator.waiting() or all(one.done() for one in calls), REACHES)
        if moment == "replied":
            _kill_after_reply(stage, held)
        else:
            _kill(stage, steps[0])
            _release(stage, held)
    stage.shop.wait_until_healthy()
    for one in held:
        if call == "confirm" and one.step.dice.random() < 0.5:
            attempt(one.act)
        attempt(partial(one.buyer.look, one.order))


def _hold(stage: Stage, step: Step, call: str, phase: str) -> Held:
    buyer, dice = stage.buyer(step), step.dice
    order = buyer.place({"test-product": dice.randint(2, 9)})
    if call == "confirm":
        opening = buyer.start(order, method=dice.choice(("card", "transfer")))
        result = buyer.pay(opening)
        barrier = stage.simulator.barrier("confirm", phase, opening.attempt_no)
        return Held(step, buyer, order, barrier, lambda: buyer.deliver(result))
    order.may_be_on_desk = True
    takes_back = call == "receipt" and dice.random() < 0.5
    method = "transfer" if call == "receipt" else dice.choice(("card", "transfer"))
    opening = buyer.start(order, method=method, cash_receipt=takes_back)
    buyer.deliver(buyer.pay(opening))
    part = 1_000 if dice.random() < 0.5 else None
    operation = "cancel" if call == "cancel" else "receipt_cancel" if takes_back else "receipt_issue"
    barrier = stage.simulator.barrier(operation, phase, opening.attempt_no)
    return Held(step, buyer, order, barrier, lambda: stage.act_as_staff(operation, order, part))


def _kill(stage: Stage, step: Step) -> None:
    """All workers that wait for the gateway, or one time in four everything; then the shop is there again."""
    if step.dice.random() < 0.25:
        stage.shop.kill_all()
        stage.shop.start()
    else:
        stage.shop.signal_workers(stage.shop.workers_asking() or stage.shop.workers())


def _kill_after_reply(stage: Stage, held: Sequence[Held]) -> None:
    """Stop the workers, let the replies leave, and kill them at once or a few milliseconds after they go on."""
    dice, pids = held[0].step.dice, stage.shop.workers_asking()
    stage.shop.signal_workers(pids, signal.SIGSTOP)
    _release(stage, held)
    time.sleep(0.05)
    if dice.random() < 0.5:
        stage.shop.signal_workers(pids, signal.SIGCONT)
        time.sleep(dice.random() * 0.02)
    stage.shop.signal_workers(pids)


def _release(stage: Stage, held: Sequence[Held]) -> None:
    for one in held:
        stage.simulator.release(one.barrier)


def _in_a_sweep(stage: Stage, steps: Sequence[Step]) -> None:
    """A sweep inquires about a payment whose confirm was lost, and is killed around the gateway's answer."""
    for step in steps:
        buyer, dice = stage.buyer(step), step.dice
        order = buyer.place({"test-product": 1})
        opening = buyer.start(order)
        result = buyer.pay(opening)
        stage.simulator.fault("confirm", "lost_answer", dice.choice(("before", "after")), oid=opening.attempt_no)
        buyer.deliver(result)
        stage.advance(10)
        barrier = stage.simulator.barrier("inquiry", dice.choice(("before", "after")), opening.attempt_no)
        sweep = stage.shop.start_sweep()
        wait_until(lambda barrier=barrier: barrier in stage.simulator.waiting(), REACHES)  # type: ignore[misc]
        sweep.kill()
        stage.simulator.release(barrier)


def _at_order(stage: Stage, steps: Sequence[Step]) -> None:
    """The order form is on its way when the workers die; sent again, the same cart is one order."""
    for step in steps:
        buyer = stage.buyer(step)
        form = buyer.fill({GOODS: 1})
        with ThreadPoolExecutor(max_workers=1) as pool:
            pool.submit(attempt, partial(buyer.post, "/orders", form))
            time.sleep(step.dice.random() * 0.02)
            stage.shop.signal_workers(stage.shop.workers())
        stage.shop.wait_until_healthy()
        buyer.note(buyer.require(buyer.post("/orders", form), 303), {GOODS: 1})


def _at_any_moment(stage: Stage, steps: Sequence[Step]) -> None:
    def go_on_buying(over: object) -> None:
        while not over.is_set():  # type: ignore[attr-defined]
            attempt(lambda: stage.buyer(steps[0]).buy({"test-product": 1}))

    with beside(go_on_buying, threads=3):
        for step in steps:
            time.sleep(0.2 + step.dice.random())
            stage.shop.signal_workers(stage.shop.workers()[:1])


def _at_a_charge(stage: Stage, steps: Sequence[Step]) -> None:
    """A month of some subscriptions is due, and each charge is the last thing that its sweep does."""
    for step in steps:
        stage.buyer(step).subscribe()
    stage.pass_a_month()
    for step in steps:
        moment = str(step.what["point"]).removeprefix("charge ")
        barrier = stage.simulator.barrier("repay", "before" if moment == "received" else "after", "")
        sweep = stage.shop.start_sweep()
        if not wait_until(lambda barrier=barrier: barrier in stage.simulator.waiting(), CHARGED_WITHIN):  # type: ignore[misc]
            raise RuntimeError("a sweep charged no subscription")
        if moment == "replied":
            sweep.send(signal.SIGSTOP)
            stage.simulator.release(barrier)
            time.sleep(0.05)
            sweep.send(signal.SIGCONT)
            time.sleep(step.dice.random() * 0.02)
        sweep.kill()
        stage.simulator.release(barrier)
    stage.run_due()
