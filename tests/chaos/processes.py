"""Starts and kills processes: whatever we start dies with us, and nothing else is ever signalled."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

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
        pid = self._process.pid
        try:
            listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        except OSError:
            return []
        return [int(child) for child in listed.split() if is_running(int(child))]

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


@contextmanager
def outliving_us(pid_file: Path) -> Iterator[None]:
    """A guard that ends somebody else's server, should we be killed before we can."""
    pid = pid_file.read_text().split()[0]
    watch = f"while kill -0 {os.getpid()}; do sleep 1; done 2>/dev/null; kill -INT {pid}"
    guard = subprocess.Popen(["/bin/sh", "-c", watch], start_new_session=True)
    try:
        yield
    finally:
        guard.kill()
        guard.wait()


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
