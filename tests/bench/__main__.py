"""Measure the shop against a bare Flask page in one run, by turns, and print ratios. No time passes or fails."""

import argparse
import json
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from itertools import cycle
from pathlib import Path

import requests

from tests.bench import measuring, processes, seeding
from tests.bench.measuring import Ratio, interleaved, ratio_of
from tests.bench.shopper import CHOICES, Shopper, exchange
from tests.tools import servers
from tests.tools.servers import Program

STAFF, PASSWORD = "bench", "a long bench password"
SETTINGS = {"ADMIN_USERNAME": STAFF, "ADMIN_PASSWORD": PASSWORD}
FEW, MANY = 100, 100_000
TRIES_PER_ORDER = 15
"""Below the most attempts that an order takes."""
IMPORTS = 7
NOT_FOUND = 404


def main() -> int:
    """Run everything; ``--json FILE`` keeps the figures."""
    options = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    options.add_argument("--json", type=Path, metavar="FILE", help="also write the figures as JSON")
    wanted = options.parse_args()
    with ExitStack() as open_things:
        folder = Path(open_things.enter_context(tempfile.TemporaryDirectory()))
        small = open_things.enter_context(servers.running(folder / "small", SETTINGS))
        large = open_things.enter_context(servers.running(folder / "large", SETTINGS))
        bare, master = open_things.enter_context(processes.bare_page())
        ratios = [*_pages(small, bare), _staff_list(small, large), *_weight(small, master)]
        calls = _partner_calls(small)
    print(_table(ratios))
    print(f"calls to the gateway for one payment: {json.dumps(calls)}")
    if wanted.json:
        figures = {"ratios": [asdict(ratio) for ratio in ratios], "partner_calls": calls}
        wanted.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


def _pages(program: Program, bare: str) -> Iterator[Ratio]:
    """What buyers and gateways load and send, against a page and a form that do nothing."""
    buyer = Shopper(program)
    paid = buyer.order()
    claim = buyer.pay(paid)
    assert 'data-state="paid"' in buyer.get(f"/orders/{paid}").text
    page, form = exchange(bare), exchange(bare, claim, 303)
    result = buyer.exchange("/payments/result", claim, 303)
    yield interleaved("catalogue page", buyer.exchange("/"), "bare page", page)
    yield interleaved("order page, paid", buyer.exchange(f"/orders/{paid}"), "bare page", page)
    yield interleaved("result of a finished attempt", result, "bare form", form)
    yield interleaved("start of an attempt", _starts(buyer), "bare form", form)
    if requests.head(f"{program.shop_url}/payments/webhook", timeout=10).status_code != NOT_FOUND:
        yield interleaved("webhook", buyer.exchange("/payments/webhook", claim), "bare form", form)


def _starts(buyer: Shopper) -> Callable[[], object]:
    """Start one attempt after the other, each order in its turn, so that none is tried too often."""
    calls = 1 + measuring.ROUNDS * measuring.PER_ROUND
    token, orders = buyer.token(), [buyer.order() for _order in range(-(-calls // TRIES_PER_ORDER))]
    paths = [f"/orders/{order_no}/attempts" for order_no in orders]
    headers = {"X-CSRFToken": token}
    starts = cycle([buyer.exchange(path, CHOICES, headers=headers) for path in paths])

    def start() -> bytes:
        return next(starts)()

    return start


def _staff_list(small: Program, large: Program) -> Ratio:
    """The first page of the orders: the same work, however many lie behind it."""
    staff = []
    for program, count in ((small, FEW), (large, MANY)):
        seeding.fill(program.home / "instance" / "shop.sqlite", count)
        staff.append(Shopper(program))
        staff[-1].sign_in(STAFF, PASSWORD)
    few, many = staff
    name, against = f"staff list, {MANY:,} orders", f"{FEW} orders"
    return interleaved(name, many.exchange("/admin/orders"), against, few.exchange("/admin/orders"))


def _weight(program: Program, bare_master: int) -> Iterator[Ratio]:
    """Memory of a worker after all that, and how long it takes to come up."""
    ours = processes.memory_of_workers(program.process.pid, "gunicorn app:app")
    bare = processes.memory_of_workers(bare_master, "gunicorn tests.bench.bare:app")
    yield ratio_of("memory of a worker", "bare worker", [one / statistics.mean(bare) for one in ours])
    times = [
        processes.seconds_to_import("app", program.home, SETTINGS)
        / processes.seconds_to_import("flask", program.home, SETTINGS)
        for _pair in range(IMPORTS)
    ]
    yield ratio_of("import of app", "import of flask", times)


def _partner_calls(program: Program) -> dict[str, int]:
    """What reached the gateway for one payment of the default kind, as the gateway's own ledger has it."""
    buyer = Shopper(program)
    order_no = buyer.order()
    ledger = f"{program.simulator_url}/_sim/ledger"
    before = max((entry["seq"] for entry in requests.get(ledger, timeout=10).json()), default=0)
    buyer.pay(order_no)
    entries = requests.get(ledger, params={"after": before}, timeout=10).json()
    told = Counter(entry["op"] for entry in entries)
    return {op: told[op] for op in ("auth", "window", "confirm", "inquiry", "cancel")}


def _table(ratios: list[Ratio]) -> str:
    head = f"{'':30}  {'against':18}  {'median':>8}  middle half"
    rows = [f"{r.name:30}  {r.against:18}  {r.median:7.2f}x  {r.low:.2f} to {r.high:.2f} of {r.pairs}" for r in ratios]
    return "\n".join([head, *rows])


if __name__ == "__main__":
    sys.exit(main())
