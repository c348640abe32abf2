"""Ten times as many buyers as pieces: what was there is sold once, and who pays too late gets the money back."""

from __future__ import annotations

from functools import partial

from tests.chaos.drain import settle
from tests.chaos.people import Buyer, Refusal
from tests.chaos.report import Plan, Report, Step
from tests.chaos.stage import Stage, crowd
from tests.oracle import Placed
from tests.payer import Window

FEW, MANY = "quiet-fountain-pen", "cat-at-three"
POLITE = (409, 422, 303, 200)
"""Gone when the order was sent, when the cart was filled, when the form was opened, or before the page was."""
HOUR = 3_600
Holder = tuple[Buyer, Placed, Window]


def run(stage: Stage, plan: Plan, report: Report) -> None:
    """Everybody orders at once; some do not pay in time; the others order again; then the late ones pay after all."""
    slug = MANY if plan.is_full else FEW
    stage.look_at_stock(slug)
    steps = [plan.step(buyer=number) for number in range(plan.count)]
    first, again = steps[: max(1, len(steps) * 2 // 3)], steps[max(1, len(steps) * 2 // 3) :]
    held = _reserve_all(stage, report, slug, first)
    if len(held) != min(stage.stock[slug][0], len(first)):
        report.breach("I6", f"{len(held)} of {len(first)} buyers got one of {stage.stock[slug][0]} pieces")
    late, prompt = held[::2], held[1::2]
    crowd(_pay, prompt)
    stage.advance(HOUR + 60)
    settle(stage)
    stage.look_at_stock(slug)
    crowd(_pay, late + _reserve_all(stage, report, slug, again))


def _reserve_all(stage: Stage, report: Report, slug: str, steps: list[Step]) -> list[Holder]:
    return [holder for holder in crowd(partial(_reserve, stage, report, slug), steps, width=25) if holder]


def _reserve(stage: Stage, report: Report, slug: str, step: Step) -> Holder | None:
    """One buyer for one piece; None is a polite no."""
    buyer = stage.buyer(step)
    report.trial()
    try:
        order = buyer.place({slug: 1})
        return buyer, order, buyer.open(buyer.start(order, method="transfer", work="PAY"))
    except Refusal as refusal:
        if refusal.status not in POLITE:
            report.breach("I6", f"a buyer of {slug} was answered {refusal.status}", step)
        return None


def _pay(holder: Holder) -> None:
    buyer, order, window = holder
    buyer.deliver(window.approve().result or [])
    buyer.look(order)
