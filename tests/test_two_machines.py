"""Two shops on two ports over one PostgreSQL database: either of them serves any buyer, and either may die."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier
from typing import Any

import psycopg
import pytest
import requests

from tests.bench.shopper import Shopper
from tests.payer import Pairs
from tests.tools.postgres import Cluster, find_programs
from tests.tools.processes import ProcessGroup, answers, gunicorn, wait_until
from tests.tools.servers import START_SECONDS, clean_environment, free_ports, lay_home

pytestmark = pytest.mark.skipif(find_programs() is None, reason="PostgreSQL is not installed; CI requires it")
SECONDS = 20.0


@dataclass
class Machine:
    """A server in a process group of its own, so that all of it can be killed at once."""

    home: Path
    url: str
    command: list[str]
    environment: dict[str, str] = field(repr=False)
    group: ProcessGroup | None = None

    def start(self) -> None:
        self.group = ProcessGroup(self.command, self.home, self.environment, self.home / "log")
        assert wait_until(lambda: answers(self.url), START_SECONDS)

    def kill(self) -> None:
        """What a power cut does."""
        if self.group:
            self.group.kill()


@dataclass
class Place:
    """Two shops, one simulator, one database. A shopper goes from shop to shop with the same cookies."""

    first: Machine
    second: Machine
    simulator: Machine
    database_url: str

    @property
    def shop_url(self) -> str:
        return self.first.url

    @property
    def simulator_url(self) -> str:
        return self.simulator.url

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = requests.request(method, f"{self.simulator.url}/_sim/{path}", json=body, timeout=SECONDS)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def confirms(self, attempt_no: str) -> int:
        """How often a confirm of this attempt reached the gateway."""
        entries = self.control("GET", "ledger")
        return sum(1 for entry in entries if (entry["op"], entry["oid"]) == ("confirm", attempt_no))

    def is_charged(self, attempt_no: str) -> bool:
        return str(self.control("GET", f"payments/{attempt_no}")["state"]) == "approved"

    def two_minutes_later(self) -> None:
        """Move the running confirm into the past, instead of waiting."""
        address = self.database_url.replace("postgresql+psycopg", "postgresql")
        later = "confirming_at = confirming_at - interval '2 min', next_check_at = next_check_at - interval '2 min'"
        with psycopg.connect(address) as connection:
            connection.execute(f"UPDATE attempts SET {later} WHERE state = 'confirming'")

    def sweep(self) -> None:
        command = [sys.executable, "-m", "flask", "--app", "app", "sweep"]
        subprocess.run(command, cwd=self.second.home, env=self.second.environment, check=True, capture_output=True)


@pytest.fixture(scope="module")
def place(
    postgresql_cluster: Cluster, filled_postgresql: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    ports, folder = free_ports(3), tmp_path_factory.mktemp("machines")
    shops = [f"http://localhost:{port}" for port in ports[:2]]
    simulator = f"http://127.0.0.1:{ports[2]}"
    with postgresql_cluster.fresh_database(filled_postgresql) as database_url:
        settings = {"SECRET_KEY": "s" * 40, "DATABASE_URL": database_url, "RATE_LIMITS": "on"}
        settings |= {"SHOP_URL": shops[0], "SIMULATOR_URL": simulator}  # what buyers see, whichever machine answers
        environment = clean_environment(settings)
        commands = {url: gunicorn("app:app", port, workers=1) for url, port in zip(shops, ports, strict=False)}
        serve = [sys.executable, "-m", "shop.simulator", "--port", str(ports[2])]
        commands |= {simulator: [*serve, "--data", str(folder / "simulator.sqlite")]}
        machines = [
            Machine(lay_home(folder / str(number)), url, command, environment)
            for number, (url, command) in enumerate(commands.items())
        ]
        try:
            for machine in machines:
                machine.start()
            yield Place(machines[0], machines[1], machines[2], database_url)
        finally:
            for machine in machines:
                machine.kill()


def deliver(shop: Machine, claim: Pairs) -> int:
    """Post a result as the window does, without our cookie."""
    return requests.post(f"{shop.url}/payments/result", claim, allow_redirects=False, timeout=60).status_code


@pytest.fixture
def buyer(place: Place) -> Shopper:
    shopper = Shopper(place)
    shopper.session.headers["Connection"] = "close"  # a server may close a kept one just when it is used
    return shopper


def state_at(shop: Machine, buyer: Shopper, order_no: str) -> str:
    buyer.shop_url = shop.url
    return buyer.state(order_no)


def test_an_order_is_placed_at_one_machine_and_paid_at_the_other(place: Place, buyer: Shopper) -> None:
    order_no = buyer.order()
    buyer.shop_url = place.second.url
    claim = buyer.authenticate(order_no)

    assert deliver(place.first, claim) == 303

    assert [state_at(shop, buyer, order_no) for shop in (place.first, place.second)] == ["paid", "paid"]


def test_the_same_result_at_both_machines_at_once_is_confirmed_once(place: Place, buyer: Shopper) -> None:
    order_no = buyer.order()
    claim = buyer.authenticate(order_no)
    together = Barrier(8)

    def post(number: int) -> int:
        together.wait()
        return deliver(place.second if number % 2 else place.first, claim)

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(post, range(8))) == {303}

    assert place.confirms(dict(claim)["PCD_PAY_OID"]) == 1
    assert state_at(place.second, buyer, order_no) == "paid"


@pytest.mark.parametrize(("phase", "finisher"), [("before", "sweep"), ("after", "page")])
def test_a_machine_that_dies_during_a_confirm_leaves_the_other_to_find_out(
    place: Place, buyer: Shopper, phase: str, finisher: str
) -> None:
    """Before or after the gateway has charged: nobody confirms a second time, and the order ends paid."""
    place.first.kill()
    place.first.start()
    order_no = buyer.order()
    claim = buyer.authenticate(order_no)
    attempt_no = dict(claim)["PCD_PAY_OID"]
    barrier = place.control("POST", "barrier", {"op": "confirm", "phase": phase, "seconds": 60})
    with ThreadPoolExecutor(1) as threads:
        posted = threads.submit(deliver, place.first, claim)
        assert wait_until(lambda: any(one["waiting"] for one in place.control("GET", "barrier")))
        place.first.kill()
        assert isinstance(posted.exception(SECONDS), requests.ConnectionError)
    assert state_at(place.second, buyer, order_no) == "checking"
    place.control("POST", f"barrier/{barrier['id']}/release")
    assert wait_until(lambda: place.is_charged(attempt_no))

    place.two_minutes_later()
    if finisher == "sweep":
        place.sweep()

    assert state_at(place.second, buyer, order_no) == "paid"
    assert place.confirms(attempt_no) == 1
