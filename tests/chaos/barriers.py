"""Payments brought to a barrier: the simulator holds their next call until the driver has done what it wants there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import requests

from tests.chaos.buyer import Buyer, Refusal
from tests.chaos.evidence import Placed
from tests.chaos.schedule import Step
from tests.chaos.stage import Stage
from tests.chaos.watch import wait_until

CALLS = ("confirm", "cancel", "receipt")
"""Those that move money or a cash receipt."""
REACHES = 10.0
"""Seconds that a call may take to reach its barrier."""

Act = Callable[[], object]


@dataclass(frozen=True)
class Held:
    """A payment whose next call will stand at a barrier, what makes the call, and who looks afterwards."""

    step: Step
    call: str
    buyer: Buyer
    order: Placed
    barrier: int
    act: Act


def hold(stage: Stage, step: Step, call: str, phase: str) -> Held:
    """One payment, and a barrier before or after the effect of its next call."""
    buyer, dice = stage.buyer(step=step), step.dice
    order = buyer.place({"test-product": dice.randint(2, 9)})
    if call == "confirm":
        opening = buyer.start(order, method=dice.choice(("card", "transfer")))
        claim = buyer.pay(opening)
        number = stage.simulator.barrier("confirm", phase, oid=opening.attempt_no)
        return Held(step, call, buyer, order, number, lambda: buyer.deliver(claim))
    order.may_be_on_desk = True
    takes_back = call == "receipt" and dice.random() < 1 / 2
    method = "transfer" if call == "receipt" else dice.choice(("card", "transfer"))
    opening = buyer.start(order, method=method, cash_receipt=takes_back)
    buyer.deliver(buyer.pay(opening))
    staff = stage.staff()
    if call == "cancel":
        part = 1_000 if dice.random() < 1 / 2 else None
        number = stage.simulator.barrier("cancel", phase, oid=opening.attempt_no)
        return Held(step, call, buyer, order, number, lambda: staff.refund(order.order_no, part))
    operation = "receipt_cancel" if takes_back else "receipt_issue"
    number = stage.simulator.barrier(operation, phase, oid=opening.attempt_no)
    act = staff.cancel_receipt if takes_back else staff.issue_receipt
    return Held(step, call, buyer, order, number, lambda: act(order.order_no))


@contextmanager
def calling(stage: Stage, held: Sequence[Held]) -> Iterator[None]:
    """Every call stands at its barrier, or never came there; at the end each has been answered or lost."""
    with ThreadPoolExecutor(max_workers=len(held)) as pool:
        calls = [pool.submit(lost, one.act) for one in held]
        numbers = {one.barrier for one in held}
        wait_until(lambda: numbers <= waiting(stage) or all(call.done() for call in calls), REACHES)
        yield


def waiting(stage: Stage) -> set[int]:
    """The barriers at which something stands."""
    return {int(one["id"]) for one in stage.simulator.barriers() if one["waiting"]}


def release(stage: Stage, held: Sequence[Held]) -> None:
    """Let them all go."""
    for one in held:
        stage.simulator.release(one.barrier)


def come_back(one: Held) -> None:
    """The buyer presses reload: the same result again, or just the order's page."""
    with suppress(requests.RequestException, Refusal):
        if one.step.dice.random() < 1 / 2 and one.call == "confirm":
            one.act()
        one.buyer.look(one.order)


def lost(act: Act) -> None:
    """Do it, whatever becomes of it."""
    with suppress(requests.RequestException, Refusal, AssertionError):
        act()
