"""A gateway gone mad: every call has its effect, and is answered with something that no reader expects.

One answer is a lie besides: nothing was charged, and it says yes, with a code that only contains the one of a yes.

No answer of the shop may be a server error, its memory stays bounded, and every order comes to rest.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from threading import Event

from tests.chaos.beside import beside
from tests.chaos.buyer import Refusal
from tests.chaos.drain import drain
from tests.chaos.gateway import HOSTILE, HostileGateway, unpaid_yes
from tests.chaos.report import Figure, Report
from tests.chaos.schedule import Plan, Step
from tests.chaos.shop import Shop
from tests.chaos.stage import Stage, crowd

FIGURE = Figure(
    "hostile gateway answers", quick=56, full=1_080, unit="answers", holds=("I1", "I2", "I15", "I16"), needs=("clock",)
)
OPS = ("confirm", "inquiry", "auth", "cancel")
ODD_YES = "yes with an odd code"
MOST_GROWTH = 80
"""MB by which a worker may grow while it reads bombs."""
PAGE = os.sysconf("SC_PAGE_SIZE")


def run(stage: Stage, plan: Plan, report: Report) -> None:
    """A shop of its own whose gateway is ours; an order for each hostile answer."""
    steps = [plan.step(kind=kind, op=op) for kind, op in islice(cycle(_rows(plan)), plan.count)]
    with HostileGateway(stage.simulator.url) as gateway, stage.extra_shop("hostile", SIMULATOR_URL=gateway.url) as shop:
        mark = stage.mark(shop)
        shop.desk()  # signs in: to check a password takes 32 MB for a moment
        scales = Scales(shop)
        with beside(scales.watch, "scales"):
            crowd(partial(_buy, stage, report, gateway, shop), steps, width=2)
        gateway.disarm()
        drain(stage, report, mark, shop=shop)
        report.measure("worker_megabytes", scales.most)
        if scales.growth > MOST_GROWTH:
            report.violation("I15", f"a worker grew by {scales.growth:.0f} MB while it read hostile answers")


def _rows(plan: Plan) -> list[tuple[str, str]]:
    """Every kind; on the first engine as the answer to the confirm, on the other one to something else each time."""
    lie = (ODD_YES, "confirm")
    if plan.is_full:
        return [lie, *((kind, op) for op in OPS for kind in HOSTILE)]
    ops = OPS[:1] if plan.share[0] == 0 else OPS[1:]
    return [lie, *zip(HOSTILE, cycle(ops), strict=False)]


class Scales:
    """Weighs the workers of a shop."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self.first = self.most = self._weigh()

    @property
    def growth(self) -> float:
        """MB that the heaviest worker has put on."""
        return self.most - self.first

    def watch(self, over: Event) -> None:
        """Weigh them again and again."""
        while not over.wait(0.1):
            self.most = max(self.most, self._weigh())

    def _weigh(self) -> float:
        return max((resident_megabytes(pid) for pid in self._shop.workers()), default=0.0)


def resident_megabytes(pid: int) -> float:
    """What a process holds in memory."""
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 2**20
    return 0.0


def _buy(stage: Stage, report: Report, gateway: HostileGateway, shop: Shop, step: Step) -> None:
    """An order whose call of this kind is answered with this."""
    kind, op, buyer = str(step.what["kind"]), str(step.what["op"]), stage.buyer(shop)
    order = buyer.place({"test-product": 2})
    order.may_be_on_desk = True
    work = "PAY" if op == "inquiry" else "CERT"
    sending = unpaid_yes(order.total, stage.now()) if kind == ODD_YES else HOSTILE[kind]
    if op == "auth":
        gateway.arm("auth", sending)
    with suppress(Refusal):
        opening = buyer.press(order, work=work)
        opening = replace(opening, fields=gateway.tells(opening.fields))
        claim = gateway.told_by(dict(buyer.pay(opening, "limit" if kind == ODD_YES else "")))
        if op in ("confirm", "inquiry"):
            gateway.arm(op, sending)
        buyer.deliver(claim)
        buyer.look(order)
    if op == "cancel" and order.seen[-1:] == ["paid"]:
        gateway.arm("cancel", sending)
        shop.refund(order.order_no)
    buyer.look(order)
    report.trial(f"{op}: {kind}")
