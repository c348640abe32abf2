"""A shop and its simulator on free ports with a folder of their own, started and stopped by the tests."""

import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

START_SECONDS = 90.0
STOP_SECONDS = 15.0
# Below 32768 the system hands out no port by itself, so none of these is taken by a passing connection.
PORTS = range(20_000, 32_000)
STAFF = "staff", "a password for tests"
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT")
# What a .env of the shop may say, but no test wants; an empty value overrules it.
UNSET = ("DATABASE_URL", "SECRET_KEY", "PCD_RST_URL", "PAYPLE_CST_ID", "PAYPLE_CUST_KEY", "PAYPLE_REFUND_KEY")


class ShopFailed(Exception):
    """The shop did not start, or refused what was asked of it."""


@dataclass(frozen=True)
class Order:
    """An order in a wanted state. `cookies` are those of the browser that owns it, for `context.add_cookies`."""

    order_no: str
    url: str
    staff_url: str
    conversation_url: str
    cookies: list[Any]


@dataclass(frozen=True)
class Shop:
    """A running shop. `staff_name` and `staff_password` open its staff area."""

    url: str
    simulator_url: str
    staff_name: str = STAFF[0]
    staff_password: str = STAFF[1]

    def order(self, state: str, **wish: Any) -> Order:
        """Make an order in a state: `shop.order("paid", method="transfer", cash_receipt=True)`."""
        return Order(**self._ask("POST", "/_demo/orders", {"state": state} | wish))

    def show(self, order: Order) -> dict[str, Any]:
        """The order as the shop has it now, for assertions."""
        return self._ask("GET", f"/_demo/orders/{order.order_no}")

    def advance(self, **units: int) -> None:
        """Let time pass for shop and simulator: `shop.advance(hours=1)`."""
        self._ask("POST", "/_demo/clock", units)

    def reset(self) -> None:
        """Empty shop and simulator, and fill them with some twenty orders of the last days."""
        self._ask("POST", "/_demo/reset", {})

    def control(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Give the simulator an order: `shop.control("POST", "scenarios", {"id": "limit"})`."""
        return _ask(method, f"{self.simulator_url}/_sim/{path}", body)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = _ask(method, self.url + path, body)
        return answer


@contextmanager
def running(folder: Path, instance: Path) -> Iterator[Shop]:
    """Start the shop of a checkout, its files in `instance`, wait until it is ready, and stop it in the end.

    Raises ShopFailed with its log.
    """
    shop_port, simulator_port = _free_ports(2)
    shop = Shop(f"http://localhost:{shop_port}", f"http://127.0.0.1:{simulator_port}")
    instance.mkdir(parents=True, exist_ok=True)
    log = instance / "log"
    with log.open("wb") as file:
        command = [_python(folder), "app.py"]
        environment = _environment(shop, shop_port, simulator_port, instance)
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=file, stderr=file)
    try:
        _wait_until_ready(process, log)
        yield shop
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def _environment(shop: Shop, shop_port: int, simulator_port: int, instance: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in PASSED_ON}
    return (
        kept
        | dict.fromkeys(UNSET, "")
        | {
            "PAYPLE_MODE": "simulator",
            "HOST": "127.0.0.1",
            "SHOP_PORT": str(shop_port),
            "SIMULATOR_PORT": str(simulator_port),
            "SHOP_URL": shop.url,
            "SIMULATOR_URL": shop.simulator_url,
            "INSTANCE_FOLDER": str(instance.resolve()),
            "ADMIN_USERNAME": shop.staff_name,
            "ADMIN_PASSWORD": shop.staff_password,
        }
    )


def _python(folder: Path) -> str:
    """The shop's own Python, if it has one; else the one that runs the tests."""
    own = folder / ".venv" / "bin" / "python"
    return str(own.absolute() if own.exists() else sys.executable)


def _wait_until_ready(process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if "Ctrl-C" in log.read_text(encoding="utf-8"):
            return
        time.sleep(0.05)
    raise ShopFailed(log.read_text(encoding="utf-8"))


def _free_ports(count: int) -> list[int]:
    return [port for port in random.sample(PORTS, 200) if _is_free(port)][:count]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _ask(method: str, url: str, body: Mapping[str, Any] | None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data=data, method=method, headers={"Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=60) as answer:
            content = answer.read()
    except OSError as error:
        said = error.read().decode() if hasattr(error, "read") else error
        raise ShopFailed(f"{method} {url}: {said}") from error
    return json.loads(content) if content else None
