"""Forged webhooks, single and in storms: stored and answered at once, and without any effect."""

from __future__ import annotations

import json
from functools import partial

from tests.chaos.campaigns import scenes
from tests.chaos.campaigns.forged import send
from tests.chaos.campaigns.scenes import Scene
from tests.chaos.drain import drain
from tests.chaos.mutations import JSON, KINDS, NUMBER, Others, Post, forged_notice, mutate
from tests.chaos.report import Figure, Report, percentile
from tests.chaos.schedule import Plan, Step
from tests.chaos.stage import Stage, crowd

FIGURE = Figure(
    "forged webhooks", quick=1_000, full=10_000, unit="webhooks", holds=("I3", "I6", "I10", "I11"), needs=("webhooks",)
)
POSTS_PER_SCENE = 40
STORM = 40
WELL_FORMED = ("as_it_is", "unknown_number", "other_amount", "other_code", "cancelled_too")
ANSWERS = (200, 400, 405, 411, 413, 415, 422, 429)
FAST = 1.0
"""Seconds within which the gateway's notice is acknowledged, whatever it says."""


def run(stage: Stage, plan: Plan, report: Report) -> None:
    """Build the scenes, look, lie, let the shop do what it thinks is due, look again."""
    mark = stage.mark()
    built = scenes.build(stage, max(1, plan.count // (POSTS_PER_SCENE * (len(scenes.MAKERS) + 1))))
    others = scenes.others_of(built, stage.canary.url)
    before = scenes.look_at(stage, built)
    singles = [_step(plan, number, built, storm=False) for number in range(max(1, plan.count * 3 // 4))]
    crowd(partial(_lie, stage, report, built, others), singles, width=4)
    slow = percentile(report.measures["answer_seconds"], 0.99)
    if slow > FAST:
        report.violation("I15", f"one of a hundred webhooks was answered after {slow:.1f} s")
    storm = [_step(plan, number // STORM, built, storm=True) for number in range(plan.count - len(singles))]
    crowd(partial(_lie, stage, report, built, others), storm, width=16)
    stage.shop.run_due()
    scenes.insist_on_no_effect(stage, report, before, scenes.look_at(stage, built))
    scenes.insist_on_paying(stage, report, built)
    drain(stage, report, mark)


def _step(plan: Plan, number: int, built: list[Scene], *, storm: bool) -> Step:
    """One lie about each scene in turn; in a storm the same one over and over."""
    place, kinds = number % len(built), list(KINDS)
    kind = "as_it_is" if storm else kinds[(number // len(built) + place) % len(kinds)]
    event = ("paid", "cancelled")[number % 2]
    return plan.step(scene=place, state=built[place].state, kind=kind, event=event, storm=storm)


def _post(stage: Stage, scene: Scene, others: Others, step: Step) -> Post:
    """As JSON mostly, as a form sometimes; a mutation that needs bytes is always a form."""
    dice, kind = step.dice, str(step.what["kind"])
    told = forged_notice(
        str(step.what["event"]), scene.number, scene.order.total, dice, method=scene.method, origin=stage.simulator.url
    )
    if kind == "unknown_number":
        told[NUMBER] = f"20261123_{dice.getrandbits(90):x}"
    if kind in WELL_FORMED and (step.what["storm"] or dice.random() < 0.7):
        return Post(kind, json.dumps(told).encode(), JSON)
    return mutate(kind, told, dice, others)


def _lie(stage: Stage, report: Report, built: list[Scene], others: Others, step: Step) -> None:
    scene, kind = built[int(str(step.what["scene"]))], str(step.what["kind"])
    answer = send(stage, "/payments/webhook", _post(stage, scene, others, step))
    report.trial("storm" if step.what["storm"] else scene.state)
    report.measure("answer_seconds", answer.elapsed.total_seconds())
    if answer.status_code not in (ANSWERS if kind not in WELL_FORMED else (200,)):
        report.violation("I15", f"a webhook ({kind}) was answered {answer.status_code}", step)
    if "Set-Cookie" in answer.headers:
        report.violation("I11", f"a webhook ({kind}) was given a cookie", step)
