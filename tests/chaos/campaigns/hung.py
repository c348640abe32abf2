"""The gateway hangs, every call of it, and buyers go on paying: whoever only looks around must not notice."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import cycle

import requests

from tests.chaos.buyer import Buyer, Refusal
from tests.chaos.drain import drain
from tests.chaos.evidence import Placed
from tests.chaos.gateway import HostileGateway
from tests.chaos.report import Figure, Report, percentile
from tests.chaos.schedule import Plan
from tests.chaos.shop import Shop
from tests.chaos.stage import Stage, together
from tests.payer import Pairs

FIGURE = Figure("gateway hung", quick=30, full=300, unit="seconds", holds=("I1", "I2", "I15", "I16"), needs=("clock",))
PAGES = ("/", "/products/test-product", "/cart", "/products/pencil-set", "/static/css/base.css", "/orders/lookup")
PAYERS, LOOKERS = 12, 2
MOST_SECONDS = 0.3
"""Within which nineteen of twenty pages answer that need no gateway."""
PAUSE = 0.05
USUAL = {"PAYPLE_CONNECT_TIMEOUT": "3", "PAYPLE_READ_TIMEOUT": "30", "PAYPLE_TOTAL_TIMEOUT": "35"}


def run(stage: Stage, plan: Plan, report: Report) -> None:
    """A shop of its own with the usual time-outs; first everything answers, then nothing, and in the end again."""
    with HostileGateway(stage.simulator.url) as gateway:
        settings = USUAL | {"SIMULATOR_URL": gateway.url}
        with stage.extra_shop("hung", **settings) as shop:
            mark = stage.mark(shop)
            waiting = [_ready(stage, gateway, shop) for _ in range(PAYERS)]
            gateway.hangs.set()
            end = time.monotonic() + plan.count
            payers = [partial(_pay, one, end) for one in waiting]
            lookers = [partial(_look_around, stage.buyer(shop), report, end) for _ in range(LOOKERS)]
            with stage.watch.expecting("losses"):
                together([*lookers, *payers])
            gateway.disarm()
            slow = percentile(report.measures["page_seconds"], 0.95)
            if slow > MOST_SECONDS:
                text = f"while the gateway hung, 5 % of {len(report.measures['page_seconds'])} pages took {slow:.2f} s"
                report.violation("I15", text, plan.step(seconds=plan.count))
            drain(stage, report, mark, shop=shop)
    report.trial("seconds", plan.count)


def _ready(stage: Stage, gateway: HostileGateway, shop: Shop) -> tuple[Buyer, Placed, Pairs]:
    """Somebody who has gone through the window and is about to come back."""
    buyer = stage.buyer(shop)
    order = buyer.place()
    opening = buyer.start(order)
    claim = buyer.pay(replace(opening, fields=gateway.tells(opening.fields)))
    return buyer, order, list(gateway.told_by(dict(claim)).items())


def _pay(one: tuple[Buyer, Placed, Pairs], end: float) -> None:
    """Deliver the result, look, try to pay another order: all of it wants the gateway."""
    buyer, order, claim = one
    acts: list[Callable[[], object]] = [
        lambda: buyer.deliver(claim),
        lambda: buyer.look(order),
        lambda: buyer.press(buyer.place()),
    ]
    for act in cycle(acts):
        if time.monotonic() >= end:
            return
        with suppress(Refusal, requests.RequestException):
            act()


def _look_around(buyer: Buyer, report: Report, end: float) -> None:
    """Pages that need no gateway, one after the other."""
    for path in cycle(PAGES):
        if time.monotonic() >= end:
            return
        began = time.monotonic()
        with suppress(requests.RequestException):
            buyer.get(path)
        report.measure("page_seconds", time.monotonic() - began)
        time.sleep(PAUSE)
