"""The stage of a run: one simulator, one shop or more, their clocks, everything in a folder of its own.

Everything a stage starts it ends, whatever happens.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from tests.chaos.buyer import Buyer, Staff
from tests.chaos.clockwork import Clockwork
from tests.chaos.evidence import Evidence
from tests.chaos.listener import Listener
from tests.chaos.memory import Mark, Memory
from tests.chaos.processes import outliving_us
from tests.chaos.profile import Profile
from tests.chaos.schedule import Step
from tests.chaos.shop import Shop, database_file
from tests.chaos.simulator import Simulator, SimulatorProcess
from tests.chaos.watch import Watch
from tests.tools import postgres

Item = TypeVar("Item")
Result = TypeVar("Result")
ENGINES = ("sqlite", "postgresql")


@dataclass
class Stage:
    """What a campaign acts on. `open_stage` makes one."""

    engine: str
    folder: Path
    profile: Profile
    clockwork: Clockwork
    process: SimulatorProcess
    canary: Listener
    databases: Callable[[str], str]
    book: Memory = field(default_factory=Memory)
    watch: Watch = field(default_factory=Watch)
    shops: list[Shop] = field(default_factory=list)

    @property
    def shop(self) -> Shop:
        """The main shop."""
        return self.shops[0]

    @property
    def simulator(self) -> Simulator:
        """The control panel of the main shop's run."""
        return self.shop.simulator

    def buyer(self, shop: Shop | None = None, step: Step | None = None) -> Buyer:
        """Somebody new; what goes wrong with their orders is told with this step."""
        return Buyer(shop or self.shop, step)

    def staff(self, shop: Shop | None = None) -> Staff:
        """A member of the staff, signed in."""
        return (shop or self.shop).new_staff()

    def can(self, what: str) -> bool:
        """Whether the shop and this machine have what a figure needs: clock, webhooks."""
        if what == "clock":
            return self.clockwork.library is not None
        if what == "webhooks":
            return self.shop.has_webhooks()
        return what == "extra_shop"

    def now(self) -> datetime:
        """The shop's time."""
        return self.clockwork.now()

    def advance(self, seconds: float) -> None:
        """Let time pass for every shop and for the simulator alike."""
        if not self.can("clock"):
            raise RuntimeError("the clock cannot be moved here")
        self.clockwork.advance(seconds)
        for shop in self.shops:
            shop.simulator.clock(seconds)

    def set_clock(self, moment: datetime) -> None:
        """Let time pass until a moment to come."""
        self.advance((moment - self.now()).total_seconds())

    @contextmanager
    def extra_shop(self, name: str, **settings: str) -> Iterator[Shop]:
        """A further shop with its own port, database and run; `settings` are its environment."""
        shop = self._open(name, settings)
        try:
            yield shop
        finally:
            shop.stop()
            self.shops.remove(shop)

    def close(self) -> None:
        """End every shop."""
        for shop in self.shops:
            shop.kill_all()

    def recover(self) -> None:
        """After a campaign that broke: no fault stays, and the main shop serves again."""
        self.simulator.clear()
        if not self.shop.is_healthy():
            self.shop.kill_all()
            self.shop.start()

    def mark(self, shop: Shop | None = None) -> Mark:
        """Now: what comes after belongs to the next campaign."""
        simulator = (shop or self.shop).simulator
        simulator.news()
        return Mark(
            simulator.seq,
            len(simulator.payments()),
            len(self.book.orders),
            len(self.book.intents),
            len(self.canary.hits),
        )

    def evidence(self, mark: Mark | None = None, shop: Shop | None = None) -> Evidence:
        """Everything about the orders of a shop since a mark."""
        shop, mark = shop or self.shop, mark or Mark()
        orders = [order for order in self.book.orders[mark.orders :] if order.shop == shop.name]
        ours = {order.order_no for order in orders}
        return Evidence(
            lines=[line for line in shop.ledger() if line["order_no"] in ours],
            entries=shop.simulator.ledger(mark.seq),
            payments=shop.simulator.payments()[mark.payments :],
            orders=orders,
            intents=[intent for intent in self.book.intents[mark.intents :] if intent.order_no in ours],
            desk=[row for row in shop.desk() if row.order_no in ours],
            canary=[hit.decode(errors="replace") for hit in self.canary.hits[mark.canary :]],
            beyond_reach=frozenset(self.book.beyond_reach),
        )

    def _open(self, name: str, settings: dict[str, str]) -> Shop:
        simulator = self.process.new_run()
        if self.clockwork.offset:
            simulator.clock(self.clockwork.offset)
        shop = Shop(self, name, simulator, self.databases(name), settings)
        shop.prepare()
        self.shops.append(shop)
        self.watch.secrets |= shop.secrets()
        shop.start()
        if shop.has_webhooks():
            simulator.send_webhooks_to(f"{shop.url}/payments/webhook")
        return shop


@contextmanager
def open_stage(engine: str, profile: Profile, *, keep: bool = False) -> Iterator[Stage]:
    """Start everything, and end it.

    :raises RuntimeError: something did not start; the message ends with its log
    """
    folder = Path(tempfile.mkdtemp(prefix=f"chaos-{engine}-", dir="/tmp"))
    with ExitStack() as stack:
        if not keep:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        databases = _databases(engine, folder, stack)
        clockwork = Clockwork(folder)
        process = SimulatorProcess(folder)
        stack.callback(process.end)
        canary = stack.enter_context(Listener("127.0.0.66"))
        stage = Stage(engine, folder, profile, clockwork, process, canary, databases)
        stack.callback(stage.close)
        stage._open("shop", {})
        yield stage


def _databases(engine: str, folder: Path, stack: ExitStack) -> Callable[[str], str]:
    """How a shop of this stage gets an empty database."""
    if engine == "sqlite":
        return lambda name: database_file(folder, name)
    programs = postgres.find_programs()
    if programs is None:
        raise RuntimeError(f"PostgreSQL is not installed; on Debian: {postgres.INSTALL}")
    cluster = stack.enter_context(postgres.temporary_cluster(programs))
    stack.enter_context(outliving_us(cluster.folder / "data" / "postmaster.pid"))
    return lambda _name: stack.enter_context(cluster.fresh_database())


def crowd(work: Callable[[Item], Result], items: Iterable[Item], width: int = 8) -> list[Result]:
    """Do the work for all items, so many at a time; the results in order.

    :raises Exception: the first one that the work has raised, after all have ended
    """
    with ThreadPoolExecutor(max_workers=width) as pool:
        futures = [pool.submit(work, item) for item in items]
    return [future.result() for future in futures]


def together(works: Iterable[Callable[[], Any]]) -> list[Any]:
    """All at the same moment, each in a thread of its own."""
    works = list(works)
    start = time.monotonic() + 0.01 + 0.002 * len(works)

    def wait_and(work: Callable[[], Any]) -> Any:
        time.sleep(max(0.0, start - time.monotonic()))
        return work()

    return crowd(wait_and, works, width=max(1, len(works)))
