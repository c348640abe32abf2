"""The same pages with 1,000,000 orders and with 1,000: the work must not grow with what lies behind it."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.bench import processes, seeding
from tests.bench.measuring import Row, ratio, time_of
from tests.bench.shopper import Shopper
from tests.page import PAYER
from tests.tools import postgres, servers
from tests.tools.servers import Program

FEW, MANY = 1_000, 1_000_000


def rows(folder: Path, settings: dict[str, str], many: int = MANY) -> Iterator[Row]:
    yield from _rows_of_engine("SQLite", folder, settings, {}, many)
    programs = postgres.find_programs()
    if programs is None:
        return
    with (
        postgres.temporary_cluster(programs) as cluster,
        cluster.fresh_database() as few,
        cluster.fresh_database() as all_,
    ):
        yield from _rows_of_engine("PostgreSQL", folder, settings, {FEW: few, many: all_}, many)


def _rows_of_engine(
    engine: str, folder: Path, settings: dict[str, str], urls: dict[int, str], many: int
) -> Iterator[Row]:
    with ExitStack() as open_things:
        sides = []
        for count in (FEW, many):
            home = folder / f"{engine}-{count}"
            url = urls.get(count, f"sqlite:///{home}/instance/shop.sqlite")
            started = settings | ({"DATABASE_URL": url} if urls else {})
            program = open_things.enter_context(servers.running(home, started))
            sides.append((program, _pages(program, settings, url, count)))
        (small, few), (large, lots) = sides
        for name, act in lots.items():
            ours, theirs = (time_of(one, _cpu(of)) for one, of in ((act, large), (few[name], small)))
            yield ratio(f"{engine}: {name}", ours, f"{FEW:,} orders", theirs, "≤ 1.3")


def _cpu(program: Program) -> Callable[[], float]:
    return partial(processes.cpu_of, program.process.pid, "shop")


def _pages(program: Program, settings: dict[str, str], url: str, count: int) -> dict[str, Callable[[], bytes]]:
    """What is loaded, by name; of one real order among the many."""
    buyer, staff = Shopper(program), Shopper(program)
    order_no = buyer.order()
    claim = dict(buyer.pay(order_no))
    seeding.fill(url, order_no, count)
    staff.sign_in(settings["ADMIN_USERNAME"], settings["ADMIN_PASSWORD"])
    attempt_no, today = claim["PCD_PAY_OID"], time.strftime("%Y-%m-%d", time.gmtime(time.time() + 9 * 3600))
    searches = {
        "order number": f"q={order_no}",
        "attempt number": f"q={attempt_no}",
        "payer": f"q={PAYER['payer_name']}",
        "a payer of many": "q=payer 7",
        "last digits of a phone": "q=5678",
        "last digits of many": "q=2007",
        "phone": "q=01012345678",
        "nothing that is there": "q=nobody",
        "state": "state=paid",
        "a state that nothing has": "state=attention",
        "trade date": f"date={today}",
        "state and trade date": f"state=paid&date={today}",
    }
    staff_pages = {
        "staff: orders": "/admin/orders",
        "staff: an old page of orders": f"/admin/orders?before={seeding.FIRST + count // 2}",
        "staff: an order": f"/admin/orders/{order_no}",
        "staff: desk": "/admin/desk",
        "staff: sheet": f"/admin/settlement?date={today}",
        **{f"staff: search by {name}": f"/admin/orders?{query}" for name, query in searches.items()},
    }
    return {
        "order page, paid": buyer.exchange(f"/orders/{order_no}"),
        "order history": buyer.exchange("/orders"),
        "result": buyer.exchange("/payments/result", list(claim.items()), 303),
        **{name: staff.exchange(path) for name, path in staff_pages.items()},
    }
