"""A shop under test: its servers, its commands, and what staff and pages tell of it."""

from __future__ import annotations

import json
import secrets
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import requests

from tests.chaos import processes, reading
from tests.chaos.buyer import Staff, new_password
from tests.chaos.evidence import DeskRow
from tests.chaos.processes import Group
from tests.chaos.watch import wait_until
from tests.tools.servers import clean_environment, free_ports

if TYPE_CHECKING:
    from tests.chaos.profile import Profile
    from tests.chaos.simulator import Simulator
    from tests.chaos.stage import Stage

START_SECONDS = 60.0
COMMAND_SECONDS = 300.0
STAFF = "keeper"


class CommandFailed(Exception):
    """A command of the shop ended with an error; the message is what it printed."""


class Shop:
    """One shop in a folder of its own. Call from any thread."""

    def __init__(
        self, stage: Stage, name: str, simulator: Simulator, database_url: str, settings: dict[str, str] | None = None
    ) -> None:
        self.stage, self.name, self.simulator = stage, name, simulator
        self.profile: Profile = stage.profile
        self.home = stage.folder / name
        self.port = free_ports(1)[0]
        self.url = f"http://localhost:{self.port}"
        self.log = stage.folder / f"{name}.log"
        self.prices: dict[str, int] = {}
        self._password = new_password()
        self.database_url = database_url
        self._names = self._fill_in(database_url)
        self._settings = {key: self._filled(value) for key, value in self.profile.settings.items()} | (settings or {})
        self._group: Group | None = None
        self._staff: Staff | None = None
        self._staff_lock = Lock()
        self._log_read = 0

    def prepare(self) -> None:
        """Lay out the folder, bring the database up to date, fill it, make a staff account."""
        self.home.mkdir(parents=True)
        (self.home / "instance").mkdir()
        for name in self.profile.copied:
            (self.home / name).write_bytes((self.profile.root / name).read_bytes())
        for name in self.profile.linked:
            (self.home / name).symlink_to(self.profile.root / name)
        for command in self.profile.prepare:
            self.run(command)
        if self.profile.add_staff:
            self.run(self.profile.add_staff, stdin=self._password + "\n")

    # --- servers ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = [self._filled(word) for word in self.profile.serve]
        self._group = Group(command, self.home, self._environment(), self.log)
        self.wait_until_healthy()
        if not self.prices:
            self.prices = reading.prices(requests.get(self.url + "/", timeout=START_SECONDS).text)

    def wait_until_healthy(self, seconds: float = START_SECONDS) -> None:
        """Until the health page answers 200."""
        if not wait_until(self.is_healthy, seconds):
            raise RuntimeError(f"{self.name} does not answer; its log ends: {self.log.read_text()[-3000:]}")

    def is_healthy(self) -> bool:
        """Whether the health page answers 200 now."""
        with suppress(requests.RequestException):
            return requests.get(self.url + "/healthz", timeout=2).ok
        return False

    def stop(self) -> None:
        """Stop the server, politely."""
        if self._group:
            self._group.signal_all(signal.SIGCONT)
            self._group.end()

    def kill_all(self) -> None:
        """SIGKILL for the master and all its workers."""
        if self._group:
            self._group.kill()

    def restart(self) -> None:
        """After a kill: start again."""
        self.start()

    def workers(self) -> list[int]:
        """The processes that serve."""
        return self._group.children() if self._group else []

    def workers_asking(self) -> list[int]:
        """Those that wait for the gateway at this moment."""
        port = int(self.simulator.url.rpartition(":")[2])
        return [pid for pid in self.workers() if processes.talks_to(pid, port)]

    def kill_worker(self, pid: int | None = None) -> int:
        """SIGKILL for one worker, the first unless one is named; which it was, 0 if there is none."""
        pid = pid or next(iter(self.workers()), 0)
        if pid:
            processes.kill(pid)
        return pid

    def freeze(self, pid: int) -> None:
        """SIGSTOP."""
        processes.kill(pid, signal.SIGSTOP)

    def thaw(self, pid: int) -> None:
        """SIGCONT."""
        processes.kill(pid, signal.SIGCONT)

    # --- commands ---------------------------------------------------------------------------------------------------

    def run(self, command: tuple[str, ...], stdin: str = "") -> str:
        """One of the shop's commands; what it prints.

        :raises CommandFailed: with what it said
        """
        done = self._run(command, stdin)
        if done.returncode:
            raise CommandFailed(f"{' '.join(command)}: {done.returncode} {done.stdout} {done.stderr}")
        return done.stdout

    def background(self, command: tuple[str, ...]) -> Group:
        """Start a command and go on; whoever starts it ends it."""
        return Group([self._filled(word) for word in command], self.home, self._environment(), self.log)

    def sweep(self) -> dict[str, Any]:
        """One run of the sweep, and what it says it did."""
        lines = self.run(self.profile.sweep).strip().splitlines()
        found: dict[str, Any] = json.loads(lines[-1]) if lines else {}
        if found.get("failed"):
            self.stage.watch.tell("I15", f"the sweep could not deal with {found['failed']}")
        return found

    def ledger(self) -> list[dict[str, Any]]:
        """The shop's own books, one line per attempt."""
        return [json.loads(line) for line in self.run(self.profile.ledger).splitlines() if line.strip()]

    # --- people and pages -------------------------------------------------------------------------------------------

    def new_staff(self) -> Staff:
        """Another session of the one member of staff."""
        return Staff(self, STAFF, self._password)

    def desk(self) -> list[DeskRow]:
        """What a person has to look at."""
        with self._staff_lock:
            return self._member().desk()

    def rows(self, state: str) -> list[tuple[str, str]]:
        """Numbers of the orders in a state."""
        with self._staff_lock:
            return self._member().rows(state)

    def run_due(self) -> None:
        """What the sweep would do, at once: by the staff's button, or by the command where there is none."""
        if not self.profile.desk_button:
            self.sweep()
            return
        with self._staff_lock:
            self._member().run_due()

    def decide(self, order_no: str, *, refunded: bool) -> int:
        """Settle the refunds of an order whose answers were lost, as a person does; how many there were."""
        with self._staff_lock:
            return self._member().decide(order_no, refunded=refunded)

    def refund(self, order_no: str, amount: int | None = None) -> int:
        """Refund by the one member of staff; the status of the answer."""
        with self._staff_lock:
            return self._member().refund(order_no, amount).status_code

    def new_log(self) -> str:
        """What the servers and commands have logged since the last time."""
        with self.log.open(encoding="utf-8", errors="replace") as log:
            log.seek(self._log_read)
            text = log.read()
            self._log_read = log.tell()
        return text

    def stock(self, slug: str) -> int | None:
        """How many are left, as far as the product's page tells: None means more than anybody may buy at once."""
        page = requests.get(f"{self.url}/products/{slug}", timeout=START_SECONDS).text
        most = [
            int(found["max"])
            for kind, tag in reading.TAG.findall(page)
            if kind == "input" and (found := reading.attributes(tag)).get("name") == "quantity" and "max" in found
        ]
        return (None if most[0] >= LARGEST_QUANTITY else most[0]) if most else 0

    def secrets(self) -> set[str]:
        """What must never leave the shop."""
        keys = self.simulator.keys
        return {keys.cust_key, keys.refund_key, str(self._names["secret_key"]), self._password}

    def has_webhooks(self) -> bool:
        """Whether it takes webhooks."""
        with suppress(requests.RequestException):
            return requests.head(self.url + "/payments/webhook", timeout=5).ok
        return False

    # --- underneath -------------------------------------------------------------------------------------------------

    def _member(self) -> Staff:
        self._staff = self._staff or self.new_staff()
        return self._staff

    def _run(self, command: tuple[str, ...], stdin: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [self._filled(word) for word in command],
            cwd=self.home,
            env=self._environment(),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        with self.log.open("a", encoding="utf-8") as log:
            log.write(done.stderr)
        return done

    def _environment(self) -> dict[str, str]:
        return clean_environment(self._settings | self.stage.clockwork.environment())

    def _fill_in(self, database_url: str) -> dict[str, object]:
        keys = self.simulator.keys
        return {
            "python": sys.executable,
            "name": STAFF,
            "port": self.port,
            "shop_url": self.url,
            "simulator_url": self.simulator.url,
            "database_url": database_url,
            "secret_key": secrets.token_urlsafe(36),
            "cst_id": keys.cst_id,
            "cust_key": keys.cust_key,
            "refund_key": keys.refund_key,
            "client_key": keys.client_key,
        }

    def _filled(self, text: str) -> str:
        return text.format(**self._names)


LARGEST_QUANTITY = 99


def database_file(folder: Path, name: str) -> str:
    """The address of an SQLite file of a shop's own."""
    return f"sqlite:///{folder / name}.sqlite"
