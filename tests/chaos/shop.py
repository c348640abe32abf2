"""The shop under test: its servers, its commands, its clock and its database, from outside."""

from __future__ import annotations

import json
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Row, create_engine, inspect, text
from sqlalchemy.pool import NullPool

from tests.chaos.people import STAFF
from tests.chaos.simulator import Simulator
from tests.tools import processes
from tests.tools.processes import ProcessGroup, answers, gunicorn, wait_until
from tests.tools.servers import clean_environment, free_ports, lay_home
from tests.tools.sources import ROOT

START_SECONDS = 60.0
COMMAND_SECONDS = 300.0
PLANTED = "tests.planted.app"
LIBRARIES = ("usr/lib/*/faketime/libfaketimeMT.so.1", "usr/local/lib/faketime/libfaketimeMT.so.1")
INSTALL = "apt-get install -y faketime"
# libfaketime 0.9.10, as in Debian 12, breaks a sleep until a monotonic moment, which is how Python sleeps since 3.11.
SLEEP = """import select
import time

time.sleep = lambda seconds: select.select([], [], [], seconds) and None
"""


def find_faketime() -> Path | None:
    return next((path for pattern in LIBRARIES for path in sorted(Path("/").glob(pattern))), None)


class Clock:
    """The time of day of the shop's processes. Their monotonic clock stays."""

    def __init__(self, folder: Path) -> None:
        self.offset = 0.0
        self._file, self._patch = folder / "clock", folder / "python"
        self._patch.mkdir(parents=True)
        (self._patch / "sitecustomize.py").write_text(SLEEP)
        self.advance(0)

    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(find_faketime()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # else a thread that waits for its turn wakes up all the time
            "NO_FAKE_STAT": "1",
            "PYTHONPATH": str(self._patch),
        }

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.offset)

    def advance(self, seconds: float) -> None:
        """Move forward; written in one stroke, since a process must never read half a number."""
        self.offset += seconds
        draft = self._file.with_suffix(".new")
        draft.write_text(f"+{self.offset:.3f}\n")
        draft.replace(self._file)


class Shop:
    """One shop in a folder of its own, perhaps with a planted bug. Call from any thread."""

    def __init__(self, folder: Path, simulator: Simulator, clock: Clock, database_url: str, bug: str = "") -> None:
        self.port = free_ports(1)[0]
        self.url = f"http://localhost:{self.port}"
        self.password = secrets.token_urlsafe(18)
        self.prices: dict[str, int] = {}
        self._engine = create_engine(database_url, poolclass=NullPool)
        self.log = folder / "shop.log"
        self._home, self._simulator, self._clock = folder / "shop", simulator, clock
        self._app = PLANTED if bug else "app"
        self._settings = self._all_settings(database_url, bug)
        self._more: dict[str, str] = {}
        self._group: ProcessGroup | None = None
        self._log_read = 0

    def prepare(self) -> None:
        lay_home(self._home)
        (self._home / "tests").symlink_to(ROOT / "tests")
        for words in (["db", "upgrade"], ["seed"]):
            self._flask("app", words)
        self._flask("app", ["staff", "add", STAFF, "--password-stdin"], stdin=self.password + "\n")
        self.prices = {row.slug: row.price for row in self._query("SELECT slug, price FROM products")}

    def start(self, **environment: str) -> None:
        """Start the servers and wait until they answer; ``environment`` is kept for later restarts."""
        self._more |= environment
        self._group = ProcessGroup(gunicorn(f"{self._app}:app", self.port), self._home, self._environment(), self.log)
        self.wait_until_healthy()

    def restart(self, **environment: str) -> None:
        if self._group:
            self._group.end()
        self.start(**environment)

    def wait_until_healthy(self) -> None:
        if not wait_until(self.is_healthy, START_SECONDS):
            raise RuntimeError(f"the shop does not answer; its log ends: {self.log.read_text()[-3000:]}")

    def is_healthy(self) -> bool:
        return answers(f"{self.url}/healthz")

    def kill_all(self) -> None:
        if self._group:
            self._group.kill()

    def workers(self) -> list[int]:
        return self._group.children() if self._group else []

    def workers_asking(self) -> list[int]:
        port = int(self._simulator.url.rpartition(":")[2])
        return [pid for pid in self.workers() if processes.talks_to(pid, port)]

    def signal_workers(self, pids: list[int], number: signal.Signals = signal.SIGKILL) -> None:
        for pid in pids:
            processes.send(pid, number)

    def sweep(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._flask(self._app, ["sweep"]).strip().splitlines()[-1])
        return found

    def start_sweep(self) -> ProcessGroup:
        """A sweep in the background; whoever starts it ends it."""
        return ProcessGroup(_command(self._app, ["sweep"]), self._home, self._environment(), self.log)

    def ledger(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._flask("app", ["ledger"]).splitlines() if line.strip()]

    def stock(self, slug: str) -> int:
        return int(self._query("SELECT stock FROM products WHERE slug = :slug", slug=slug)[0].stock)

    def new_log(self) -> str:
        with self.log.open(encoding="utf-8", errors="replace") as log:
            log.seek(self._log_read)
            text = log.read()
            self._log_read = log.tell()
        return text

    def rows(self) -> Iterator[str]:
        for table in inspect(self._engine).get_table_names():
            yield from (f"{table}: {tuple(row)}" for row in self._query(f'SELECT * FROM "{table}"'))

    def months(self) -> dict[str, str]:
        """The subscription and the month of each order that has one."""
        rows = self._query("SELECT order_no, subscription_id, month FROM orders WHERE subscription_id IS NOT NULL")
        return {row.order_no: f"{row.subscription_id} {row.month}" for row in rows}

    def secrets(self) -> set[str]:
        names = ("PAYPLE_CUST_KEY", "PAYPLE_REFUND_KEY", "SECRET_KEY")
        return {self.password, *(self._settings[name] for name in names)}

    def _query(self, query: str, **values: object) -> Sequence[Row[Any]]:
        with self._engine.connect() as connection:
            return connection.execute(text(query), values).all()

    def _flask(self, app: str, words: list[str], stdin: str = "") -> str:
        done = subprocess.run(
            _command(app, words),
            cwd=self._home,
            env=self._environment(),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        with self.log.open("a", encoding="utf-8") as log:
            log.write(done.stderr)
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {done.returncode} {done.stdout} {done.stderr}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        return clean_environment(self._settings | self._clock.environment() | self._more)

    def _all_settings(self, database_url: str, bug: str) -> dict[str, str]:
        keys = self._simulator.keys
        return {
            "PAYPLE_MODE": "simulator",
            "SHOP_PORT": str(self.port),
            "SHOP_URL": self.url,
            "SIMULATOR_URL": self._simulator.url,
            "DATABASE_URL": database_url,
            "SECRET_KEY": secrets.token_urlsafe(36),
            "PAYPLE_CST_ID": keys["cst_id"],
            "PAYPLE_CUST_KEY": keys["custKey"],
            "PAYPLE_REFUND_KEY": keys["refundKey"],
            "PAYPLE_CLIENT_KEY": keys["clientKey"],
            "PAYPLE_CONNECT_TIMEOUT": "1",
            "PAYPLE_READ_TIMEOUT": "2",
            "PAYPLE_TOTAL_TIMEOUT": "3",
            "PAYPLE_INQUIRIES_PER_SECOND": "200",
            "PLANTED_BUG": bug,
        }


def _command(app: str, words: list[str]) -> list[str]:
    return [sys.executable, "-m", "flask", "--app", app, *words]
