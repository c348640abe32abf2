"""The same thing, or two things about one order, at the same moment: one wins, and nothing happens twice.

The gateway's own webhooks are lost: they would settle a payment before its race begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from typing import Any

import requests

from tests.chaos.drain import settle
from tests.chaos.forgeries import forged_webhook
from tests.chaos.people import Buyer, Staff
from tests.chaos.report import Plan, Report, Step
from tests.chaos.stage import Stage, crowd, together
from tests.oracle import Placed

WIDTHS = (*[2] * 12, *[4] * 6, *[8] * 3, *[16] * 2, 32)
LANES = 4
"""Narrow runs at a time, each about an order of its own."""
WIDE = 16
ALONE = ("result and sweep", "last piece", "one month", "charge and stop")
"""In these time jumps, or all want the same piece."""
SCARCE, PIECES = "quiet-fountain-pen", {"test-product": 3}
PART, HOUR = 1_000, 3_600

Act = Callable[[], Any]


@dataclass(frozen=True)
class Race:
    """One run: how many take part, a buyer, and a member of the staff."""

    stage: Stage
    report: Report
    step: Step
    width: int
    buyer: Buyer
    staff: Staff

    def fail(self, invariant: str, text: str) -> None:
        self.report.breach(invariant, f"{self.step.what['scenario']}, {self.width} at once: {text}", self.step)

    def started(self, **choices: Any) -> tuple[Placed, Any]:
        """An order, and a result of its payment that is on its way."""
        order = self.buyer.place(PIECES)
        return order, self.buyer.pay(self.buyer.start(order, **choices))

    def any_work(self) -> str:
        return self.step.dice.choice(("CERT", "PAY"))

    def split(self, one: Act, other: Act) -> None:
        together([other if number % 2 else one for number in range(self.width)])

    def refund_together(self, order: Placed, forms: Sequence[Mapping[str, str]]) -> None:
        people = [self.staff.twin() for _ in forms]
        together([partial(one.send_refund, order, form) for one, form in zip(people, forms, strict=True)])

    def webhook(self, event: str, order: Placed) -> Act:
        url = f"{self.stage.shop.url}/payments/webhook"
        message = forged_webhook(event, order.attempts[-1], order.total, method="card")
        return lambda: self.stage.watch.session().post(url, json=message)

    def check_refunded(self, order: Placed, amount: int) -> None:
        """So much went back, once; less if a refund has no answer yet."""
        payments = self.stage.simulator.payments()
        back = sum(int(payments[oid]["refunded_total"]) for oid in order.attempts)
        if back > amount:
            self.fail("I3", f"{back} won of {order.order_no} went back for one refund of {amount} won")
        order.may_be_on_desk = True
        self.buyer.look(order)


def run(stage: Stage, plan: Plan, report: Report) -> None:
    """Every scenario at its share of every width; the oracle judges what comes of the payments."""
    stage.simulator.webhooks(drop=1)
    names = list(SCENARIOS)
    steps = [
        plan.step(scenario=scenario, width=width)
        for place, scenario in enumerate(names)
        for width in islice(cycle(WIDTHS[place % 2 :: 2] + WIDTHS), len(range(place, plan.count, len(names))))
    ]
    is_narrow = {
        step.number: step.what["scenario"] not in ALONE and int(str(step.what["width"])) < WIDE for step in steps
    }
    run_one = partial(_race, stage, report)
    crowd(run_one, [step for step in steps if is_narrow[step.number]], LANES)
    crowd(run_one, [step for step in steps if not is_narrow[step.number]], 1)


def _race(stage: Stage, report: Report, step: Step) -> None:
    scenario, width = str(step.what["scenario"]), int(str(step.what["width"]))
    with stage.staff() as member:
        SCENARIOS[scenario](Race(stage, report, step, width, stage.buyer(step), member))
    report.trial()


def _order_form(race: Race) -> None:
    """One order form, sent many times: one order."""
    form = race.buyer.fill(PIECES)
    answers: list[requests.Response] = together(
        [partial(race.buyer.twin().post, "/orders", form) for _ in range(race.width)]
    )
    places = {answer.headers.get("Location", f"answer {answer.status_code}") for answer in answers}
    if len(places) != 1:
        race.fail("I6", f"one form made {sorted(places)}")
    race.buyer.session.cookies.update(answers[0].cookies)
    race.buyer.look(race.buyer.note(answers[0], PIECES))


def _result(race: Race) -> None:
    order, result = race.started(work=race.any_work())
    together([partial(race.buyer.deliver, result)] * race.width)
    race.buyer.look(order)


def _result_and_webhook(race: Race) -> None:
    order, result = race.started(work=race.any_work())
    race.split(partial(race.buyer.deliver, result), race.webhook("paid", order))
    race.buyer.look(order)


def _result_and_sweep(race: Race) -> None:
    """The order's time is over and the sweep comes, just as the result of a payment arrives."""
    order, result = race.started(work="PAY")
    race.stage.advance(HOUR + 60)
    together([race.staff.run_due, *[partial(race.buyer.deliver, result)] * (race.width - 1)])
    race.buyer.look(order)


def _two_windows(race: Race) -> None:
    order, work = race.buyer.place(PIECES), race.any_work()
    openings = [race.buyer.start(order, work=work), race.buyer.start(order, work=work)]
    first, second = (race.buyer.pay(opening) for opening in openings)
    race.split(partial(race.buyer.deliver, first), partial(race.buyer.deliver, second))
    race.buyer.look(order)


def _paid(race: Race) -> Placed:
    return race.buyer.buy(PIECES, work=race.any_work())


def _one_refund_form(race: Race) -> None:
    order = _paid(race)
    race.refund_together(order, [race.staff.refund_form(order) | {"amount": str(PART)}] * race.width)
    race.check_refunded(order, PART)


def _several_people(race: Race) -> None:
    """Several people refund what they all saw as refundable: one of them does, the others see a stale balance."""
    order = _paid(race)
    amount = race.step.dice.choice((PART, order.total))
    race.refund_together(order, [race.staff.refund_form(order) | {"amount": str(amount)} for _ in range(race.width)])
    race.check_refunded(order, amount)


def _changed_forms(race: Race) -> None:
    """A part went back; several people ask for the whole price by forms that say that all of it is left."""
    order = _paid(race)
    race.staff.refund(order, PART)
    changed = {"amount": str(order.total), "seen_refundable": str(order.total)}
    race.refund_together(order, [race.staff.refund_form(order) | changed for _ in range(race.width)])
    race.check_refunded(order, PART)


def _refund_and_webhook(race: Race) -> None:
    order = _paid(race)
    form = race.staff.refund_form(order) | {"amount": str(PART)}
    webhooks = [race.webhook(("paid", "cancelled")[number % 2], order) for number in range(race.width - 1)]
    together([partial(race.staff.send_refund, order, form), *webhooks])
    race.check_refunded(order, PART)


def _last_piece(race: Race) -> None:
    """Many buyers and one last piece; nobody pays, so that it is there again for the next run."""
    if (left := race.stage.shop.stock(SCARCE)) > 1:
        race.buyer.place({SCARCE: left - 1})
    buyers = [race.stage.buyer(race.step) for _ in range(race.width)]
    forms = [buyer.fill({SCARCE: 1}) for buyer in buyers]
    answers = together([partial(one.post, "/orders", form) for one, form in zip(buyers, forms, strict=True)])
    winners = [(buyer, answer) for buyer, answer in zip(buyers, answers, strict=True) if answer.is_redirect]
    for buyer, answer in winners:
        buyer.note(answer, {SCARCE: 1})
    others = {answer.status_code for answer in answers if not answer.is_redirect} - {requests.codes.conflict}
    if len(winners) != min(left, 1) or others or race.stage.shop.stock(SCARCE):
        race.fail("I6", f"{len(winners)} buyers got the last of {left} pieces, the others {others or 'nothing'}")
    race.stage.advance(HOUR + 60)
    settle(race.stage)


def _one_month(race: Race) -> None:
    """A month is due when many sweeps come: it is charged once."""
    race.buyer.subscribe()
    race.stage.pass_a_month()
    together([one.run_due for one in [race.staff.twin() for _ in range(race.width)]])


def _charge_and_stop(race: Race) -> None:
    """A subscription is stopped and its card deleted, just as a month is charged."""
    order = race.buyer.subscribe(save="y")
    race.stage.pass_a_month()
    stops: list[Act] = [race.buyer.delete_saved, partial(race.staff.stop_subscription, order)]
    sweeps = [race.staff.twin().run_due for _ in range(race.width - 1)]
    together([*sweeps, *stops])
    race.buyer.look(order)


SCENARIOS: dict[str, Callable[[Race], None]] = {
    "order form": _order_form,
    "result": _result,
    "result and webhook": _result_and_webhook,
    "result and sweep": _result_and_sweep,
    "two windows": _two_windows,
    "one refund form": _one_refund_form,
    "several people": _several_people,
    "changed forms": _changed_forms,
    "refund and webhook": _refund_and_webhook,
    "last piece": _last_piece,
    "one month": _one_month,
    "charge and stop": _charge_and_stop,
}
