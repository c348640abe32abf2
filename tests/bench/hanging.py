"""The product list while the gateway hangs and both workers wait for it."""

import statistics
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import requests

from tests.bench.load import Exchange
from tests.bench.measuring import Row, row_of
from tests.bench.shopper import Shopper
from tests.page import CHOICES
from tests.tools.servers import Program

PAYERS = 16
"""Twice as many as both workers have calls to the gateway."""
BATCHES, LOADS = 5, 40
HANG = 8.0
"""Seconds: longer than the measurement takes."""
SETTLE = 1.5
"""Seconds until both workers wait."""


def row(program: Program) -> Row:
    buyer, faults = Shopper(program), f"{program.simulator_url}/_sim/faults"
    token, orders = buyer.token(), [buyer.order() for _payer in range(PAYERS)]
    hang = {"op": "auth", "kind": "read_hang", "times": 1000, "seconds": HANG}
    requests.post(faults, json=hang, timeout=10).raise_for_status()
    with ThreadPoolExecutor(PAYERS) as pool:
        headers = {"X-CSRFToken": token}
        payers = [pool.submit(_press, program, order_no, headers, dict(buyer.session.cookies)) for order_no in orders]
        time.sleep(SETTLE)
        batches = [_p95(program) for _batch in range(BATCHES)]
        assert not all(payer.done() for payer in payers), "nobody waits for the gateway any more"
    requests.delete(faults, timeout=10).raise_for_status()
    return row_of("product list while the gateway hangs, p95", f"{PAYERS} payers wait", "< 300 ms", batches, " ms")


def _press(program: Program, order_no: str, headers: Mapping[str, str], cookies: dict[str, str]) -> None:
    """Press the pay button; it ends as the gateway does."""
    requests.post(
        f"{program.shop_url}/orders/{order_no}/attempts", CHOICES, headers=headers, cookies=cookies, timeout=60
    )


def _p95(program: Program) -> float:
    """Milliseconds. Every visitor comes over a connection of their own."""
    times = []
    for _load in range(LOADS):
        started = time.perf_counter()
        Exchange(f"{program.shop_url}/")()
        times.append(1000 * (time.perf_counter() - started))
    return statistics.quantiles(times, n=20)[-1]
