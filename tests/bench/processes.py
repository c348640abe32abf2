"""The processes that are measured: a bare page beside the shop, their workers' memory, and how long an import takes."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import requests

from tests.tools.servers import START_SECONDS, Program, ServerFailed, clean_environment, free_ports
from tests.tools.sources import ROOT

THREADS = 8
BARE, SHOP = "tests.bench.bare:app", "app:app"
"""What gunicorn serves: the reference, and the shop."""


@dataclass(frozen=True)
class Server:
    """A running gunicorn: its address and its workers' process ids."""

    url: str
    workers: list[int]

    def cpu(self) -> float:
        """Seconds that the workers have used so far."""
        return sum(_cpu(pid) for pid in self.workers)


@contextmanager
def bare_page(workers: int = 2) -> Iterator[Server]:
    """Serve the reference as app.py serves the shop."""
    with _gunicorn(BARE, ROOT, dict(os.environ), free_ports(1)[0], workers) as server:
        yield server


@contextmanager
def another_shop(program: Program, settings: dict[str, str], workers: int) -> Iterator[tuple[Program, Server]]:
    """Serve the shop of a running program once more, with so many workers, on the same database and simulator."""
    (port,) = free_ports(1)
    own = {"SHOP_PORT": str(port), "SHOP_URL": f"http://localhost:{port}", "SIMULATOR_URL": program.simulator_url}
    with _gunicorn(SHOP, program.home, clean_environment(settings | own), port, workers) as server:
        yield replace(program, shop_url=own["SHOP_URL"]), server


@contextmanager
def _gunicorn(app: str, folder: Path, environment: dict[str, str], port: int, workers: int) -> Iterator[Server]:
    shape = ("--workers", str(workers), "--worker-class", "gthread", "--threads", str(THREADS))
    quiet = ("--log-level", "warning", "--no-control-socket")
    command = (sys.executable, "-m", "gunicorn", app, "--bind", f"127.0.0.1:{port}", *shape, *quiet)
    master = subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True)
    try:
        url = f"http://127.0.0.1:{port}/"
        _wait_for(f"{url}healthz")
        yield Server(url, _children(master.pid))
    finally:
        master.terminate()
        master.wait(15)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            requests.get(url, timeout=5)
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.05)
        else:
            return
    raise ServerFailed(f"{url} does not answer")


def workers_of(program: int, server: str) -> list[int]:
    """The workers of one of the servers that ``app.py`` has started: ``shop`` or ``simulator``."""
    [master] = [pid for pid in _children(program) if _read(pid, "comm").strip() == server]
    return _children(master)


def memory_of(workers: list[int]) -> list[int]:
    """Resident kilobytes of each."""
    return [_resident(pid) for pid in workers]


def cpu_of(program: int, server: str) -> float:
    """Seconds that the workers of a server of ``app.py`` have used so far."""
    return sum(_cpu(pid) for pid in workers_of(program, server))


def _children(pid: int) -> list[int]:
    return [
        int(word) for task in Path(f"/proc/{pid}/task").iterdir() for word in (task / "children").read_text().split()
    ]


def _cpu(pid: int) -> float:
    return sum(int(task.read_text().split()[0]) for task in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def _resident(pid: int) -> int:
    line = next(line for line in _read(pid, "status").splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1])


def _read(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8")


def seconds_to_import(module: str, home: Path, settings: dict[str, str]) -> float:
    """From starting Python to its end, with one import."""
    environment = clean_environment(settings) | {"PYTHONPATH": os.fspath(home)}
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {module}"], cwd=home, env=environment, check=True)
    return time.perf_counter() - started
