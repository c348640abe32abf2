"""Forged result posts and webhooks about orders in every state: nothing happens.

Afterwards everybody whose order can still be paid pays it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from threading import local
from typing import Any

import requests

from tests.chaos.drain import settle
from tests.chaos.forgeries import KINDS, Fields, Others, forged_result, forged_webhook, hostile_urls, mutate
from tests.chaos.people import Buyer, Refusal
from tests.chaos.report import Plan, Report, Step, percentile
from tests.chaos.stage import Stage, crowd
from tests.oracle import Placed
from tests.tools.processes import wait_until

PIECE, PENCILS, PLENTY = {"alley-timetable": 1}, {"pencil-set": 1}, {"test-product": 2}
PAYABLE = ("fresh", "open card", "open PAY", "open transfer", "closed", "declined")
MONEY = ("charged", "cancelled", "receipt_issued", "receipt_reduced", "receipt_cancelled")
STORM = 40
FAST = 1.0
"""Seconds within which a webhook is answered, in 99 of 100 cases."""
MINUTE, HOUR = 60, 3_600
WEBHOOK_ARRIVES = 10.0
"""Seconds."""
_thread = local()


@dataclass
class Scene:
    """One order in some state, and what an attacker may use: its latest number, the result that was delivered."""

    state: str
    order: Placed
    buyer: Buyer
    number: str
    choices: Mapping[str, Any] = field(default_factory=dict)
    result: dict[str, str] = field(default_factory=dict)
    link: str = ""


def post_results(stage: Stage, plan: Plan, report: Report) -> None:
    scenes = _scenes(stage, plan)
    others, before = _others(stage, scenes), _sight(stage, scenes)
    kinds = [*KINDS, "repeated"]
    pairs = [(number % len(scenes), kinds[(number // len(scenes)) % len(kinds)]) for number in range(plan.count)]
    steps = [plan.step(scene=place, state=scenes[place].state, kind=kind) for place, kind in pairs]

    def post(step: Step) -> None:
        scene, kind = scenes[int(str(step.what["scene"]))], str(step.what["kind"])
        answer = _send(stage, "/payments/result", _result(stage, scene, kind, others, step))
        _check_answer(stage, report, answer, (303, 400), step)
        report.trial()

    _lead_elsewhere(stage, plan, report)
    crowd(post, steps)
    _no_effect(stage, report, before, _sight(stage, scenes))
    _pay_after_all(stage, report, scenes)


def post_webhooks(stage: Stage, plan: Plan, report: Report) -> None:
    scenes = _scenes(stage, plan)
    others, before = _others(stage, scenes), _sight(stage, scenes)
    kinds = [*KINDS]

    def step_of(number: int) -> Step:
        is_storm = number >= plan.count * 3 // 4
        place = (number // STORM if is_storm else number) % len(scenes)
        kind = "as it is" if is_storm else kinds[(number // len(scenes)) % len(kinds)]
        return plan.step(scene=place, state=scenes[place].state, kind=kind, event=("paid", "cancelled")[number % 2])

    def post(step: Step) -> None:
        scene, event = scenes[int(str(step.what["scene"]))], str(step.what["event"])
        method = scene.choices.get("method", "card")
        honest = forged_webhook(event, scene.number, scene.order.total, method=method)
        message = mutate(str(step.what["kind"]), honest, step.dice, others)
        answer = _send(stage, "/payments/webhook", message, as_json=step.dice.random() < 0.5)
        report.measure("seconds of an answer", answer.elapsed.total_seconds())
        _check_answer(stage, report, answer, (200,), step)
        report.trial()

    crowd(post, [step_of(number) for number in range(plan.count)], width=12)
    if (slow := percentile(report.measures["seconds of an answer"], 0.99)) > FAST:
        report.breach("I10", f"one webhook of a hundred was answered after {slow:.1f} s")
    stage.run_due()
    _no_effect(stage, report, before, _sight(stage, scenes))
    _pay_after_all(stage, report, scenes)


# --- scenes -----------------------------------------------------------------------------------------------------------


def _scenes(stage: Stage, plan: Plan) -> list[Scene]:
    """Orders in every state. The expired one and the one for a person come first, since they take an hour."""
    step = plan.step(scene="orders")
    old = [_open(stage, step, "expired"), _answered(stage, step, "attention", "other_oid")]
    stage.advance(HOUR + 60)
    settle(stage)
    for scene in old:
        scene.buyer.look(scene.order)
    return old + [make(stage, step) for make in MAKERS]


def _fresh(stage: Stage, step: Step) -> Scene:
    buyer = stage.buyer(step)
    order = buyer.place(PLENTY)
    return Scene("fresh", order, buyer, order.order_no)


def _open(stage: Stage, step: Step, state: str, lines: Mapping[str, int] = PIECE, **choices: Any) -> Scene:
    buyer = stage.buyer(step)
    order = buyer.place(lines)
    return Scene(state, order, buyer, buyer.start(order, **choices).attempt_no, choices)


def _linked(stage: Stage, step: Step) -> Scene:
    """An order with a payment link. The number is one that the gateway might give to a payment of it."""
    buyer = stage.buyer(step)
    order = buyer.place(PLENTY)
    with stage.staff() as member:
        link = member.make_link(order)
    return Scene("linked", order, buyer, f"LINK{step.dice.getrandbits(60):x}", link=link)


def _closed(stage: Stage, step: Step) -> Scene:
    buyer = stage.buyer(step)
    order = buyer.place(PIECE)
    opening = buyer.start(order)
    buyer.deliver(buyer.close(opening))
    return Scene("closed", order, buyer, opening.attempt_no)


def _paid(stage: Stage, step: Step, state: str, scenario: str = "", **choices: Any) -> Scene:
    buyer = stage.buyer(step)
    order = buyer.place(PENCILS if state != "declined" else PIECE)
    opening = buyer.start(order, **choices)
    result = buyer.pay(opening, scenario)
    buyer.deliver(result)
    buyer.look(order)
    return Scene(state, order, buyer, opening.attempt_no, choices, dict(result))


def _refunded(stage: Stage, step: Step, state: str, amount: int | None) -> Scene:
    scene = _paid(stage, step, state)
    with stage.staff() as member:
        member.refund(scene.order, amount)
    scene.buyer.look(scene.order)
    return scene


def _answered(stage: Stage, step: Step, state: str, kind: str) -> Scene:
    """A confirm that charged and was answered like that."""
    buyer = stage.buyer(step)
    order = buyer.place(PENCILS)
    opening = buyer.start(order)
    stage.simulator.fault("confirm", kind, oid=opening.attempt_no)
    if state == "checking":
        stage.simulator.fault("inquiry", "pending", oid=opening.attempt_no, times=100_000)
    result = buyer.pay(opening)
    buyer.deliver(result)
    buyer.look(order)
    order.may_be_on_desk = state == "attention"
    return Scene(state, order, buyer, opening.attempt_no, result=dict(result))


MAKERS: list[Callable[[Stage, Step], Scene]] = [
    _fresh,
    partial(_open, state="open card"),
    partial(_open, state="open PAY", work="PAY"),
    partial(_open, state="open transfer", lines=PLENTY, method="transfer"),
    _linked,
    _closed,
    partial(_paid, state="declined", scenario="limit"),
    partial(_answered, state="checking", kind="lost_answer"),
    partial(_paid, state="paid"),
    partial(_paid, state="paid PAY", work="PAY"),
    partial(_paid, state="paid by transfer", method="transfer", cash_receipt=True),
    partial(_refunded, state="partially refunded", amount=1_000),
    partial(_refunded, state="refunded", amount=None),
]


def _others(stage: Stage, scenes: list[Scene]) -> Others:
    over = [scene.result for scene in scenes if scene.state not in PAYABLE and scene.result.get("PCD_PAY_REQKEY")]
    keys = tuple((result["PCD_PAY_REQKEY"], result["PCD_AUTH_KEY"]) for result in over)
    return Others(tuple(scene.number for scene in scenes), keys or (("none", "none"),), stage.canary.url)


# --- forged messages -------------------------------------------------------------------------------------------------


def _result(stage: Stage, scene: Scene, kind: str, others: Others, step: Step) -> Fields:
    """A delivered result over again where there is one, else an invented one, changed as the kind says."""
    method, work = scene.choices.get("method", "card"), scene.choices.get("work", "CERT")
    forged = forged_result(
        scene.number, scene.order.total, step.dice, method=method, work=work, origin=stage.simulator.url
    )
    if scene.state not in PAYABLE and (kind == "repeated" or step.dice.random() < 0.5):
        forged |= scene.result
    return mutate("as it is" if kind == "repeated" else kind, forged, step.dice, others)


def _send(stage: Stage, path: str, fields: Fields, *, as_json: bool = False) -> requests.Response:
    """Post it as a stranger: one session per thread, without cookies."""
    if getattr(_thread, "stage", None) is not stage:
        _thread.stage, _thread.session = stage, stage.watch.session()
    session: requests.Session = _thread.session
    url = stage.shop.url + path
    return session.post(url, json=fields) if as_json else session.post(url, data=fields)


def _lead_elsewhere(stage: Stage, plan: Plan, report: Report) -> None:
    """Deliver real results, their keys still good, whose confirm address leads elsewhere."""

    def deliver(step: Step) -> None:
        buyer = stage.buyer(step)
        result = dict(buyer.pay(buyer.start(buyer.place(PLENTY))))
        answer = buyer.deliver(result | {"PCD_PAY_COFURL": str(step.what["url"])})
        _check_answer(stage, report, answer, (303, 400), step)

    crowd(deliver, [plan.step(url=url) for url in hostile_urls(stage.canary.url, stage.simulator.url)])


def _check_answer(
    stage: Stage, report: Report, answer: requests.Response, allowed: tuple[int, ...], step: Step
) -> None:
    where = answer.headers.get("Location", "/")
    if "Set-Cookie" in answer.headers:
        report.breach("I8", f"{answer.request.path_url} gave a cookie", step)
    if answer.status_code not in allowed:
        report.breach("I10", f"{answer.request.path_url} was answered {answer.status_code}", step)
    if where.startswith("//") or not where.startswith(("/", stage.shop.url + "/")):
        report.breach("I8", f"{answer.request.path_url} leads to {where}", step)


def _sight(stage: Stage, scenes: list[Scene]) -> dict[str, Any]:
    """Everything that a forgery could have changed: pages, the shop's ledger, its desk, shelves, the gateway's money.

    One may cost the buyer one more try, and it makes the shop ask the gateway, which settles what is in attention.
    """
    ours = {scene.order.order_no: scene for scene in scenes if scene.state != "attention"}
    lines = {f"line {line['attempt_no']}": _as_money(line) for line in stage.shop.ledger() if line["order_no"] in ours}
    with stage.staff() as member:
        desk = {f"desk {row.order_no}": row for row in member.desk() if row.order_no in ours}
    moved = [entry["seq"] for entry in stage.simulator.ledger() if entry["effect"] in MONEY]
    pages = {f"page {number}": scene.buyer.look(scene.order) for number, scene in ours.items()}
    shelves = {slug: stage.shop.stock(slug) for slug in (*PIECE, *PENCILS)}
    return pages | lines | desk | shelves | {"money": moved}


def _as_money(line: Mapping[str, Any]) -> dict[str, Any]:
    return {**line, "state": "open" if line["state"] in ("prepared", "declined") else line["state"]}


def _no_effect(stage: Stage, report: Report, before: dict[str, Any], after: dict[str, Any]) -> None:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            invariant = "I6" if name in (*PIECE, *PENCILS) else "I8"
            report.breach(invariant, f"a forged message changed {name}: {before.get(name)} became {after.get(name)}")
    for call in stage.canary.calls:
        report.breach("I8", f"a forged message made the shop call {call[:80]!r}")


def _pay_after_all(stage: Stage, report: Report, scenes: list[Scene]) -> None:
    stage.advance(MINUTE)  # only so many unknown numbers of a minute are asked about
    for scene in (one for one in scenes if one.link):
        scene.buyer.pay_link(scene.order, scene.link)
        if not wait_until(lambda scene=scene: _is_settled(stage, scene), WEBHOOK_ARRIVES):  # type: ignore[misc]
            report.breach("I8", f"{scene.order.order_no} (linked) was paid afterwards and is {scene.order.state}")
    for scene in (one for one in scenes if one.state in PAYABLE):
        try:
            scene.buyer.deliver(scene.buyer.pay(scene.buyer.start(scene.order)))
        except Refusal as refusal:
            report.breach("I8", f"{scene.order.order_no} ({scene.state}) cannot be paid afterwards: {refusal}")
            continue
        if (state := scene.buyer.look(scene.order)) != "paid":
            report.breach("I8", f"{scene.order.order_no} ({scene.state}) was paid afterwards and is {state}")


def _is_settled(stage: Stage, scene: Scene) -> bool:
    stage.run_due()
    return scene.buyer.look(scene.order) == "paid"
