"""The soak: ordinary days of a shop whose gateway and servers are all bad. In the end every won is accounted for."""

from __future__ import annotations

import random
import time
from contextlib import suppress
from threading import Event

import requests

from tests.chaos.beside import beside
from tests.chaos.buyer import Buyer, Refusal
from tests.chaos.drain import drain
from tests.chaos.evidence import Placed
from tests.chaos.observer import Observer
from tests.chaos.report import Figure, Report
from tests.chaos.schedule import Plan, Step
from tests.chaos.stage import Stage, crowd

FIGURE = Figure(
    "soak",
    quick=500,
    full=10_000,
    unit="journeys",
    holds=("I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I10", "I15", "I16", "I20"),
    needs=("clock",),
)
WIDTH = 12
FAULTS, KILLS, CLOSED, NEVER_BACK, REFUNDED, TRANSFERS, DIRECT = 0.20, 0.05, 0.06, 0.06, 0.25, 0.4, 0.3
OPS = ("auth", "confirm", "inquiry", "cancel")
KINDS = (
    *("lost_answer", "reset", "closed_early", "http_500", "http_502", "html_200", "truncated_json", "json_null"),
    *("oversize", "redirect", "json_array"),
)
SCENARIOS = ("limit", "balance", "lost_paid", "lost_unpaid", "delivered_twice", "inquiry_pending", "inquiry_late")


def run(stage: Stage, plan: Plan, report: Report) -> None:
    """All journeys at once, a dozen at a time, while a killer goes about; then the reckoning."""
    mark = stage.mark()
    steps = [plan.step(**_drawn(plan.dice(str(number)))) for number in range(plan.count)]
    stage.simulator.bench(shuffle=True, duplicate=1, drop=0.2, delay=1, seed=plan.seed)
    killer, observer = _Killer(stage, plan), Observer(stage, report, mark)
    with stage.watch.expecting("losses"), beside(killer.work, "killer"), beside(observer.work, "observer"):
        crowd(lambda step: _journey(stage, step, report), steps, WIDTH)
    report.measure("kills", killer.count)
    report.measure("looks in between", observer.looks)
    stage.shop.wait_until_healthy()
    drain(stage, report, mark)


def _drawn(dice: random.Random) -> dict[str, object]:
    """One journey."""
    return {
        "quantity": dice.randint(1, 9),
        "method": "transfer" if dice.random() < TRANSFERS else "card",
        "work": dice.choice(("CERT", "PAY")),
        "window": "direct" if dice.random() < DIRECT else "popup",
        "cash_receipt": dice.random() < TRANSFERS,
        "scenario": dice.choice(SCENARIOS) if dice.random() < FAULTS / 2 else "",
        "fault": (dice.choice(OPS), dice.choice(KINDS), dice.choice(("before", "after")))
        if dice.random() < FAULTS
        else None,
        "ends": dice.choices(("delivers", "closes", "never comes back"), (1 - CLOSED - NEVER_BACK, CLOSED, NEVER_BACK))[
            0
        ],
        "refund": dice.choice(("all", "part")) if dice.random() < REFUNDED else "",
    }


def _journey(stage: Stage, step: Step, report: Report) -> None:
    """From the catalogue to a refund, as far as the faults let it come. Nobody gets two answers out of a lost one."""
    told = step.what
    with suppress(Refusal, requests.RequestException, AssertionError):
        buyer = stage.buyer(step=step)
        order = buyer.place({"test-product": int(str(told["quantity"]))})
        if isinstance(told["fault"], tuple):
            op, kind, phase = told["fault"]
            stage.simulator.fault(op, kind, phase)
        _pay(buyer, order, step)
        if told["refund"] and buyer.look(order) == "paid":
            order.may_be_on_desk = True  # a refund that was refused stays there for a while
            stage.shop.refund(order.order_no, 1_000 if told["refund"] == "part" else None)
            buyer.look(order)
    report.trial(f"{told['method']} {told['work']}")


def _pay(buyer: Buyer, order: Placed, step: Step) -> None:
    names = ("method", "work", "window", "cash_receipt")
    opening = buyer.press(order, **{name: step.what[name] for name in names})
    if step.what["ends"] == "closes":
        buyer.deliver(buyer.close(opening))
        opening = buyer.press(order, **{name: step.what[name] for name in names})
    claim = buyer.pay(opening, str(step.what["scenario"]))
    if claim and step.what["ends"] != "never comes back":
        buyer.deliver(claim)
    buyer.look(order)


class _Killer:
    """Kills a worker now and then: about one for every twenty journeys."""

    def __init__(self, stage: Stage, plan: Plan) -> None:
        self._stage, self._dice, self._wanted = stage, plan.dice("killer"), max(1, round(plan.count * KILLS))
        self.count = 0

    def work(self, over: Event) -> None:
        """Goes about until it has killed enough."""
        while self.count < self._wanted and not over.wait(1 + 2 * self._dice.random()):
            workers = self._stage.shop.workers()
            if len(workers) > 1:
                self._stage.shop.kill_worker(self._dice.choice(workers))
                self.count += 1
                time.sleep(0.5)
