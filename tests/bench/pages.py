"""What buyers and the gateway load and send, against a page and a form that do nothing."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle

from tests.bench import processes
from tests.bench.load import CONNECTIONS, Exchange, rate_of
from tests.bench.measuring import PER_ROUND, ROUNDS, Row, ratio, time_of
from tests.bench.processes import Server
from tests.bench.shopper import Shopper
from tests.page import CHOICES
from tests.tools.servers import Program

TRIES_PER_ORDER = 15
"""Below the most attempts that an order takes."""
PRODUCT = "/products/test-product"


def rows(program: Program, bare: Server) -> Iterator[Row]:
    buyer = Shopper(program)
    paid = buyer.order()
    claim = buyer.pay(paid)
    buyer.token(PRODUCT)
    cpu = partial(processes.cpu_of, program.process.pid, "shop")
    bare_pages = rate_of(_many(bare.url), bare.cpu)
    for name, path, wanted in (("product list", "/", "≥ 0.55"), ("product page", PRODUCT, "≥ 0.30")):
        ours = rate_of([buyer.exchange(path) for _ in range(CONNECTIONS)], cpu)
        yield ratio(f"{name}, requests per second", ours, "bare page", bare_pages, wanted)
    order, page = buyer.exchange(f"/orders/{paid}"), time_of(Exchange(bare.url), bare.cpu)
    yield ratio("order page, paid: time", time_of(order, cpu), "bare page", page, "≤ 4")
    form = time_of(Exchange(bare.url, claim, 303), bare.cpu)
    for name, act, wanted in (
        ("result of a finished attempt: time", buyer.exchange("/payments/result", claim, 303), "≤ 5"),
        ("start of an attempt: time", _starts(buyer), "≤ 10"),
        ("webhook about a finished attempt: time", buyer.exchange("/payments/webhook", claim), "≤ 4"),
    ):
        yield ratio(name, time_of(act, cpu), "bare form", form, wanted)


def rows_of_server(url: str, bare: Server) -> Iterator[Row]:
    """The same for a page of any other server. Its CPU is not ours to see."""
    rate, page = rate_of(_many(url), lambda: 0.0), time_of(Exchange(url), lambda: 0.0)
    yield ratio(f"{url}, requests per second", rate, "bare page", rate_of(_many(bare.url), bare.cpu), "")
    yield ratio(f"{url}: time", page, "bare page", time_of(Exchange(bare.url), bare.cpu), "")


def _many(url: str) -> list[Exchange]:
    return [Exchange(url) for _ in range(CONNECTIONS)]


def _starts(buyer: Shopper) -> Callable[[], bytes]:
    """Start one attempt after the other, each order in its turn, so that none is tried too often."""
    calls = 1 + ROUNDS * PER_ROUND
    token, orders = buyer.token(), [buyer.order() for _order in range(-(-calls // TRIES_PER_ORDER))]
    headers = {"X-CSRFToken": token}
    starts = cycle([buyer.exchange(f"/orders/{order_no}/attempts", CHOICES, headers=headers) for order_no in orders])

    def start() -> bytes:
        return next(starts)()

    return start
