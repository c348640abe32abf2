"""Starts and kills processes: whatever we start dies with us, and nothing else is ever signalled."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import requests

PR_SET_PDEATHSIG = 1
ESTABLISHED = "01"
SECONDS = 10.0
_libc = ctypes.CDLL(None)
# Linux sends the signal when the *thread* that started the child ends, so one thread that stays starts them all.
_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="starter")


class ProcessGroup:
    def __init__(self, command: Sequence[str], cwd: Path, environment: Mapping[str, str], log: Path) -> None:
        self._process = _starter.submit(_start, command, cwd, environment, log).result()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def children(self) -> list[int]:
        return children_of(self._process.pid)

    def end(self) -> None:
        self.send(signal.SIGTERM)
        try:
            self._process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(SECONDS)

    def send(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def _start(command: Sequence[str], cwd: Path, environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - it makes one system call and takes no lock
        )


def die_with_parent() -> None:
    """End this process the moment the thread that has started it ends."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def gunicorn(app: str, port: int, *, workers: int = 2) -> list[str]:
    """The command that serves an application as app.py serves the shop."""
    options = ["--workers", str(workers), "--worker-class", "gthread", "--threads", "8"]
    quiet = ["--log-level", "warning", "--no-control-socket"]
    return [sys.executable, "-m", "gunicorn", app, "--bind", f"127.0.0.1:{port}", *options, *quiet]


def wait_until(is_true: Callable[[], object], seconds: float = 30.0, pause: float = 0.02) -> bool:
    """Ask again and again until something is true; whether it became so in time."""
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)
    return True


def answers(url: str) -> bool:
    """Whether a server answers there, and not with an error of its own."""
    with suppress(requests.RequestException):
        return requests.get(url, timeout=2).status_code < 500
    return False


def children_of(pid: int) -> list[int]:
    """The running processes that this one has started."""
    with suppress(OSError):
        tasks = Path(f"/proc/{pid}/task").iterdir()
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
        return [child for child in children if is_running(child)]
    return []


def send(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def talks_to(pid: int, port: int) -> bool:
    try:
        rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
        wanted = {row[9] for row in rows if row[3] == ESTABLISHED and int(row[2].split(":")[1], 16) == port}
        links = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()} if wanted else set()
    except OSError:
        return False
    return any(f"socket:[{inode}]" in links for inode in wanted)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
