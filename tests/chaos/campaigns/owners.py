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


def run(stage: Stage, plan: Plan, report: Report) -> None:
    """Rows are people, columns are orders in all kinds of states."""
    mark, side = stage.mark(), 50 if plan.is_full else 10
    makers = [scenes.MAKERS[name] for name in scenes.MAKERS if name not in ("checking", "attention", "open_card")]
    built = [makers[number % len(makers)](stage) for number in range(min(side, 4 * len(makers)))]
    built += [_plain(stage) for _ in range(side - len(built))]
    strangers = {"guest": Buyer(stage.shop), "forged cookie": _with_cookie(stage, FORGED_COOKIE)}
    cells = plan.mine(list(product(range(side), range(side))))[: plan.count]
    steps = [plan.step(person=person, order=order) for person, order in cells]
    crowd(partial(_ask, stage, report, built), steps, width=4)
    for who, stranger in strangers.items():
        for scene in built:
            _insist_on_nothing(stage, report, stranger, scene, plan.step(who=who, order=scene.order.order_no))
    drain(stage, report, mark)


def _plain(stage: Stage) -> Scene:
    buyer = stage.buyer()
    order = buyer.place()
    return Scene("fresh", order, buyer, order.order_no)


def _with_cookie(stage: Stage, value: str) -> Buyer:
    buyer = Buyer(stage.shop)
    buyer.session.cookies.set("shop", value, domain="localhost.local", path="/")
    return buyer


def _ask(stage: Stage, report: Report, built: list[Scene], step: Step) -> None:
    person, scene = built[int(str(step.what["person"]))], built[int(str(step.what["order"]))]
    if person is scene:
        if not person.buyer.look(scene.order):
            report.violation("I19", f"the owner of {scene.order.order_no} does not see it", step)
    else:
        _insist_on_nothing(stage, report, person.buyer, scene, step)
    report.trial("own" if person is scene else "another's")


def _insist_on_nothing(stage: Stage, report: Report, asker: Buyer, scene: Scene, step: Step) -> None:
    """Page, payment, lookup and staff page say the same about this order as about one that does not exist."""
    number, phone = scene.order.order_no, asker.phone
    with_token = {"X-CSRFToken": asker.token, "Accept": "application/json"}
    questions: dict[str, Callable[[str], requests.Response]] = {
        "page": lambda order_no: asker.get(f"/orders/{order_no}"),
        "attempt": lambda order_no: asker.post(
            f"/orders/{order_no}/attempts", {"method": "card"}, token=False, headers=with_token
        ),
        "lookup": lambda order_no: asker.find(order_no, phone),
        "staff page": lambda order_no: asker.get(f"/admin/orders/{order_no}"),
        "staff refund": lambda order_no: asker.post(f"/admin/orders/{order_no}/refunds", {"amount": "1"}),
    }
    for question, ask in questions.items():
        theirs, nobodys = _neutral(ask(number)), _neutral(ask(NOBODY))
        if theirs != nobodys:
            text = f"{question} of {number} ({scene.state}) differs from that of an order that does not exist"
            report.violation("I19", f"{text}: {theirs[0]} and {nobodys[0]}", step)
        if question in ("page", "attempt", "lookup") and theirs[0] < requests.codes.bad_request:
            report.violation("I19", f"{question} of {number} answered {theirs[0]} to a stranger", step)


def _neutral(answer: requests.Response) -> tuple[int, str, str]:
    """What may be compared: without tokens, nonces and the number that was asked for."""
    return answer.status_code, VARYING.sub("", answer.headers.get("Location", "")), VARYING.sub("", answer.text)
