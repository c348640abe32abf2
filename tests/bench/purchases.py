"""Whole purchases, from the list to the receipt: the work of the shop for one, and how many go at once."""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import repeat

from tests.bench import processes
from tests.bench.load import CONNECTIONS, Exchange, rate_of
from tests.bench.measuring import Row, row_of
from tests.bench.processes import Server, bare_page
from tests.bench.shopper import Shopper
from tests.tools.servers import Program

BUYERS = 6
SECONDS = 2.0
PURCHASES, PAGES = 10, 400
ROUNDS = 3
Cpu = Callable[[], float]


def work(program: Program, bare: Server) -> Row:
    """CPU of the shop for one purchase, in requests of a bare page."""
    buyer, page = Shopper(program), Exchange(bare.url)
    buyer.purchase()
    cpu = partial(processes.cpu_of, program.process.pid, "shop")
    ratios = []
    for _round in range(ROUNDS):
        of_purchase = _cpu_of(buyer.purchase, cpu, PURCHASES)
        ratios.append(of_purchase / _cpu_of(page, bare.cpu, PAGES))
    return row_of("CPU of the shop for one purchase", "CPU of a bare page", "≤ 45", ratios)


def per_second(engine: str, program: Program, settings: dict[str, str]) -> Iterator[Row]:
    """Purchases per second with one and with two workers of the shop, and how the work was shared."""
    for workers in (1, 2):
        with processes.another_shop(program, settings, workers) as (shop, server), bare_page(workers) as bare:
            buyer = Shopper(shop)
            claim = buyer.pay(buyer.order())
            forms = rate_of([Exchange(bare.url, claim, 303) for _ in range(CONNECTIONS)], bare.cpu)
            simulator = partial(processes.cpu_of, program.process.pid, "simulator")
            parts: dict[str, Cpu] = {"shop": server.cpu, "simulator": simulator, "buyers": time.process_time}
            before = {name: cpu() for name, cpu in parts.items()}
            ratios = [_rate(shop) / forms().value for _round in range(ROUNDS)]
            shares = _shares(before, parts)
            yield row_of(f"purchases per second, {engine}, {workers} of the shop", "bare forms", shares, ratios)


def _cpu_of(act: Callable[[], object], cpu: Cpu, times: int) -> float:
    before = cpu()
    for _time in range(times):
        act()
    return (cpu() - before) / times


def _rate(program: Program) -> float:
    until = time.monotonic() + SECONDS
    with ThreadPoolExecutor(BUYERS) as pool:
        return sum(pool.map(_buy, repeat(program, BUYERS), repeat(until)))


def _buy(program: Program, until: float) -> float:
    buyer, count, started = Shopper(program), 0, time.monotonic()
    while time.monotonic() < until:
        buyer.purchase()
        count += 1
    return count / (time.monotonic() - started)


def _shares(before: Mapping[str, float], parts: Mapping[str, Cpu]) -> str:
    """Who used the CPU."""
    used = {name: cpu() - before[name] for name, cpu in parts.items()}
    return ", ".join(f"{name} {seconds / sum(used.values()):.0%}" for name, seconds in used.items())
