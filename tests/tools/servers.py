"""The real program as a person starts it, ``python app.py``, in a home of its own: own ports, own files."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.tools.sources import ROOT

START_SECONDS = 60.0
STOP_SECONDS = 15.0
# Below 32768 the system hands out no port by itself, so none of these is taken by a passing connection.
PORTS = range(21000, 32000)
OWN_NAMES = ("PAYPLE_", "SHOP_", "SIMULATOR_", "ADMIN_", "PCD_")
OTHER_NAMES = (
    *("HOST", "DATABASE_URL", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "ORDER_MINUTES", "RATE_LIMITS", "TRUSTED_PROXIES"),
)


class ServerFailed(Exception):
    """The program did not start; the message is its log."""


@dataclass(frozen=True)
class Program:
    """A started app.py: its process, its folder and where it answers."""

    process: subprocess.Popen[bytes]
    home: Path
    shop_url: str
    simulator_url: str

    @property
    def log(self) -> str:
        return (self.home / "log").read_text(encoding="utf-8")

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop; its exit status."""
        self.process.send_signal(with_signal)
        return self.process.wait(STOP_SECONDS)


def free_ports(count: int) -> list[int]:
    candidates = random.sample(PORTS, 200)
    return [port for port in candidates if _is_free(port)][:count]


def lay_home(folder: Path) -> Path:
    """A folder in which app.py finds everything but keeps its files to itself."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("app.py", "gunicorn.conf.py"):
        shutil.copy(ROOT / name, folder)
    for part in ("shop", "templates", "static"):
        (folder / part).symlink_to(ROOT / part)
    (folder / "instance").mkdir()
    return folder


def clean_environment(settings: dict[str, str]) -> dict[str, str]:
    """The machine's environment without settings of the shop, and then ours."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(OWN_NAMES) and name not in OTHER_NAMES
    }
    return kept | settings


def start(home: Path, settings: dict[str, str]) -> Program:
    """Start the program without waiting for it, on free ports unless the settings name some."""
    shop_port, simulator_port = free_ports(2)
    chosen = {
        "SHOP_PORT": str(shop_port),
        "SIMULATOR_PORT": str(simulator_port),
        "SHOP_URL": f"http://localhost:{shop_port}",
        "SIMULATOR_URL": f"http://127.0.0.1:{simulator_port}",
    } | settings
    with (home / "log").open("wb") as log:
        command = [sys.executable, "app.py"]
        environment = clean_environment(chosen)
        process = subprocess.Popen(command, cwd=home, env=environment, stdout=log, stderr=log, start_new_session=True)
    return Program(process, home, chosen["SHOP_URL"], chosen["SIMULATOR_URL"])


@contextmanager
def running(home: Path, settings: dict[str, str] | None = None) -> Iterator[Program]:
    """Start the program, wait until it says that everything answers, stop it in the end.

    :raises ServerFailed: with its log
    """
    program = start(lay_home(home), settings or {})
    try:
        wait_until_ready(program)
        yield program
    finally:
        if program.process.poll() is None:
            program.stop()


def wait_until_ready(program: Program) -> None:
    """Wait for the banner, which is printed once both servers answer."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and program.process.poll() is None:
        if "Ctrl-C" in program.log:
            return
        time.sleep(0.05)
    program.process.kill()
    raise ServerFailed(program.log)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
