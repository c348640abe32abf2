"""Run several servers as one program: started together, ready together, stopped together.

The children stay in our process group, so Ctrl-C and a signal to the group reach them too.
"""

import ctypes
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event

START_SECONDS = 30.0
STOP_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class CannotServe(Exception):
    """The servers cannot start or did not stay up; the message is a sentence for who started them."""


@dataclass(frozen=True)
class Server:
    """One child: what to run, and the path that answers once it is ready.

    Without a port it serves nobody: it is started last, when the others answer.
    """

    name: str
    command: tuple[str, ...]
    host: str = ""
    port: int = 0
    ready_path: str = "/"

    @property
    def near_host(self) -> str:
        """Where this machine reaches it: an address that means "everywhere" is no destination."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared, not bound


def insist_on_free_ports(servers: Sequence[Server]) -> None:
    """Refuse a port that is taken before anything is started.

    :raises CannotServe: naming the server, the address and the system's reason
    """
    for server in servers:
        if not server.port:
            continue
        family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((server.host, server.port))
            except OSError as error:
                where = f"{server.host}:{server.port}"
                raise CannotServe(f"The {server.name} cannot listen on {where}: {error.strerror}.") from error


def serve(servers: Sequence[Server], home: Path, announce: Callable[[], None]) -> int:
    """Run until a signal asks us to stop or one server ends; the others stop with it.

    :return: the exit status: 0 after a signal, 1 when a server ended by itself
    """
    with _signals_that_mean_stop() as stop:
        family = _Family(home, stop)
        try:
            family.start([server for server in servers if server.port])
            family.wait_until_ready()
            if not stop.is_set():
                announce()
                family.start([server for server in servers if not server.port])
            family.wait_for_an_end()
        except CannotServe as problem:
            sys.stderr.write(f"{problem}\n")
            return 1
        finally:
            family.stop_all()
    return 0


@contextmanager
def _signals_that_mean_stop() -> Iterator[Event]:
    """Turn them into an event, for as long as the servers run."""
    stop = Event()
    wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    previous = {number: signal.signal(number, lambda *_: stop.set()) for number in wanted}
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


class _Family:
    """The started children, and whether somebody asked them to stop."""

    def __init__(self, home: Path, stop: Event) -> None:
        self._home = home
        self._stop = stop
        self._children: list[tuple[Server, subprocess.Popen[bytes]]] = []

    def start(self, servers: Sequence[Server]) -> None:
        """Start them side by side. What they print for other programs is dropped, what they log is shown."""
        for server in servers:
            child = subprocess.Popen(server.command, cwd=self._home, stdout=subprocess.DEVNULL, preexec_fn=_settle_in)
            self._children.append((server, child))

    def wait_until_ready(self) -> None:
        """Wait until every server has answered, or somebody wants to stop.

        :raises CannotServe: one ended, or took too long
        """
        deadline = time.monotonic() + START_SECONDS
        for server, _ in self._children:
            while not self._stop.is_set() and not _answers(server):
                self._insist_all_run()
                if time.monotonic() > deadline:
                    raise CannotServe(f"The {server.name} did not answer within {START_SECONDS:.0f} seconds.")
                self._stop.wait(0.05)

    def wait_for_an_end(self) -> None:
        """Wait for a signal.

        :raises CannotServe: one ended by itself
        """
        while not self._stop.wait(0.2):
            self._insist_all_run()

    def stop_all(self) -> None:
        """Ask all to stop, and end those that have not after a while."""
        for _, child in self._children:
            child.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for _, child in self._children:
            try:
                child.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def _insist_all_run(self) -> None:
        for server, child in self._children:
            if child.poll() is not None:
                raise CannotServe(f"The {server.name} ended with status {child.returncode}, so everything stops.")


def _settle_in() -> None:
    """In the child: leave Ctrl-C to the parent, and on Linux hear of its death even by kill -9."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if _LIBC:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _answers(server: Server) -> bool:
    connection = HTTPConnection(server.near_host, server.port, timeout=2)
    try:
        connection.request("GET", server.ready_path)
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
