"""More buyers than pieces: exactly what was there is sold, and who pays for what is gone gets the money back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from tests.chaos.buyer import Buyer, Refusal
from tests.chaos.drain import drain
from tests.chaos.evidence import Placed
from tests.chaos.report import Figure, Report
from tests.chaos.schedule import Plan, Step
from tests.chaos.stage import Stage, crowd
from tests.payer import Window

FIGURE = Figure("oversell", quick=50, full=500, unit="buyers", holds=("I2", "I3", "I9"))
FEW, MANY = "quiet-fountain-pen", "cat-at-three"
NOES = (409, 422, 303, 200)
"""Gone when the order was sent, when the cart was filled, when the form was opened, or before the page was."""
HOUR = 3_600


@dataclass(frozen=True)
class Holder:
    """Somebody who got a piece reserved, and the window that they left open."""

    buyer: Buyer
    order: Placed
    window: Window


def run(stage: Stage, plan: Plan, report: Report) -> None:
    """Everybody orders at once; some never pay in time; the others order again; then the late ones pay after all."""
    mark, slug = stage.mark(), MANY if plan.is_full else FEW
    looks = [stage.shop.stock(slug) or 0]
    steps = [plan.step(buyer=number) for number in range(plan.count)]
    first, again = steps[: max(1, len(steps) * 2 // 3)], steps[max(1, len(steps) * 2 // 3) :]
    held = [holder for holder in crowd(partial(_reserve, stage, report, slug), first, width=25) if holder]
    if len(held) != min(looks[0], len(first)):
        report.violation("I9", f"{len(held)} of {len(first)} buyers got one of {looks[0]} pieces")
    looks.append(stage.shop.stock(slug) or 0)
    late, prompt = (held[::2], held[1::2]) if stage.can("clock") else ([], held)
    crowd(_pay, prompt, width=6)
    if late:
        stage.advance(HOUR + 60)
        stage.shop.run_due()
        looks.append(stage.shop.stock(slug) or 0)
    held = [holder for holder in crowd(partial(_reserve, stage, report, slug), again, width=25) if holder]
    crowd(_pay, [*late, *held], width=6)
    looks.append(stage.shop.stock(slug) or 0)
    sold = sum(holder.buyer.look(holder.order) == "paid" for holder in [*prompt, *late, *held])
    if sold != looks[0] - looks[-1]:
        report.violation("I9", f"{sold} pieces are sold, {looks[0] - looks[-1]} have left the shelf")
    drain(stage, report, mark, stock={slug: looks})


def _reserve(stage: Stage, report: Report, slug: str, step: Step) -> Holder | None:
    """One buyer for one piece; None is a polite no."""
    buyer = stage.buyer()
    report.trial("buyers")
    try:
        order = buyer.place({slug: 1})
        return Holder(buyer, order, buyer.open(buyer.start(order, method="transfer", work="PAY")))
    except Refusal as refusal:
        if refusal.status not in NOES:
            report.violation("I9", f"a buyer of {slug} was told {refusal.status}", step)
        return None


def _pay(holder: Holder) -> None:
    holder.buyer.deliver(holder.window.approve().result or [])
    holder.buyer.look(holder.order)
