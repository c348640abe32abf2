"""The stage of a run: one simulator, one shop, their clock. Everything a stage starts it ends, whatever happens."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from queue import Queue
from socket import create_server
from threading import Event, Lock, Thread
from typing import Any, TypeVar

import requests

from tests.chaos.people import Buyer, Refusal, Staff
from tests.chaos.report import Report, Step
from tests.chaos.shop import Clock, Shop
from tests.chaos.simulator import Simulator, SimulatorProcess
from tests.chaos.watch import Watch
from tests.oracle import Evidence, Placed
from tests.tools import postgres
from tests.tools.servers import free_ports

Item = TypeVar("Item")
Result = TypeVar("Result")
ENGINES = ("sqlite", "postgresql")
MEMBERS = 6
"""Sessions of the staff; a thread borrows one."""


class Canary:
    """An address that nobody must ever call. Keeps what callers said."""

    def __init__(self) -> None:
        self._server = create_server(("127.0.0.66", free_ports(1)[0]))
        self.url = f"http://127.0.0.66:{self._server.getsockname()[1]}/"
        self.calls: list[str] = []
        Thread(target=self._serve, name="canary", daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                with connection, suppress(OSError):
                    connection.settimeout(1)
                    self.calls.append(connection.recv(65_536).decode(errors="replace"))

    def close(self) -> None:
        self._server.close()


@dataclass
class Stage:
    """What a campaign acts on. `open_stage` makes one."""

    engine: str
    folder: Path
    clock: Clock
    process: SimulatorProcess
    simulator: Simulator
    shop: Shop
    canary: Canary
    watch: Watch = field(default_factory=Watch)
    orders: list[Placed] = field(default_factory=list)
    refund_forms: set[tuple[str, str]] = field(default_factory=set)
    invented: set[str] = field(default_factory=set)
    stock: dict[str, list[int]] = field(default_factory=dict)
    owners: dict[str, Buyer] = field(default_factory=dict)
    keep_logs: bool = False
    _members: Queue[Staff] = field(default_factory=Queue)
    _hired: int = 0
    _lock: Lock = field(default_factory=Lock)

    def buyer(self, step: Step | None = None) -> Buyer:
        return Buyer(self, step)

    @contextmanager
    def staff(self) -> Iterator[Staff]:
        """A signed-in session of the staff, used by nobody else meanwhile."""
        with self._lock:
            hires = self._members.empty() and self._hired < MEMBERS
            self._hired += hires
        member = Staff(self) if hires else self._members.get()
        try:
            yield member
        finally:
            self._members.put(member)

    def act_as_staff(self, op: str, order: Placed, amount: int | None = None) -> None:
        """Refund an order, or issue or cancel its cash receipt, by the name of the gateway's operation."""
        with self.staff() as member:
            if op == "cancel":
                member.refund(order, amount)
            elif op == "receipt_issue":
                member.issue_receipt(order)
            else:
                member.cancel_receipt(order)

    def remember(self, order: Placed, owner: Buyer) -> Placed:
        """Keep an order and who owns it. The same number again is the same order."""
        with self._lock:
            if order.order_no in self.owners:
                return next(one for one in self.orders if one.order_no == order.order_no)
            self.orders.append(order)
            self.owners[order.order_no] = owner
        return order

    def step_of(self, order_no: str) -> Step | None:
        owner = self.owners.get(order_no)
        return owner.step if owner else None

    def look_at_stock(self, *slugs: str) -> None:
        """Remember how many are left now. Only for products that nobody else orders in this run."""
        for slug in slugs:
            self.stock.setdefault(slug, []).append(self.shop.stock(slug))

    def run_due(self) -> None:
        with self.staff() as member:
            member.run_due()

    def now(self) -> datetime:
        return self.clock.now()

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.simulator.control("POST", "clock", {"advance": seconds})

    def pass_a_month(self) -> None:
        """Until the next charge of each subscription is due, at whatever hour it began."""
        self.advance(32 * 86_400)

    def recover(self) -> None:
        """After a campaign: no fault stays, and the shop serves again."""
        self.simulator.clear()
        if not self.shop.is_healthy():
            self.shop.kill_all()
            self.shop.start()

    def collect(self, report: Report) -> None:
        self.watch.read(self.shop.new_log(), "the log")
        for invariant, text in self.watch.take():
            report.breach(invariant, text)

    def evidence(self) -> Evidence:
        """Everything so far; the shop's ledger is read before the gateway's, which only ever has more."""
        lines = self.shop.ledger()
        with self.staff() as member:
            desk = member.desk()
        return Evidence(
            lines=lines,
            entries=self.simulator.ledger(),
            payments=list(self.simulator.payments().values()),
            orders=list(self.orders),
            refund_forms=frozenset(self.refund_forms),
            desk=desk,
            stock=self.stock,
            canary=list(self.canary.calls),
            invented=frozenset(self.invented),
            month_of=self.shop.months(),
        )


@contextmanager
def open_stage(engine: str, bug: str = "", *, keep: bool = False) -> Iterator[Stage]:
    """Start everything, and end it. The folder with logs and databases stays if `keep_logs` is set by then."""
    folder = Path(tempfile.mkdtemp(prefix=f"chaos-{engine}-", dir="/tmp"))
    with ExitStack() as stack:
        removal = stack.enter_context(ExitStack())
        removal.callback(shutil.rmtree, folder, ignore_errors=True)
        database_url = _database(engine, folder, stack)
        clock, process, canary = Clock(folder), SimulatorProcess(folder), Canary()
        stack.callback(process.end)
        stack.callback(canary.close)
        simulator = Simulator(process.url)
        shop = Shop(folder, simulator, clock, database_url, bug)
        stack.callback(shop.kill_all)
        stage = Stage(engine, folder, clock, process, simulator, shop, canary, keep_logs=keep)
        try:
            shop.prepare()
            stage.watch.secrets |= shop.secrets()
            shop.start()
            simulator.control("POST", "partners", {"webhook_url": f"{shop.url}/payments/webhook"})
            yield stage
        except BaseException:
            stage.keep_logs = True
            raise
        finally:
            if stage.keep_logs:
                removal.pop_all()
                sys.stdout.write(f"[{engine}] logs and databases: {folder}\n")


def _database(engine: str, folder: Path, stack: ExitStack) -> str:
    if engine == "sqlite":
        return f"sqlite:///{folder / 'shop.sqlite'}"
    programs = postgres.find_programs()
    if programs is None:
        raise RuntimeError(f"PostgreSQL is not installed; on Debian: {postgres.INSTALL}")
    cluster = stack.enter_context(postgres.temporary_cluster(programs))
    return str(stack.enter_context(cluster.fresh_database()))


def crowd(work: Callable[[Item], Result], items: Iterable[Item], width: int = 6) -> list[Result]:
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


def attempt(act: Callable[[], object]) -> None:
    with suppress(requests.RequestException, Refusal, AssertionError):
        act()


@contextmanager
def beside(work: Callable[[Event], None], threads: int = 1) -> Iterator[None]:
    """Threads that do this as long as the block lasts; the event says that it is over."""
    over = Event()
    running = [Thread(target=work, args=(over,)) for _ in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in running:
            thread.join()
