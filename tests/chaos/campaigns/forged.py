"""Forged, mutated and replayed result posts about orders in every state: no effect, and no buyer is stopped."""

from __future__ import annotations

from functools import partial
from threading import local

import requests

from tests.chaos.campaigns import scenes
from tests.chaos.campaigns.scenes import Scene
from tests.chaos.drain import drain
from tests.chaos.mutations import KINDS, Others, Post, forged_success, mutate
from tests.chaos.report import Figure, Report
from tests.chaos.schedule import Plan, Step
from tests.chaos.stage import Stage, crowd

FIGURE = Figure(
    "forged result posts", quick=2_000, full=20_000, unit="posts", holds=("I1", "I3", "I9", "I10", "I11", "I15")
)
POSTS_PER_SCENE = 40
REPLAYED = "replayed"
ANSWERS = (303, 400, 404, 405, 413, 415, 422, 429)
_mine = local()


def run(stage: Stage, plan: Plan, report: Report) -> None:
    """Build the scenes, look, lie, look again; then everybody pays after all."""
    mark, shelves = stage.mark(), scenes.shelves(stage)
    built = scenes.build(stage, max(1, plan.count // (POSTS_PER_SCENE * (len(scenes.MAKERS) + 1))))
    others = scenes.others_of(built, stage.canary.url)
    before = scenes.look_at(stage, built)
    steps = [_step(plan, number, built) for number in range(plan.count)]
    crowd(partial(_lie, stage, report, built, others), steps, width=6)
    after = scenes.look_at(stage, built)
    scenes.insist_on_no_effect(stage, report, before, after)
    scenes.insist_on_paying(stage, report, built)
    drain(stage, report, mark, stock={slug: [pieces] for slug, pieces in shelves.items() if pieces is not None})


def _step(plan: Plan, number: int, built: list[Scene]) -> Step:
    """Every kind about every state, in turn."""
    kinds = [*KINDS, REPLAYED]
    place = number % len(built)
    kind = kinds[(number // len(built) + place) % len(kinds)]
    return plan.step(scene=place, state=built[place].state, kind=kind)


def post_of(stage: Stage, scene: Scene, kind: str, others: Others, step: Step) -> Post:
    """The lie of a step: a real claim over again where there is one, else an invented one, changed as the kind says."""
    dice = step.dice
    lie = forged_success(
        scene.number, scene.order.total, dice, method=scene.method, work=scene.work, origin=stage.simulator.url
    )
    is_over = scene.state not in scenes.PAYABLE and scene.state != "expired"
    if is_over and scene.claim and (kind == REPLAYED or dice.random() < 0.5):
        lie |= scene.claim
    return mutate("as_it_is" if kind == REPLAYED else kind, lie, dice, others)


def send(stage: Stage, path: str, post: Post) -> requests.Response:
    """Post it as a stranger: one session per thread, without cookies."""
    if getattr(_mine, "stage", None) is not stage:
        _mine.stage, _mine.session = stage, stage.watch.session()
    headers = {"Content-Type": post.content_type} if post.content_type else {}
    session: requests.Session = _mine.session
    return session.request(post.method, stage.shop.url + path, data=post.body, headers=headers)


def _lie(stage: Stage, report: Report, built: list[Scene], others: Others, step: Step) -> None:
    scene, kind = built[int(str(step.what["scene"]))], str(step.what["kind"])
    answer = send(stage, "/payments/result", post_of(stage, scene, kind, others, step))
    report.trial(scene.state)
    if "Set-Cookie" in answer.headers:
        report.violation("I11", f"a result post ({kind}) was given a cookie", step)
    if answer.status_code not in ANSWERS:
        report.violation("I15", f"a result post ({kind}) was answered {answer.status_code}", step)
    where = answer.headers.get("Location", "/")
    if not (where.startswith("/") and not where.startswith("//")) and not where.startswith(stage.shop.url + "/"):
        report.violation("I11", f"a result post ({kind}) leads to {where}", step)
