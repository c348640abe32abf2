"""Whose order is it: everybody asks for everybody's orders, and only the owner learns that there is one."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from itertools import product

import requests

from tests.chaos.buyer import Buyer
from tests.chaos.campaigns import scenes
from tests.chaos.campaigns.scenes import Scene
from tests.chaos.drain import drain
from tests.chaos.report import Figure, Report
from tests.chaos.schedule import Plan, Step
from tests.chaos.stage import Stage, crowd

FIGURE = Figure("owner matrix", quick=100, full=2_500, unit="pairs", holds=("I19",))
NOBODY = "20200101-AAAAAAAA"
VARYING = re.compile(r'(nonce|value|content)="[^"]*"|nonce-[\w-]+|[0-9]{8}-[A-Z2-7]{8}')
FORGED_COOKIE = "eyJ2aXNpdG9yIjoiZm9yZ2VkIn0.aaaaaa.forged-forged-forged-forged"

FOR_BUYERS = ("page", "attempt", "lookup")
Neutral = tuple[int, str, str]
"""What may be compared of an answer: its status, where it leads, its text."""


def run(stage: Stage, plan: Plan, report: Report) -> None:
    """Rows are people, columns are orders in all kinds of states."""
    mark, side = stage.mark(), 50 if plan.is_full else 10
    makers = [scenes.MAKERS[name] for name in scenes.MAKERS if name not in ("checking", "attention", "open_card")]
    built = [makers[number % len(makers)](stage) for number in range(min(side, 4 * len(makers)))]
    built += [_plain(stage) for _ in range(side - len(built))]
    strangers = {"guest": Asker(Buyer(stage.shop)), "forged cookie": Asker(_with_cookie(stage, FORGED_COOKIE))}
    people = [(Asker(scene.buyer), scene) for scene in built]
    cells = list(product(range(side), range(side)))
    plan.dice("cells").shuffle(cells)
    steps = [plan.step(person=person, order=order) for person, order in plan.mine(cells)[: plan.count]]
    crowd(partial(_ask, report, people), steps, width=4)
    for who, stranger in strangers.items():
        for scene in built:
            _insist_on_nothing(report, stranger, scene, plan.step(who=who, order=scene.order.order_no))
    drain(stage, report, mark)


def _plain(stage: Stage) -> Scene:
    buyer = stage.buyer()
    order = buyer.place()
    return Scene("fresh", order, buyer, order.order_no)


def _with_cookie(stage: Stage, value: str) -> Buyer:
    buyer = Buyer(stage.shop)
    buyer.session.cookies.set("shop", value, domain="localhost.local", path="/")
    return buyer


def _ask(report: Report, people: list[tuple[Asker, Scene]], step: Step) -> None:
    asker, own = people[int(str(step.what["person"]))]
    _, scene = people[int(str(step.what["order"]))]
    if own is not scene:
        _insist_on_nothing(report, asker, scene, step)
    elif not own.buyer.look(own.order):
        report.violation("I19", f"the owner of {own.order.order_no} does not see it", step)
    report.trial("own" if own is scene else "another's")


def _insist_on_nothing(report: Report, asker: Asker, scene: Scene, step: Step) -> None:
    """Page, payment, lookup and staff page say the same about this order as about one that does not exist."""
    number = scene.order.order_no
    for question, ask in asker.questions.items():
        theirs, nobodys = _neutral(ask(number)), asker.nobodys(question)
        if theirs != nobodys:
            text = f"{question} of {number} ({scene.state}) differs from that of an order that does not exist"
            report.violation("I19", f"{text}: {theirs[0]} and {nobodys[0]}", step)
        if question in FOR_BUYERS and theirs[0] < requests.codes.bad_request:
            report.violation("I19", f"{question} of {number} answered {theirs[0]} to a stranger", step)


class Asker:
    """Somebody who asks about orders, and what they hear about one that does not exist."""

    def __init__(self, buyer: Buyer) -> None:
        self._buyer = buyer
        self._heard: dict[str, Neutral] = {}
        buyer.get("/orders/lookup")
        self.questions: dict[str, Callable[[str], requests.Response]] = {
            "page": lambda order_no: buyer.get(f"/orders/{order_no}"),
            "attempt": self._start,
            "lookup": lambda order_no: buyer.find(order_no, buyer.phone),
            "staff page": lambda order_no: buyer.get(f"/admin/orders/{order_no}"),
            "staff refund": lambda order_no: buyer.post(f"/admin/orders/{order_no}/refunds", {"amount": "1"}),
        }

    def nobodys(self, question: str) -> Neutral:
        """The answer about no order at all; asked once."""
        if question not in self._heard:
            self._heard[question] = _neutral(self.questions[question](NOBODY))
        return self._heard[question]

    def _start(self, order_no: str) -> requests.Response:
        headers = {"X-CSRFToken": self._buyer.token, "Accept": "application/json"}
        return self._buyer.post(f"/orders/{order_no}/attempts", {"method": "card"}, token=False, headers=headers)


def _neutral(answer: requests.Response) -> Neutral:
    """What may be compared: without tokens, nonces and the number that was asked for."""
    return answer.status_code, VARYING.sub("", answer.headers.get("Location", "")), VARYING.sub("", answer.text)
