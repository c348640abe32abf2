"""The simulator: its process, and its control panel bound to one run (a partner with keys and a ledger of its own)."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.chaos.processes import Group
from tests.chaos.watch import wait_until
from tests.tools.servers import clean_environment, free_ports
from tests.tools.sources import ROOT

SECONDS = 30.0
START_SECONDS = 30.0


@dataclass(frozen=True)
class Keys:
    """What one partner authenticates with."""

    cst_id: str
    cust_key: str
    refund_key: str
    client_key: str


class SimulatorProcess:
    """`python -m shop.simulator` on a port and a file of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "simulator.log"
        command = [sys.executable, "-m", "shop.simulator", "--host", "127.0.0.1", "--port", str(self.port)]
        options = ["--origin", self.url, "--data", str(folder / "simulator.sqlite"), "--webhook-host", "localhost"]
        self._command = [*command, *options]
        self._start()

    def end(self) -> None:
        """Stop it."""
        self._group.kill()

    @contextmanager
    def away(self) -> Iterator[None]:
        """For a while it is not there: connections are refused. Its file stays, so it forgets nothing."""
        self._group.kill()
        try:
            yield
        finally:
            self._start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """For a while it accepts nothing and answers nobody."""
        self._group.signal_all(signal.SIGSTOP)
        try:
            yield
        finally:
            self._group.signal_all(signal.SIGCONT)

    def new_run(self) -> Simulator:
        """The control panel of a fresh partner."""
        issued = requests.post(f"{self.url}/_sim/runs", json={}, timeout=SECONDS).json()
        keys = Keys(issued["cst_id"], issued["custKey"], issued["refundKey"], issued["clientKey"])
        return Simulator(self.url, str(issued["run"]), keys)

    def _start(self) -> None:
        self._group = Group(self._command, ROOT, clean_environment({}), self._log)
        if not wait_until(self._answers, START_SECONDS):
            self.end()
            raise RuntimeError(self._log.read_text())

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/_sim/clock", timeout=1).ok
        except requests.RequestException:
            return False


class Simulator:
    """What a driver may ask of one run, and tell it."""

    def __init__(self, url: str, run: str, keys: Keys) -> None:
        self.url, self.run, self.keys = url, run, keys
        self.seq = 0

    def ledger(self, after: int = 0) -> list[dict[str, Any]]:
        """Every line after a number, oldest first."""
        found: list[dict[str, Any]] = self._ask("GET", f"ledger?after={after}")
        return found

    def news(self) -> list[dict[str, Any]]:
        """What it has written since this was asked the last time."""
        found = self.ledger(self.seq)
        self.seq = int(found[-1]["seq"]) if found else self.seq
        return found

    def payments(self) -> list[dict[str, Any]]:
        """Every payment in the order of opening."""
        found: list[dict[str, Any]] = self._ask("GET", "payments")
        return found

    def payment(self, oid: str) -> dict[str, Any]:
        """One payment."""
        found: dict[str, Any] = self._ask("GET", f"payments/{oid}")
        return found

    def cancel(self, oid: str, amount: int | None = None) -> dict[str, Any]:
        """Cancel behind the shop's back."""
        found: dict[str, Any] = self._ask("POST", f"payments/{oid}/cancel", {"amount": amount} if amount else {})
        return found

    def fault(self, op: str, kind: str | list[str], phase: str = "after", **more: object) -> None:
        """The next such operations break."""
        self._ask("POST", "faults", {"op": op, "kind": kind, "phase": phase, **more})

    def kinds(self) -> list[dict[str, Any]]:
        """The kinds of faults that there are, with their ops and phases."""
        found: list[dict[str, Any]] = self._ask("GET", "faults")["kinds"]
        return found

    def clear(self) -> None:
        """No more faults, no scenario armed, nothing held at a barrier, and webhooks travel as usual."""
        self._ask("DELETE", "faults")
        self._ask("DELETE", "scenarios")
        for barrier in self.barriers():
            self.release(int(barrier["id"]))
        self.bench(hold=False, duplicate=0, shuffle=False, drop=0, delay=0, release=True)

    def clock(self, advance: float = 0.0) -> dict[str, Any]:
        """Its time, after moving it forward."""
        found: dict[str, Any] = self._ask("POST", "clock", {"advance": advance})
        return found

    def barrier(self, op: str, phase: str, **more: object) -> int:
        """The next such request stands still; the number by which it is let go."""
        return int(self._ask("POST", "barrier", {"op": op, "phase": phase, **more})["id"])

    def barriers(self) -> list[dict[str, Any]]:
        """Those that hold or wait for something."""
        found: list[dict[str, Any]] = self._ask("GET", "barrier")
        return found

    def release(self, number: int) -> bool:
        """Let a held request go; False if there is none any more."""
        return bool(self._request("POST", f"barrier/{number}/release").ok)

    def webhooks(self) -> list[dict[str, Any]]:
        """Every webhook with all that was tried."""
        found: list[dict[str, Any]] = self._ask("GET", "webhooks")
        return found

    def bench(self, **wishes: object) -> None:
        """How webhooks travel from now on: hold, release, duplicate, shuffle, drop, delay, seed."""
        self._ask("POST", "webhooks", wishes)

    def resend(self, number: int) -> None:
        """The same webhook once more."""
        self._ask("POST", f"webhooks/{number}/resend")

    def send_webhooks_to(self, url: str) -> None:
        """Register the address of the shop's webhooks; blank: none are sent."""
        self._ask("POST", "partners", {"webhook_url": url})

    def policy(self, **switches: object) -> dict[str, Any]:
        """Set some switches; all of them as they stand."""
        found: dict[str, Any] = self._ask("POST", "policy", switches)
        return found

    def scenario(self, name: str | list[str], **more: object) -> None:
        """Arm a scenario for payments to come."""
        self._ask("POST", "scenarios", {"id": name, **more})

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        response = self._request(method, path, body)
        if not response.ok:
            raise RuntimeError(f"{method} /_sim/{path}: {response.status_code} {response.text}")
        return response.json() if response.content else None

    def _request(self, method: str, path: str, body: object = None) -> requests.Response:
        address = f"{self.url}/_sim/{path}{'&' if '?' in path else '?'}run={self.run}"
        return requests.request(method, address, json=body, timeout=SECONDS)
