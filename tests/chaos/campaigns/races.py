"""The same thing, or two things about the same order, at the same moment: one wins, and nothing happens twice.

A run is one scenario at one width. Most runs are narrow: that is where two requests really meet; every width has its
share all the same. Webhooks are told by the driver in the gateway's words, and by nobody else: the gateway's own would
have settled a payment before its race begins. A shop that takes none yet is looked at instead.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import cycle, islice
from queue import Queue
from random import Random
from typing import Any, TypeVar

import requests

from tests.chaos.buyer import Browser, Buyer, Staff
from tests.chaos.drain import drain
from tests.chaos.evidence import Placed
from tests.chaos.mutations import JSON, forged_notice
from tests.chaos.report import Figure, Report
from tests.chaos.schedule import Plan, Step
from tests.chaos.stage import Stage, crowd, together
from tests.payer import Pairs

FIGURE = Figure("races", quick=360, full=10_800, unit="runs", holds=("I3", "I6", "I7", "I9", "I14"))
SHARES = {2: 70, 4: 30, 8: 12, 16: 5, 32: 2, 64: 1}
"""Runs of each width among 120."""
LANES = 4
"""Narrow runs at a time, each about an order of its own."""
WIDE = 16
ALONE = ("post‖sweep", "last piece")
"""In these time jumps, or all want the same piece."""
SCARCE = "quiet-fountain-pen"
PIECES = {"test-product": 3}
PART = 1_000
HOUR = 3_600
CONFLICT = 409
CHECKING = "checking"
Act = Callable[[], Any]
Somebody = TypeVar("Somebody", bound=Browser)


def run(stage: Stage, plan: Plan, report: Report) -> None:
    """One scenario after the other, each at its share of every width."""
    mark = stage.mark()
    stage.simulator.bench(drop=1)
    lanes: Queue[tuple[Staff, Buyer]] = Queue()
    late: list[Late] = []
    for _ in range(LANES):
        lanes.put((stage.staff(), stage.buyer()))
    for place, scenario in enumerate(SCENARIOS):
        times = len(range(place, plan.count, len(SCENARIOS)))
        steps = [plan.step(scenario=scenario, width=width) for width in _widths(plan.dice(scenario), times)]
        beside = [step for step in steps if scenario not in ALONE and int(str(step.what["width"])) < WIDE]
        crowd(lambda step: _race(stage, report, step, lanes, late), beside, LANES)
        for step in steps:
            if step not in beside:
                _race(stage, report, step, lanes, late)
    drain(stage, report, mark)
    for judge in late:
        judge()
    report.measure("judged at rest", len(late))


def _race(stage: Stage, report: Report, step: Step, lanes: Queue[tuple[Staff, Buyer]], late: list[Late]) -> None:
    """One run, by people who are in no other one meanwhile."""
    staff, buyer = lanes.get()
    scenario, width = str(step.what["scenario"]), int(str(step.what["width"]))
    SCENARIOS[scenario](Race(stage, report, step, width, staff, buyer, late))
    report.trial(f"{scenario} {width}")
    lanes.put((staff, buyer))


def _widths(dice: Random, times: int) -> Iterator[int]:
    """As many as there are runs of a scenario."""
    deck = [width for width, share in SHARES.items() for _ in range(share)]
    dice.shuffle(deck)
    return islice(cycle(deck), times)


Late = Callable[[], None]
"""Judges, once everything has come to rest, what had no answer yet when its race was over."""


class Race:
    """One run: the stage, how many take part, a buyer and a member of the staff, and what must not come of it."""

    def __init__(
        self, stage: Stage, report: Report, step: Step, width: int, staff: Staff, buyer: Buyer, late: list[Late]
    ) -> None:
        self.stage, self.report, self.step, self.width = stage, report, step, width
        self.staff, self.buyer, self.late = staff, buyer, late
        self.has_webhooks = stage.can("webhooks")

    def fails(self, invariant: str, text: str) -> None:
        """It went wrong."""
        self.report.violation(invariant, f"{self.step.what['scenario']}, {self.width} at once: {text}", self.step)

    def insist_on(self, order: Placed, *states: str) -> None:
        """The order's page shows one of these now, or later where an answer is missing: the machine may be slow."""
        state = self.buyer.look(order)
        if state in states:
            return
        if self.lacks_answer(order, state):
            self.late.append(partial(self.insist_on_in_the_end, order, states))
        else:
            self.fails("I10", f"{order.order_no} is {state or 'not shown'}")

    def insist_on_in_the_end(self, order: Placed, states: Sequence[str]) -> None:
        """A payment that was made once is paid. What has become of a refund, only the oracle can tell."""
        if "paid" in states and order.seen[-1] != "paid":
            self.fails("I10", f"{order.order_no} is {order.seen[-1]} after all")

    def lacks_answer(self, order: Placed, state: str) -> bool:
        """Whether the shop says that it does not know yet, of the payment or of a refund."""
        return state == CHECKING or any(
            row.kind == "refund" and row.order_no == order.order_no for row in self.stage.shop.desk()
        )

    def insist_on_refund(self, invariant: str, order: Placed, amount: int, state: str) -> None:
        """So much went back, once. With an answer missing it may be less, and what has become of it is seen later."""
        back = self.refunded(order)
        if back > amount or (back < amount and not self.lacks_answer(order, "")):
            self.fails(invariant, f"{back} won of {order.order_no} went back for one refund of {amount} won")
        self.insist_on(order, state)

    def insist_on_one_charge(self, order: Placed) -> None:
        """All attempts together have collected the price once, now or at rest: a second window may wait for its turn.

        A shop asks about so many payments at a time, and returns what it does not know of only when it has asked.
        """
        if self.kept(order) != order.total:
            self.late.append(partial(self.insist_on_one_charge_in_the_end, order))

    def insist_on_one_charge_in_the_end(self, order: Placed) -> None:
        """Whatever came too much has gone back by now."""
        kept = self.kept(order)
        if kept != order.total:
            self.fails("I3", f"{kept} won are kept for {order.order_no} over {order.total} won")

    def kept(self, order: Placed) -> int:
        """Won that all attempts together have collected, less what went back."""
        rows = [self.stage.simulator.payment(number) for number in order.attempts]
        return sum(row["total"] - row["refunded_total"] for row in rows if row["paid_at"])

    def claimed(self, order: Placed, **choices: object) -> Pairs:
        """A result that is on its way."""
        return self.buyer.pay(self.buyer.start(order, **choices))

    def paid(self) -> Placed:
        """An order that is paid."""
        return self.buyer.buy(PIECES, work=self.step.dice.choice(("CERT", "PAY")))

    def refunded(self, order: Placed) -> int:
        """Won that went back."""
        return sum(int(self.stage.simulator.payment(number)["refunded_total"]) for number in order.attempts)

    def refund_together(self, order: Placed, forms: Sequence[Mapping[str, str]]) -> None:
        """Send all these forms at once. What one of them proved by the password holds for the next race, too."""
        people = [twin(self.staff) for _ in forms]
        together([partial(one.send_refund, order.order_no, form) for one, form in zip(people, forms, strict=True)])
        self.staff.session.cookies.update(people[0].session.cookies)

    def split(self, one: Act, other: Act) -> None:
        """Both acts at once, in equal numbers."""
        together([one if number % 2 else other for number in range(self.width)])

    def notice(self, event: str, order: Placed) -> Act:
        """A webhook about an order's last attempt; without webhooks a look at its page."""
        if not self.has_webhooks:
            stranger = twin(self.buyer)
            return lambda: stranger.get(f"/orders/{order.order_no}")
        told = forged_notice(
            event, order.attempts[-1], order.total, self.step.dice, method="card", origin=self.stage.simulator.url
        )
        url, body = f"{self.stage.shop.url}/payments/webhook", json.dumps(told).encode()
        return lambda: self.stage.watch.session().post(url, data=body, headers={"Content-Type": JSON})


def twin(somebody: Somebody) -> Somebody:
    """The same browser once more, to be used by another thread."""
    other = copy.copy(somebody)
    other.session = somebody.shop.stage.watch.session()
    other.session.cookies.update(somebody.session.cookies)
    return other


def _order_order(race: Race) -> None:
    """One order form, sent many times: one order."""
    buyer = race.buyer
    form = buyer.fill(PIECES)
    answers: list[requests.Response] = together([partial(twin(buyer).post, "/orders", form) for _ in range(race.width)])
    places = {answer.headers.get("Location", f"answer {answer.status_code}") for answer in answers}
    if len(places) != 1:
        race.fails("I3", f"one form made {sorted(places)}")
    number = min(places).rpartition("/")[2]
    buyer.session.cookies.update(answers[0].cookies)
    race.insist_on(buyer.note(number, PIECES), "awaiting_payment")


def _post_post(race: Race) -> None:
    """One result, posted many times."""
    order = race.buyer.place(PIECES)
    claim = race.claimed(order, work=race.step.dice.choice(("CERT", "PAY")))
    together([lambda: race.buyer.deliver(claim)] * race.width)
    race.insist_on(order, "paid")
    race.insist_on_one_charge(order)


def _post_webhook(race: Race) -> None:
    """The result and the webhook of one payment."""
    order = race.buyer.place(PIECES)
    claim = race.claimed(order, work=race.step.dice.choice(("CERT", "PAY")))
    race.split(lambda: race.buyer.deliver(claim), race.notice("paid", order))
    race.insist_on(order, "paid")
    race.insist_on_one_charge(order)


def _post_sweep(race: Race) -> None:
    """The order's time is over and the sweep comes by, just as the result of a payment arrives."""
    order = race.buyer.place(PIECES)
    claim = race.claimed(order, work="PAY")
    if race.stage.can("clock"):
        race.stage.advance(HOUR + 60)
    posts: list[Act] = [lambda: race.buyer.deliver(claim)] * (race.width - 1)
    together([race.stage.shop.run_due, *posts])
    race.insist_on(order, "paid")
    race.insist_on_one_charge(order)


def _two_windows(race: Race) -> None:
    """Two windows of one order, both gone through."""
    order, work = race.buyer.place(PIECES), race.step.dice.choice(("CERT", "PAY"))
    openings = [race.buyer.start(order, work=work), race.buyer.start(order, work=work)]
    first, second = (race.buyer.pay(opening) for opening in openings)
    race.split(lambda: race.buyer.deliver(first), lambda: race.buyer.deliver(second))
    race.stage.shop.run_due()
    race.insist_on(order, "paid")
    race.insist_on_one_charge(order)


def _refund_same_intent(race: Race) -> None:
    """One refund form, sent many times: one refund."""
    order = race.paid()
    form = race.staff.refund_form(order.order_no) | {"amount": str(PART)}
    race.refund_together(order, [form] * race.width)
    race.insist_on_refund("I7", order, PART, "partially_refunded")


def _refund_two_operators(race: Race) -> None:
    """Several people refund what they all saw as refundable: one of them does, the others see a stale balance."""
    order = race.paid()
    amount, state = race.step.dice.choice(((PART, "partially_refunded"), (order.total, "refunded")))
    forms = [race.staff.refund_form(order.order_no) | {"amount": str(amount)} for _ in range(race.width)]
    race.refund_together(order, forms)
    race.insist_on_refund("I7", order, amount, state)


def _refund_too_much(race: Race) -> None:
    """Part has gone back; several people ask for the whole price again, by forms that say that all of it is left."""
    order = race.paid()
    race.refund_together(order, [race.staff.refund_form(order.order_no) | {"amount": str(PART)}])
    all_of_it = {"amount": str(order.total), "seen_refundable": str(order.total)}
    forms = [race.staff.refund_form(order.order_no) | all_of_it for _ in range(race.width)]
    race.refund_together(order, forms)
    race.insist_on_refund("I5", order, PART, "partially_refunded")


def _refund_webhook(race: Race) -> None:
    """A refund, while notices say paid and cancelled."""
    order = race.paid()
    form = race.staff.refund_form(order.order_no) | {"amount": str(PART)}
    notices = [race.notice(("paid", "cancelled")[number % 2], order) for number in range(race.width - 1)]
    together([lambda: race.staff.send_refund(order.order_no, form), *notices])
    race.insist_on_refund("I7", order, PART, "partially_refunded")


def _last_stock(race: Race) -> None:
    """Many buyers and one last piece; nobody pays, so that it is there again for the next run."""
    left = race.stage.shop.stock(SCARCE) or 0
    if left > 1:
        race.buyer.place({SCARCE: left - 1})
    buyers = [race.stage.buyer() for _ in range(race.width)]
    forms = [buyer.fill({SCARCE: 1}) for buyer in buyers]
    answers: list[requests.Response] = together(
        [partial(one.post, "/orders", form) for one, form in zip(buyers, forms, strict=True)]
    )
    winners = [pair for pair in zip(buyers, answers, strict=True) if pair[1].is_redirect]
    losers = {answer.status_code for answer in answers if not answer.is_redirect}
    for buyer, answer in winners:
        buyer.note(answer.headers["Location"].rpartition("/")[2], {SCARCE: 1})
    if len(winners) != min(left, 1) or losers - {CONFLICT}:
        race.fails("I9", f"{len(winners)} buyers got the last of {left} pieces, the others {losers or 'nothing'}")
    if stock := race.stage.shop.stock(SCARCE):
        race.fails("I9", f"{stock} pieces are left after the last one was ordered")
    if race.stage.can("clock"):
        race.stage.advance(HOUR + 60)
        race.stage.shop.run_due()


SCENARIOS: dict[str, Callable[[Race], None]] = {
    "order‖order": _order_order,
    "post‖post": _post_post,
    "post‖webhook": _post_webhook,
    "post‖sweep": _post_sweep,
    "two windows": _two_windows,
    "refund‖refund, one form": _refund_same_intent,
    "refund‖refund, several people": _refund_two_operators,
    "refund‖refund, changed forms": _refund_too_much,
    "refund‖webhook": _refund_webhook,
    "last piece": _last_stock,
}
