"""The processes that are measured: a bare page beside the shop, their workers' memory, and how long an import takes."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.tools.processes import answers, children_of, gunicorn, wait_until
from tests.tools.servers import START_SECONDS, Program, ServerFailed, clean_environment, free_ports
from tests.tools.sources import ROOT

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
    command, url = gunicorn(app, port, workers=workers), f"http://127.0.0.1:{port}/"
    master = subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True)
    try:
        if not wait_until(lambda: answers(f"{url}healthz"), START_SECONDS):
            raise ServerFailed(f"{url} does not answer")
        yield Server(url, children_of(master.pid))
    finally:
        master.terminate()
        master.wait(15)


def workers_of(program: int, server: str) -> list[int]:
    """The workers of one of the servers that ``app.py`` has started: ``shop`` or ``simulator``."""
    [master] = [pid for pid in children_of(program) if _read(pid, "comm").strip() == server]
    return children_of(master)


def memory_of(workers: list[int]) -> list[int]:
    """Resident kilobytes of each."""
    return [_resident(pid) for pid in workers]


def cpu_of(program: int, server: str) -> float:
    """Seconds that the workers of a server of ``app.py`` have used so far."""
    return sum(_cpu(pid) for pid in workers_of(program, server))


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
