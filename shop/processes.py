"""Run several servers as one program: started together, stopped together, all in our process group."""

import ctypes
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, Popen, TimeoutExpired
from threading import Event

import requests


class CannotServe(Exception):
    """The servers cannot start or did not stay up. The message is for who started them."""


@dataclass(frozen=True)
class Server:
    """A program to run. ``ready_url`` answers once it is ready; one without it starts after the others."""

    name: str
    command: tuple[str, ...]
    host: str = ""
    port: int = 0
    ready_url: str = ""


def require_free_ports(servers: Sequence[Server]) -> None:
    """Raise `CannotServe` if something else listens on one of them."""
    for server in servers:
        with socket.socket(socket.AF_INET6 if ":" in server.host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((server.host, server.port))
            except OSError as error:
                where = f"{server.host}:{server.port}"
                raise CannotServe(f"The {server.name} cannot listen on {where}: {error.strerror}.") from error


def serve(servers: Sequence[Server], folder: Path, announcement: Callable[[], str]) -> None:
    """Run all until a signal asks to stop. Raise `CannotServe` if one ends by itself."""
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    first, later = [one for one in servers if one.ready_url], [one for one in servers if not one.ready_url]
    children = _start(first, folder)
    try:
        text = announcement()  # the servers start meanwhile
        while not stop.wait(0.05) and not all(map(_is_ready, first)):
            _require_running(children)
        if not stop.is_set():
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()
            children |= _start(later, folder)
        while not stop.wait(0.2):
            _require_running(children)
    finally:
        for child in children.values():
            child.terminate()
        for child in children.values():
            with suppress(TimeoutExpired):
                child.wait(5)
            child.kill()


def _start(servers: Sequence[Server], folder: Path) -> dict[str, Popen[bytes]]:
    return {
        server.name: Popen(server.command, cwd=folder, stdout=DEVNULL, preexec_fn=_prepare_child) for server in servers
    }


def _prepare_child() -> None:
    """Leave Ctrl-C to the parent; on Linux be stopped when the parent dies, even by kill -9."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def _is_ready(server: Server) -> bool:
    with suppress(requests.RequestException):
        return requests.get(server.ready_url, timeout=2, proxies={"http": ""}).ok
    return False


def _require_running(children: dict[str, Popen[bytes]]) -> None:
    for name, child in children.items():
        if child.poll() is not None:
            raise CannotServe(f"The {name} ended with status {child.returncode}, so everything stops.")
