"""The processes that are measured: a bare page beside the shop, their workers' memory, and how long an import takes."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.tools.servers import START_SECONDS, ServerFailed, clean_environment, free_ports
from tests.tools.sources import ROOT

AS_THE_SHOP = ("--workers", "2", "--worker-class", "gthread", "--threads", "4", "--log-level", "warning")
"""The same settings that app.py gives the shop."""


@contextmanager
def bare_page() -> Iterator[tuple[str, int]]:
    """Serve the yardstick; its address and the master's process id."""
    (port,) = free_ports(1)
    command = (sys.executable, "-m", "gunicorn", "tests.bench.bare:app", "--bind", f"127.0.0.1:{port}", *AS_THE_SHOP)
    master = subprocess.Popen([*command, "--no-control-socket"], cwd=ROOT, start_new_session=True)
    try:
        _wait_for(f"http://127.0.0.1:{port}/")
        yield f"http://127.0.0.1:{port}/", master.pid
    finally:
        master.terminate()
        master.wait(15)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            requests.get(url, timeout=1)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise ServerFailed(f"{url} does not answer")


def memory_of_workers(master: int, command: str) -> list[int]:
    """Resident kilobytes of each worker of a server that runs somewhere below a process."""
    return [_resident(pid) for pid in _below(master) if command in _line(pid) and command in _line(_parent(pid))]


def _below(pid: int) -> list[int]:
    children = [
        int(word) for task in Path(f"/proc/{pid}/task").iterdir() for word in (task / "children").read_text().split()
    ]
    return children + [further for child in children for further in _below(child)]


def _line(pid: int) -> str:
    return _read(pid, "cmdline").replace("\0", " ")


def _parent(pid: int) -> int:
    return int(_read(pid, "stat").rpartition(")")[2].split()[1])


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
