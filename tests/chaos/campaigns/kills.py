"""kill -9, exactly there: the simulator holds a call at a barrier until the shop's workers are dead.

No hook inside the shop. Nine points lie around a call that moves money or a receipt: its request has been received,
its effect is there and no reply, the reply has left and the shop has told nobody. Three more: in a sweep, in a webhook,
while an order is written. And at any moment at all.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.chaos.barriers import CALLS, REACHES, Held, calling, come_back, hold, lost, release, waiting
from tests.chaos.drain import drain
from tests.chaos.report import Figure, Report
from tests.chaos.schedule import Plan, Step
from tests.chaos.shoppers import shopping
from tests.chaos.stage import Stage
from tests.chaos.watch import wait_until

FIGURE = Figure(
    "kill -9",
    quick=60,
    full=560,
    unit="kills",
    holds=("I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I10", "I14", "I15", "I16", "I20"),
    needs=("clock",),
)
MOMENTS = ("received", "effected", "replied")
AROUND = tuple(f"{call} {moment}" for call in CALLS for moment in MOMENTS)
POINTS = (*AROUND, "in a sweep", "in a webhook", "order insert", "random")
GOODS = "paper-tape"
"""Something of which the shelf holds so many, and which nobody else buys at that time."""
TOGETHER = 4
"""Payments that are struck at once: the simulator holds five calls at most."""
SHOPPERS = 3
MASTER_TOO = 0.25


def run(stage: Stage, plan: Plan, report: Report) -> None:
    """Every point as often as the others; the buyers come back after each kill and do what people do."""
    mark, shelves = stage.mark(), {GOODS: [stage.shop.stock(GOODS) or 0]}
    points = [point for point in POINTS if point != "in a webhook" or stage.can("webhooks")]
    steps = [plan.step(point=points[number % len(points)]) for number in range(plan.count)]
    with stage.watch.expecting("losses"):
        for point in points:
            of_point = [step for step in steps if step.what["point"] == point]
            kill = _AT.get(point, _around)
            for first in range(0, len(of_point), TOGETHER):
                kill(stage, of_point[first : first + TOGETHER], report)
                stage.shop.wait_until_healthy()
    if len(points) < len(POINTS):
        report.measure("points left out (no webhook route)", len(POINTS) - len(points))
    drain(stage, report, mark, stock=shelves)


# --- around a call ----------------------------------------------------------------------------------------------------


def _around(stage: Stage, steps: Sequence[Step], report: Report) -> None:
    """Bring some payments to the same point, kill whoever serves them, let the calls go, and come back."""
    call, moment = str(steps[0].what["point"]).split()
    held = [hold(stage, step, call, "before" if moment == "received" else "after") for step in steps]
    with calling(stage, held):
        if moment == "replied":
            _kill_after_reply(stage, held, steps[0].dice)
        else:
            _kill(stage, steps[0].dice)
            release(stage, held)
    stage.shop.wait_until_healthy()
    for one in held:
        report.trial(str(one.step.what["point"]))
        come_back(one)


def _kill(stage: Stage, dice: random.Random) -> None:
    """All workers, or one time in four the master with them; then the shop is there again."""
    shop = stage.shop
    if dice.random() < MASTER_TOO:
        shop.kill_all()
        shop.restart()
        return
    for pid in shop.workers_asking() or shop.workers():
        shop.kill_worker(pid)


def _kill_after_reply(stage: Stage, held: Sequence[Held], dice: random.Random) -> None:
    """Stop the workers, let the replies leave, and kill them: at once, or a few milliseconds after they go on."""
    pids = stage.shop.workers_asking()
    for pid in pids:
        stage.shop.freeze(pid)
    release(stage, held)
    time.sleep(0.05)
    if dice.random() < 1 / 2:
        for pid in pids:
            stage.shop.thaw(pid)
        time.sleep(dice.random() * 0.02)
    for pid in pids:
        stage.shop.kill_worker(pid)


# --- elsewhere --------------------------------------------------------------------------------------------------------


def _in_a_sweep(stage: Stage, steps: Sequence[Step], report: Report) -> None:
    """A sweep asks about a payment whose confirm was lost, and is killed before or after the gateway has answered."""
    for step in steps:
        buyer = stage.buyer(step=step)
        order = buyer.place()
        opening = buyer.start(order)
        claim = buyer.pay(opening)
        stage.simulator.fault("confirm", "lost_answer", step.dice.choice(("before", "after")), oid=opening.attempt_no)
        buyer.deliver(claim)
        stage.advance(10)
        number = stage.simulator.barrier("inquiry", step.dice.choice(("before", "after")), oid=opening.attempt_no)
        sweep = stage.shop.background(stage.shop.profile.sweep)
        wait_until(partial(_is_held, stage, number), REACHES)
        sweep.kill()
        stage.simulator.release(number)
        report.trial(str(step.what["point"]))


def _is_held(stage: Stage, number: int) -> bool:
    return number in waiting(stage)


def _in_a_webhook(stage: Stage, steps: Sequence[Step], report: Report) -> None:
    """Nobody brings the result; the webhook makes the shop ask, and the worker dies while it asks."""
    for step in steps:
        buyer = stage.buyer(step=step)
        order = buyer.place()
        opening = buyer.start(order, work="PAY")
        number = stage.simulator.barrier("inquiry", step.dice.choice(("before", "after")), oid=opening.attempt_no)
        buyer.pay(opening)
        wait_until(partial(_is_held, stage, number), REACHES)
        _kill(stage, step.dice)
        stage.simulator.release(number)
        stage.shop.wait_until_healthy()
        report.trial(str(step.what["point"]))


def _at_order_insert(stage: Stage, steps: Sequence[Step], report: Report) -> None:
    """The order form is on its way when the worker dies; sent again, the same cart is one order, reserved once."""
    for step in steps:
        buyer = stage.buyer(step=step)
        form = buyer.fill({GOODS: 1})
        with ThreadPoolExecutor(max_workers=1) as pool:
            sent = pool.submit(lost, partial(buyer.post, "/orders", form))
            time.sleep(step.dice.random() * 0.02)
            for pid in stage.shop.workers():
                stage.shop.kill_worker(pid)
            sent.result()
        stage.shop.wait_until_healthy()
        placed = buyer.insist(buyer.post("/orders", form), 303)
        buyer.note(placed.headers["Location"].rpartition("/")[2], {GOODS: 1})
        report.trial(str(step.what["point"]))


def _at_random(stage: Stage, steps: Sequence[Step], report: Report) -> None:
    """While people buy, a worker dies, at no particular moment."""
    with shopping(stage, steps[0], SHOPPERS):
        for step in steps:
            time.sleep(0.2 + step.dice.random())
            workers = stage.shop.workers()
            if workers:
                stage.shop.kill_worker(step.dice.choice(workers))
            report.trial(str(step.what["point"]))


_AT: dict[str, Callable[[Stage, Sequence[Step], Report], None]] = {
    "in a sweep": _in_a_sweep,
    "in a webhook": _in_a_webhook,
    "order insert": _at_order_insert,
    "random": _at_random,
}
