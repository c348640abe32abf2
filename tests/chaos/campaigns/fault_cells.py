"""Every kind of broken answer, at every call, before and after its effect.

Two kinds come before an answer: a refused connection (the simulator is away) and a connect that hangs (its queue is
full). Every webhook is lost, an inquiry finds half of the confirmed payments late, and whoever can pay again does.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress

from tests.chaos.people import Buyer, Refusal
from tests.chaos.report import Plan, Report, Step
from tests.chaos.stage import Stage, attempt, crowd, together
from tests.oracle import Placed

OPS = ("auth", "confirm", "inquiry", "cancel", "receipt_issue", "receipt_cancel")
REFUSED, NOT_REACHED = "refused connection", "connect hangs"
UNGUARDED = ("intact", "other_amount")
"""No fault, and a gateway whose answers contradict each other."""
FOREIGN_NUMBER = "other_oid"
WIDTH = 6
SOON = 10
"""Seconds after which everybody looks again."""
QUEUE = 300
"""More connections than the simulator's queue holds."""

Call = Callable[[], object]
Prepared = tuple[Buyer, Placed, str, Call]


def run(stage: Stage, plan: Plan, report: Report) -> None:
    """Strike all cells; the faults of one payment do not strike another."""
    cells = _cells(stage) * plan.count
    if plan.scale < 1:
        cells = plan.dice().sample(cells, round(len(cells) * plan.scale))
    which, of = plan.share
    steps = [plan.step(kind=kind, op=op, phase=phase) for kind, op, phase in cells[which::of]]
    report.wanted = len(steps)
    stage.simulator.webhooks(drop=1)
    in_crowd = [step for step in steps if step.what["op"] != "auth" and step.what["kind"] not in (REFUSED, NOT_REACHED)]
    struck = crowd(lambda step: _strike(stage, step, report), in_crowd, WIDTH)
    for step in steps:  # an authentication names no payment: one at a time
        if step.what["op"] == "auth" and step.what["kind"] not in (REFUSED, NOT_REACHED):
            struck.append(_strike(stage, step, report))
    for kind, absence in ((REFUSED, stage.process.away), (NOT_REACHED, lambda: _full_queue(stage))):
        struck += _without_gateway(stage, [step for step in steps if step.what["kind"] == kind], report, absence)
    stage.advance(SOON)
    crowd(_come_back, struck, WIDTH)


def _cells(stage: Stage) -> list[tuple[str, str, str]]:
    cells = [
        (str(kind["id"]), op, phase)
        for kind in stage.simulator.control("GET", "faults")["kinds"]
        for op in OPS
        for phase in kind["phases"]
        if kind["id"] not in UNGUARDED and op in kind["ops"]
    ]
    return cells + [(kind, op, "before") for kind in (REFUSED, NOT_REACHED) for op in OPS]


def _strike(stage: Stage, step: Step, report: Report) -> tuple[Buyer, Placed]:
    buyer, order, oid, call = _prepared(stage, step)
    kind, op, phase = (str(step.what[name]) for name in ("kind", "op", "phase"))
    stage.simulator.fault(op, kind, phase, **({"oid": oid} if op != "auth" else {}))
    attempt(call)
    buyer.look(order)
    report.trial()
    return buyer, order


def _without_gateway(
    stage: Stage, steps: list[Step], report: Report, absence: Callable[[], AbstractContextManager[None]]
) -> list[tuple[Buyer, Placed]]:
    """Bring a few payments to their calls, take the gateway away, make the calls, bring it back."""
    struck: list[tuple[Buyer, Placed]] = []
    for first in range(0, len(steps), WIDTH):
        some = steps[first : first + WIDTH]
        prepared = [_prepared(stage, step) for step in some]
        with absence():
            together([lambda call=call: attempt(call) for *_, call in prepared])  # type: ignore[misc]
        report.trial(len(some))
        struck += [(buyer, order) for buyer, order, *_ in prepared]
        for buyer, order, *_ in prepared:
            buyer.look(order)
    return struck


def _come_back(one: tuple[Buyer, Placed]) -> None:
    buyer, order = one
    if buyer.look(order) == "awaiting_payment":
        with suppress(Refusal):
            _pay(buyer, order)
        buyer.look(order)


def _prepared(stage: Stage, step: Step) -> Prepared:
    """A payment that stands right before the call of this step, its number, and what makes the call."""
    buyer, dice, op = stage.buyer(step), step.dice, str(step.what["op"])
    order = buyer.place({"test-product": dice.randint(2, 9)})
    order.may_be_on_desk = step.what["kind"] == FOREIGN_NUMBER
    if op == "auth":
        op = dice.choice(("start", "inquiry", "cancel"))
    if op == "start":
        return buyer, order, "", lambda: _pay(buyer, order)
    if op in ("confirm", "inquiry"):
        method = dice.choice(("card", "transfer"))
        opening = buyer.start(order, work="CERT" if op == "confirm" else "PAY", method=method)
        is_late = op == "confirm" and dice.random() < 0.5
        result = buyer.pay(opening, "inquiry_late" if is_late else "")
        return buyer, order, opening.attempt_no, lambda: buyer.deliver(result)
    order.may_be_on_desk = True
    method = dice.choice(("card", "transfer")) if op == "cancel" else "transfer"
    opening = buyer.start(order, method=method, cash_receipt=method == "transfer" and op != "receipt_issue")
    buyer.deliver(buyer.pay(opening))
    part = 1_000 if dice.random() < 0.5 else None
    return buyer, order, opening.attempt_no, lambda: stage.act_as_staff(op, order, part)


def _pay(buyer: Buyer, order: Placed) -> None:
    buyer.deliver(buyer.pay(buyer.start(order)))


@contextmanager
def _full_queue(stage: Stage) -> Iterator[None]:
    """The simulator stands still and strangers fill its queue: who comes now hangs while connecting."""
    with ExitStack() as stack, stage.process.hanging():
        for _ in range(QUEUE):
            stranger = stack.enter_context(socket.socket())
            stranger.setblocking(False)
            stranger.connect_ex(("127.0.0.1", stage.process.port))
        yield
