"""Ordinary journeys with 20 % faults, 5 % kills, and webhooks shuffled, doubled and lost."""

from __future__ import annotations

import random
from threading import Event

from tests.chaos.people import Buyer
from tests.chaos.report import Plan, Report, Step
from tests.chaos.stage import Stage, attempt, beside, crowd
from tests.oracle import Placed, violations

WIDTH = 12
FAULTS, KILLS = 0.20, 0.05
OPS = ("auth", "confirm", "inquiry", "cancel")
KINDS = ("lost_answer", "reset", "http_500", "html_200", "truncated_json", "json_null", "oversize", "redirect")
SCENARIOS = ("limit", "balance", "lost_paid", "lost_unpaid", "delivered_twice", "inquiry_pending", "inquiry_late")
ENDS = ("delivers", "closes", "never comes back")
LOOK_SECONDS = 10.0


def run(stage: Stage, plan: Plan, report: Report) -> None:
    """All journeys, a dozen at a time, while workers are killed and the invariants without [Q] are asked for."""
    steps = [plan.step(**_drawn(plan.dice(str(number)))) for number in range(plan.count)]
    stage.simulator.webhooks(shuffle=True, duplicate=1, drop=0.2, delay=1, seed=plan.seed)
    kills = max(1, round(plan.count * KILLS))

    def kill(over: Event) -> None:
        dice = plan.dice("kills")
        for _ in range(kills):
            if over.wait(1 + dice.random()):
                return
            workers = stage.shop.workers()
            stage.shop.signal_workers([dice.choice(workers)] if len(workers) > 1 else [])
            report.measure("kills", 1)

    def look(over: Event) -> None:
        while not over.wait(LOOK_SECONDS):
            attempt(lambda: _look(stage, report))

    with stage.watch.expecting_lost_connections(), beside(kill), beside(look):
        crowd(lambda step: _journey(stage, step, report), steps, WIDTH)
        stage.shop.wait_until_healthy()


def _look(stage: Stage, report: Report) -> None:
    for found in violations(stage.evidence(), at_rest=False):
        report.breach(found.invariant, found.text, stage.step_of(found.order_no))


def _drawn(dice: random.Random) -> dict[str, object]:
    is_broken = dice.random() < FAULTS
    fault = (dice.choice(OPS), dice.choice(KINDS), dice.choice(("before", "after")))
    return {
        "quantity": dice.randint(1, 9),
        "method": dice.choice(("card", "card", "transfer")),
        "work": dice.choice(("CERT", "PAY")),
        "window": dice.choice(("popup", "popup", "direct")),
        "cash_receipt": dice.random() < 0.4,
        "scenario": dice.choice(SCENARIOS) if dice.random() < FAULTS / 2 else "",
        "fault": fault if is_broken else None,
        "ends": dice.choices(ENDS, (0.88, 0.06, 0.06))[0],
        "refund": dice.choice(("all", "part")) if dice.random() < 0.25 else "",
    }


def _journey(stage: Stage, step: Step, report: Report) -> None:
    attempt(lambda: _buy_and_refund(stage, step))
    report.trial()


def _buy_and_refund(stage: Stage, step: Step) -> None:
    """From the catalogue to a refund, as far as the faults let it come."""
    what, buyer = step.what, stage.buyer(step)
    order = buyer.place({"test-product": int(str(what["quantity"]))})
    if isinstance(what["fault"], tuple):
        op, kind, phase = what["fault"]
        stage.simulator.fault(op, kind, phase)
    _pay(buyer, order, step)
    if what["refund"] and buyer.look(order) == "paid":
        order.may_be_on_desk = True  # a refund that was refused stays there for a while
        with stage.staff() as member:
            member.refund(order, 1_000 if what["refund"] == "part" else None)
        buyer.look(order)


def _pay(buyer: Buyer, order: Placed, step: Step) -> None:
    choices = {name: step.what[name] for name in ("method", "work", "window", "cash_receipt")}
    opening = buyer.press(order, **choices)
    if step.what["ends"] == "closes":
        buyer.deliver(buyer.close(opening))
        opening = buyer.press(order, **choices)
    result = buyer.pay(opening, str(step.what["scenario"]))
    if result and step.what["ends"] != "never comes back":
        buyer.deliver(result)
    buyer.look(order)
