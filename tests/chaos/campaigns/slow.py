"""The gateway hangs while buyers go on paying, and clients stall in the middle of a body: pages stay fast."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack
from functools import partial
from itertools import cycle
from urllib.parse import urlsplit

from tests.chaos.people import Buyer
from tests.chaos.report import Plan, Report, percentile
from tests.chaos.stage import Stage, attempt, together
from tests.oracle import Placed
from tests.payer import Pairs

PAGES = ("/", "/products/test-product", "/cart", "/products/pencil-set", "/orders/lookup")
PAYERS, LOOKERS, STALLED = 12, 2, 40
FAST, AT_MOST = 0.3, 8.0
"""Seconds: 95 of 100 pages that need no gateway; and any page while clients stall."""
USUAL = {"PAYPLE_CONNECT_TIMEOUT": "3", "PAYPLE_READ_TIMEOUT": "30", "PAYPLE_TOTAL_TIMEOUT": "35"}


def hanging_gateway(stage: Stage, plan: Plan, report: Report) -> None:
    """The usual time-outs, from now on; buyers deliver results, look and start payments while nothing answers."""
    stage.shop.restart(**USUAL)
    waiting = [_ready(stage, plan) for _ in range(PAYERS)]
    with stage.watch.expecting_lost_connections(), stage.process.hanging():
        end = time.monotonic() + plan.count
        lookers = [partial(_look_around, stage, report, end) for _ in range(LOOKERS)]
        together([*lookers, *(partial(_go_on, *one, end) for one in waiting)])
    _check_fast(report, "while the gateway hung")
    report.trial(plan.count)


def stalled_clients(stage: Stage, plan: Plan, report: Report) -> None:
    """Many clients send the head of a result and a part of its body, and then nothing. They stay connected."""
    parts = urlsplit(stage.shop.url)
    head = f"POST /payments/result HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: 1000\r\n"
    head += "Content-Type: application/x-www-form-urlencoded\r\n\r\nPCD_PAY_OID=1"
    with ExitStack() as stack, stage.watch.expecting_lost_connections():
        for _ in range(plan.count):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", parts.port or 80)))
            client.sendall(head.encode())
            report.trial()
        over = time.monotonic() + AT_MOST
        _look_around(stage, report, over, "seconds of a page while they stall")
        time.sleep(max(0.0, over - time.monotonic()))
        _look_around(stage, report, time.monotonic() + 3)
    if (slowest := max(report.measures["seconds of a page while they stall"])) > AT_MOST:
        report.breach("I10", f"a page took {slowest:.1f} s while {plan.count} clients stalled")
    _check_fast(report, "after clients had stalled")


def _ready(stage: Stage, plan: Plan) -> tuple[Buyer, Placed, Pairs]:
    buyer = stage.buyer(plan.step(buyer="ready"))
    order = buyer.place({"test-product": 1})
    return buyer, order, buyer.pay(buyer.start(order))


def _go_on(buyer: Buyer, order: Placed, result: Pairs, end: float) -> None:
    """Deliver the result, look, try to pay another order: all of it wants the gateway."""
    acts = (
        lambda: buyer.deliver(result),
        lambda: buyer.look(order),
        lambda: buyer.press(buyer.place({"test-product": 1})),
    )
    for act in cycle(acts):
        if time.monotonic() >= end:
            return
        attempt(act)


def _look_around(stage: Stage, report: Report, end: float, measure: str = "seconds of a page") -> None:
    buyer = stage.buyer()
    for path in cycle(PAGES):
        if time.monotonic() >= end:
            return
        began = time.monotonic()
        attempt(partial(buyer.get, path))
        report.measure(measure, time.monotonic() - began)
        time.sleep(0.05)


def _check_fast(report: Report, when: str) -> None:
    pages = report.measures["seconds of a page"]
    if (slow := percentile(pages, 0.95)) > FAST:
        report.breach("I10", f"{when}, 5 % of {len(pages)} pages took {slow:.2f} s")
