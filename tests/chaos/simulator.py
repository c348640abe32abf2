"""The simulator: its process, and its control panel bound to one run of its own."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.oracle import Row
from tests.tools.processes import ProcessGroup, answers, wait_until
from tests.tools.servers import clean_environment, free_ports
from tests.tools.sources import ROOT

SECONDS = 30.0


class SimulatorProcess:
    def __init__(self, folder: Path) -> None:
        self.port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "simulator.log"
        command = [sys.executable, "-m", "shop.simulator", "--host", "127.0.0.1", "--port", str(self.port)]
        options = ["--origin", self.url, "--data", str(folder / "simulator.sqlite"), "--webhook-host", "localhost"]
        self._command = [*command, *options]
        self._start()

    def end(self) -> None:
        self._group.kill()

    @contextmanager
    def away(self) -> Iterator[None]:
        """For a while connections are refused. Its file stays, so it forgets nothing."""
        self._group.kill()
        try:
            yield
        finally:
            self._start()

    @contextmanager
    def hanging(self) -> Iterator[None]:
        self._group.send(signal.SIGSTOP)
        try:
            yield
        finally:
            self._group.send(signal.SIGCONT)

    def _start(self) -> None:
        self._group = ProcessGroup(self._command, ROOT, clean_environment({}), self._log)
        if not wait_until(lambda: answers(f"{self.url}/_sim/clock"), SECONDS):
            self.end()
            raise RuntimeError(self._log.read_text())


class Simulator:
    """What a driver may ask of one run, and tell it."""

    def __init__(self, url: str) -> None:
        issued = requests.post(f"{url}/_sim/runs", json={}, timeout=SECONDS).json()
        self.url, self.run, self.keys = url, str(issued["run"]), issued
        self._seen = 0

    def ledger(self, after: int = 0) -> list[Row]:
        return list(self.control("GET", f"ledger?after={after}"))

    def news(self) -> list[Row]:
        found = self.ledger(self._seen)
        self._seen = int(found[-1]["seq"]) if found else self._seen
        return found

    def payments(self) -> dict[str, Row]:
        return {row["oid"]: row for row in self.control("GET", "payments")}

    def fault(self, op: str, kind: str, phase: str = "after", **more: object) -> None:
        self.control("POST", "faults", {"op": op, "kind": kind, "phase": phase, **more})

    def clear(self) -> None:
        self.control("DELETE", "faults")
        self.control("DELETE", "scenarios")
        for barrier in self.control("GET", "barrier"):
            self.release(int(barrier["id"]))
        self.webhooks(hold=False, duplicate=0, shuffle=False, drop=0, delay=0, release=True)

    def barrier(self, op: str, phase: str, oid: str) -> int:
        """The next such request stands still; the number by which it is released."""
        return int(self.control("POST", "barrier", {"op": op, "phase": phase, "oid": oid})["id"])

    def waiting(self) -> set[int]:
        return {int(one["id"]) for one in self.control("GET", "barrier") if one["waiting"]}

    def release(self, barrier: int) -> None:
        self._request("POST", f"barrier/{barrier}/release")

    def webhooks(self, **wishes: object) -> None:
        """How webhooks travel from now on: hold, release, duplicate, shuffle, drop, delay, seed."""
        self.control("POST", "webhooks", wishes)

    def control(self, method: str, path: str, body: object = None) -> Any:
        response = self._request(method, path, body)
        if not response.ok:
            raise RuntimeError(f"{method} /_sim/{path}: {response.status_code} {response.text}")
        return response.json() if response.content else None

    def _request(self, method: str, path: str, body: object = None) -> requests.Response:
        address = f"{self.url}/_sim/{path}{'&' if '?' in path else '?'}run={self.run}"
        return requests.request(method, address, json=body, timeout=SECONDS)
