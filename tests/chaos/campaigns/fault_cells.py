"""Every way an answer breaks, at every call, before and after its effect.

The simulator breaks answers of connections that it has accepted. Two kinds come before that: a refused connection (the
simulator is not there) and a connect that hangs (its queue of connections is full).

Nobody helps the shop out of it: every webhook is lost, an inquiry finds half of the confirmed payments late, and
whoever is told that nothing was paid pays again.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from queue import Queue

from tests.chaos.buyer import Buyer, Opening, Refusal, Staff
from tests.chaos.drain import drain
from tests.chaos.evidence import Placed
from tests.chaos.report import Figure, Report
from tests.chaos.schedule import Plan, Step
from tests.chaos.stage import Stage, crowd, together

FIGURE = Figure(
    "fault cells",
    quick=278,
    full=2_780,
    unit="broken calls",
    holds=("I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I10", "I14", "I15", "I16", "I17", "I20"),
    needs=("clock",),
)
OPS = ("auth", "confirm", "inquiry", "cancel", "receipt_issue", "receipt_cancel")
REFUSED, NOT_REACHED = "refused_connection", "connect_hang"
NO_FAULT = "intact"
WIDTH = 6
LATE = 0.5
"""So many confirmed payments are not found by an inquiry for a minute."""
SOON = 10
"""Seconds after which everybody looks again; by then an order that is being checked has been asked about."""
QUEUE = 300
"""More connections than the simulator's queue holds."""
CONTRADICTING = ("other_oid", "other_amount")
"""An answer that names another payment is left to a person."""
BY_STAFF = ("cancel", "receipt_issue", "receipt_cancel")

Call = Callable[[], object]
Struck = tuple[Buyer, Placed]


def run(stage: Stage, plan: Plan, report: Report) -> None:
    """All cells, as often as asked for; the faults of one payment do not strike another."""
    mark = stage.mark()
    cells = _cells(stage)
    mine = [cells[(number * plan.share[1] + plan.share[0]) % len(cells)] for number in range(plan.count)]
    steps = [plan.step(kind=kind, op=op, phase=phase) for kind, op, phase in mine]
    by_kind = {kind: [step for step in steps if step.what["kind"] == kind] for kind in (REFUSED, NOT_REACHED)}
    others = [step for step in steps if step.what["kind"] not in by_kind]
    staff = _Staff(stage, WIDTH)
    stage.simulator.bench(drop=1)
    beside = [step for step in others if step.what["op"] != "auth"]
    struck = crowd(lambda step: _strike(stage, step, staff, report), beside, WIDTH)
    for step in others:  # an authentication names no payment: one at a time, or it strikes somebody else's
        if step.what["op"] == "auth":
            struck.append(_strike(stage, step, staff, report))
    struck += _without_gateway(stage, by_kind[REFUSED], staff, report, stage.process.away)
    struck += _without_gateway(stage, by_kind[NOT_REACHED], staff, report, lambda: _full_queue(stage))
    stage.advance(SOON)
    crowd(_come_back, struck, WIDTH)
    drain(stage, report, mark)


def _cells(stage: Stage) -> list[tuple[str, str, str]]:
    told = [
        (str(kind["id"]), op, phase)
        for kind in stage.simulator.kinds()
        if kind["id"] != NO_FAULT
        for op in OPS
        if op in kind["ops"]
        for phase in kind["phases"]
    ]
    return told + [(kind, op, "before") for kind in (REFUSED, NOT_REACHED) for op in OPS]


def _strike(stage: Stage, step: Step, staff: _Staff, report: Report) -> Struck:
    """Bring one payment to the call, break it there, and let the buyer look."""
    buyer, order, oid, call = _prepared(stage, step, staff)
    kind, op, phase = (str(step.what[name]) for name in ("kind", "op", "phase"))
    stage.simulator.fault(op, kind, phase, **({} if op == "auth" else {"oid": oid}))
    with suppress(Refusal):
        call()
    buyer.look(order)
    report.trial(f"{op} {phase}")
    return buyer, order


def _without_gateway(
    stage: Stage, steps: list[Step], staff: _Staff, report: Report, absence: Callable[[], object]
) -> list[Struck]:
    """Bring a few payments to their calls, take the gateway away, make the calls, bring it back."""
    struck: list[Struck] = []
    for first in range(0, len(steps), WIDTH):
        some = steps[first : first + WIDTH]
        prepared = [_prepared(stage, step, staff) for step in some]
        with ExitStack() as stack:
            stack.enter_context(absence())  # type: ignore[arg-type]  # either of two context managers
            together([_quiet(call) for *_, call in prepared])
        for step, (buyer, order, *_) in zip(some, prepared, strict=True):
            buyer.look(order)
            report.trial(f"{step.what['op']} {step.what['phase']}")
            struck.append((buyer, order))
    return struck


def _come_back(one: Struck) -> None:
    """Look again a little later, and pay again if the page offers it."""
    buyer, order = one
    if buyer.look(order) == "awaiting_payment":
        with suppress(Refusal):
            _pay_now(buyer, order)
        buyer.look(order)


def _prepared(stage: Stage, step: Step, staff: _Staff) -> tuple[Buyer, Placed, str, Call]:
    """A payment that stands right before the call of this step, its number, and what makes the call."""
    buyer, dice, op = stage.buyer(step=step), step.dice, str(step.what["op"])
    order = buyer.place({"test-product": dice.randint(2, 9)})
    if op in BY_STAFF or step.what["kind"] in CONTRADICTING:
        order.may_be_on_desk = True
    if op == "auth":
        op = dice.choice(("start", "inquiry", "cancel"))
    if op == "start":
        return buyer, order, "", lambda: _pay_now(buyer, order)
    if op in ("confirm", "inquiry"):
        method = dice.choice(("card", "transfer"))
        opening = buyer.start(order, work="CERT" if op == "confirm" else "PAY", method=method)
        is_late = op == "confirm" and dice.random() < LATE
        claim = buyer.pay(opening, "inquiry_late" if is_late else "")
        return buyer, order, opening.attempt_no, lambda: buyer.deliver(claim)
    opening = _paid(buyer, order, op, dice.choice(("card", "transfer")))
    part = 1_000 if dice.random() < 1 / 2 else None
    order.may_be_on_desk = True
    calls: dict[str, Call] = {
        "cancel": lambda: staff.do(lambda member: member.refund(order.order_no, part)),
        "receipt_issue": lambda: staff.do(lambda member: member.issue_receipt(order.order_no)),
        "receipt_cancel": lambda: staff.do(lambda member: member.cancel_receipt(order.order_no)),
    }
    return buyer, order, opening.attempt_no, calls[op]


def _pay_now(buyer: Buyer, order: Placed) -> None:
    buyer.deliver(buyer.pay(buyer.start(order)))


def _paid(buyer: Buyer, order: Placed, op: str, method: str) -> Opening:
    """A paid order; by transfer where the call is about a cash receipt, which any other transfer has, too."""
    method = method if op == "cancel" else "transfer"
    opening = buyer.start(order, method=method, cash_receipt=method == "transfer" and op != "receipt_issue")
    buyer.deliver(buyer.pay(opening))
    return opening


class _Staff:
    """A few signed-in sessions, one for each thread that wants one."""

    def __init__(self, stage: Stage, count: int) -> None:
        self._free: Queue[Staff] = Queue()
        for _ in range(count):
            self._free.put(stage.staff())

    def do(self, work: Callable[[Staff], object]) -> None:
        """Borrow a session."""
        member = self._free.get()
        try:
            work(member)
        finally:
            self._free.put(member)


def _quiet(call: Call) -> Call:
    def attempt() -> None:
        with suppress(Refusal):
            call()

    return attempt


@contextmanager
def _full_queue(stage: Stage) -> Iterator[None]:
    """The simulator stands still and strangers fill its queue: who comes now hangs while connecting."""
    with ExitStack() as stack, stage.process.frozen():
        for _ in range(QUEUE):
            stranger = stack.enter_context(socket.socket())
            stranger.setblocking(False)
            stranger.connect_ex(("127.0.0.1", stage.process.port))
        yield
