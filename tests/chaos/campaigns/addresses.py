"""Addresses in a claim: whatever they say, nobody but the gateway is called, and the honest claim still pays."""

from __future__ import annotations

from functools import partial

from tests.chaos.drain import drain
from tests.chaos.mutations import URL_FIELDS, hostile_urls
from tests.chaos.report import Figure, Report
from tests.chaos.schedule import Plan, Step
from tests.chaos.stage import Stage, crowd

FIGURE = Figure("hostile addresses", quick=240, full=480, unit="claims", holds=("I1", "I2", "I11", "I15"))

Cell = tuple[str, tuple[str, ...]]
"""A trick, and the fields that it stands in."""


def run(stage: Stage, plan: Plan, report: Report) -> None:
    """Every form of an address in every field, each with the keys of a payment that is really waiting."""
    mark = stage.mark()
    tricks = hostile_urls(stage.canary.url, stage.simulator.url)
    first, *others = URL_FIELDS
    rest: list[Cell] = [(trick, (field,)) for trick in tricks for field in others]
    plan.dice("cells").shuffle(rest)
    cells: list[Cell] = [*((trick, (first,)) for trick in tricks), *rest]
    steps = [_step(plan, number, cells, list(tricks)) for number in range(plan.count)]
    crowd(partial(_claim, stage, report, tricks), steps, width=6)
    drain(stage, report, mark)
    for entry in stage.simulator.ledger(mark.seq):
        if entry["rule"] in ("confirm_url_wrong", "purpose_unknown", "refund_key_wrong"):
            report.violation("I11", f"a claim's address led a call astray: {entry['op']} {entry['rule']}")


def _step(plan: Plan, number: int, cells: list[Cell], tricks: list[str]) -> Step:
    """The confirm's own address in every form, then each other cell once; what is above that lies in several fields."""
    if number < len(cells):
        trick, fields = cells[number]
        return plan.step(trick=trick, fields=fields)
    dice = plan.dice(f"several {number}")
    return plan.step(trick=dice.choice(tricks), fields=tuple(dice.sample(URL_FIELDS, dice.randint(2, len(URL_FIELDS)))))


def _claim(stage: Stage, report: Report, tricks: dict[str, str], step: Step) -> None:
    buyer, fields = stage.buyer(), step.what["fields"]
    order = buyer.place()
    claim = dict(buyer.pay(buyer.start(order)))
    names = fields if isinstance(fields, tuple) else ()
    answer = buyer.deliver(claim | {str(name): tricks[str(step.what["trick"])] for name in names})
    report.trial("+".join(map(str, names)))
    where = answer.headers.get("Location", "")
    if where.startswith("//") or (where.startswith("http") and not where.startswith(stage.shop.url + "/")):
        report.violation("I11", f"the result post leads to {where}", step)
    if buyer.look(order) != "paid":
        buyer.deliver(claim)
    if buyer.look(order) != "paid":
        report.violation("I2", f"{order.order_no} cannot be paid after a lie ({step.what['trick']})", step)
