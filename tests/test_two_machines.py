"""Two shops on two ports over one PostgreSQL database: any of them serves any buyer, and either may die."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier
from typing import Any

import psycopg
import pytest
import requests

from shop.db import db
from shop.factory import create_app
from tests import world as worlds
from tests.page import PAYER
from tests.payer import Pairs, Payer
from tests.tools.postgres import Cluster, find_programs
from tests.tools.servers import START_SECONDS, clean_environment, free_ports, lay_home

pytestmark = pytest.mark.skipif(find_programs() is None, reason="PostgreSQL is not installed; CI requires it")
PATIENCE = 20.0


@dataclass
class Server:
    """One program in a process group of its own, so that all of it can be killed at once."""

    home: Path
    url: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """What a power cut does."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)


@dataclass
class Place:
    """Two machines, one simulator, one database."""

    first: Server
    second: Server
    simulator: str
    database_url: str
    environment: dict[str, str] = field(repr=False)

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One call of the simulator's control panel."""
        answer = requests.request(method, f"{self.simulator}/_sim/{path}", json=body, timeout=PATIENCE)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def confirms(self) -> int:
        """How often a confirm reached the gateway."""
        return sum(1 for entry in self.control("GET", "ledger") if entry["op"] == "confirm")

    def charged(self) -> list[str]:
        """The attempts that were really charged."""
        return [row["oid"] for row in self.control("GET", "payments") if row["state"] == "approved"]

    def two_minutes_later(self) -> None:
        """Move what the database knows of the running confirm into the past, instead of waiting."""
        address = self.database_url.replace("postgresql+psycopg", "postgresql")
        later = "confirming_at = confirming_at - interval '2 min', next_check_at = next_check_at - interval '2 min'"
        with psycopg.connect(address) as connection:
            connection.execute(f"UPDATE attempts SET {later} WHERE state = 'confirming'")

    def sweep(self) -> None:
        """The second machine's sweep, once."""
        command = [sys.executable, "-m", "flask", "--app", "app", "sweep"]
        subprocess.run(command, cwd=self.second.home, env=self.environment, check=True, capture_output=True)


@pytest.fixture
def place(postgresql_cluster: Cluster, tmp_path: Path) -> Iterator[Place]:
    ports = free_ports(3)
    urls = [f"http://localhost:{ports[0]}", f"http://localhost:{ports[1]}", f"http://127.0.0.1:{ports[2]}"]
    with ExitStack() as stack:
        database_url = stack.enter_context(postgresql_cluster.fresh_database())
        migrate(database_url, tmp_path)
        environment = clean_environment(
            {
                "SECRET_KEY": "s" * 40,
                "DATABASE_URL": database_url,
                "SHOP_URL": urls[0],  # what buyers see, whichever machine answers
                "SIMULATOR_URL": urls[2],
                "RATE_LIMITS": "on",
            }
        )
        simulator = ["shop.simulator", "--port", str(ports[2]), "--data", str(tmp_path / "simulator.sqlite")]
        stack.enter_context(started(tmp_path / "simulator", urls[2], environment, simulator, "/_sim"))
        shops = [
            stack.enter_context(
                started(tmp_path / f"shop{number}", urls[number], environment, gunicorn(ports[number]), "/healthz")
            )
            for number in range(2)
        ]
        yield Place(shops[0], shops[1], urls[2], database_url, environment)


def migrate(database_url: str, folder: Path) -> None:
    app = create_app(worlds.shop_settings(database_url, folder))
    worlds.migrate(app)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def gunicorn(port: int) -> list[str]:
    return [
        *("gunicorn", "app:app", "--bind", f"127.0.0.1:{port}", "--workers", "1"),
        *("--worker-class", "gthread", "--threads", "8", "--no-control-socket"),
    ]


@contextmanager
def started(home: Path, url: str, environment: dict[str, str], module: list[str], ready: str) -> Iterator[Server]:
    lay_home(home)
    with (home / "log").open("wb") as log:
        command = [sys.executable, "-m", *module]
        process = subprocess.Popen(command, cwd=home, env=environment, stdout=log, stderr=log, start_new_session=True)
    server = Server(home, url, process)
    try:
        until(lambda: answers(url + ready), START_SECONDS)
        yield server
    finally:
        server.kill()


def until(is_so: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait for another process, and say so when it does not come."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def answers(url: str) -> bool:
    with suppress(requests.ConnectionError):
        return requests.get(url, timeout=PATIENCE).ok
    return False


class Buyer:
    """A browser whose requests go to whichever machine it is told: cookies know no port."""

    def __init__(self) -> None:
        self._browser = requests.Session()

    def order(self, shop: Server) -> str:
        """Place an order; answers its number."""
        page = self._browser.get(f"{shop.url}/products/test-product", timeout=PATIENCE)
        item = {"product": "test-product", "quantity": "1", "csrf_token": token(page.text)}
        page = self._browser.post(f"{shop.url}/cart/items", item, timeout=PATIENCE)
        page = self._browser.post(f"{shop.url}/orders", PAYER | {"csrf_token": token(page.text)}, timeout=PATIENCE)
        return page.url.rpartition("/")[2]

    def authenticate(self, place: Place, shop: Server, order_no: str) -> Pairs:
        """Press pay at a shop and go through the window; answers what the browser then delivers."""
        page = self._browser.get(f"{shop.url}/orders/{order_no}", timeout=PATIENCE)
        form = {"csrf_token": token(page.text), "window": "direct"}
        opening = self._browser.post(f"{shop.url}/orders/{order_no}/attempts", form, timeout=PATIENCE).json()
        payer = Payer(requests.Session(), f"{place.first.url}/orders/{order_no}", place.simulator)
        return payer.pay(opening["fields"])

    def state(self, shop: Server, order_no: str) -> str:
        """The order's state as a shop's page shows it."""
        page = self._browser.get(f"{shop.url}/orders/{order_no}", timeout=PATIENCE).text
        found = re.search(r'data-testid="order-status"[^>]*data-state="(\w+)"', page)
        found = found or re.search(r'data-state="(\w+)"[^>]*data-testid="order-status"', page)
        assert found, page
        return found[1]


def token(page: str) -> str:
    found = re.search(r'name="(?:csrf_token|csrf-token)"[^>]*(?:value|content)="([^"]+)"', page)
    assert found, page
    return found[1]


def deliver(shop: Server, claim: Pairs) -> int:
    """Post a result as the window does, without our cookie."""
    return requests.post(f"{shop.url}/payments/result", claim, allow_redirects=False, timeout=60).status_code


def test_an_order_is_placed_at_one_machine_and_paid_at_the_other(place: Place) -> None:
    buyer = Buyer()
    order_no = buyer.order(place.first)
    claim = buyer.authenticate(place, place.second, order_no)

    assert deliver(place.first, claim) == 303

    assert [buyer.state(shop, order_no) for shop in (place.first, place.second)] == ["paid", "paid"]


def test_the_same_result_at_both_machines_at_once_is_confirmed_once(place: Place) -> None:
    buyer = Buyer()
    order_no = buyer.order(place.first)
    claim = buyer.authenticate(place, place.first, order_no)
    together = Barrier(8)

    def post(number: int) -> int:
        together.wait()
        return deliver(place.second if number % 2 else place.first, claim)

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(post, range(8))) == {303}

    assert place.confirms() == 1
    assert buyer.state(place.second, order_no) == "paid"


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("finisher", ["page", "sweep"])
def test_a_machine_that_dies_during_a_confirm_leaves_the_other_to_find_out(
    place: Place, phase: str, finisher: str
) -> None:
    """Before or after the gateway has charged: nobody confirms a second time, and the order ends paid."""
    buyer = Buyer()
    order_no = buyer.order(place.first)
    claim = buyer.authenticate(place, place.first, order_no)
    barrier = place.control("POST", "barrier", {"op": "confirm", "phase": phase, "seconds": 60})
    with ThreadPoolExecutor(1) as threads:
        posted = threads.submit(deliver, place.first, claim)
        until(lambda: any(one["waiting"] for one in place.control("GET", "barrier")))
        place.first.kill()
        assert isinstance(posted.exception(PATIENCE), requests.ConnectionError)
    assert buyer.state(place.second, order_no) == "checking"
    place.control("POST", f"barrier/{barrier['id']}/release")
    until(lambda: bool(place.charged()))

    place.two_minutes_later()
    if finisher == "sweep":
        place.sweep()

    assert buyer.state(place.second, order_no) == "paid"
    assert (place.confirms(), len(place.charged())) == (1, 1)
