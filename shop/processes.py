"""Run several servers as one program: started together, stopped together, all in our process group.

Each is a fork of this process, so it need not import again what this process has imported.
"""

import ctypes
import multiprocessing
import os
import runpy
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import requests

_FORK = multiprocessing.get_context("fork")
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class CannotServe(Exception):
    """The servers cannot start or did not stay up. The message is for who started them."""


@dataclass(frozen=True)
class Server:
    """What ``python -m`` is to run. ``ready_url`` answers once it is ready; one without it starts after the others."""

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


def is_done(command: tuple[str, ...], folder: Path) -> bool:
    """Run a command to its end; whether it succeeds."""
    child = _start("command", command, folder)
    child.join()
    return child.exitcode == 0


def serve(servers: Sequence[Server], folder: Path, announcement: str) -> None:
    """Run all until a signal asks to stop. Raise `CannotServe` if one ends by itself."""
    asked: list[int] = []
    for number in _STOPPING:
        signal.signal(number, lambda number, _frame: asked.append(number))  # a handler must not wait for a lock
    first, later = [one for one in servers if one.ready_url], [one for one in servers if not one.ready_url]
    children = [_start(server.name, server.command, folder) for server in first]
    try:
        while not asked and not all(map(_is_ready, first)):
            _require_running(children)
            time.sleep(0.05)
        if not asked:
            sys.stdout.write(f"{announcement}\n")
            sys.stdout.flush()
            children += [_start(server.name, server.command, folder) for server in later]
        while not asked:
            _require_running(children)
            time.sleep(0.2)
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.join(5)
            child.kill()


def _start(name: str, command: tuple[str, ...], folder: Path) -> BaseProcess:
    child = _FORK.Process(target=_run, args=(name, command, folder), name=name)
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)  # until the child has its own handlers
    child.start()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
    return child


def _run(name: str, command: tuple[str, ...], folder: Path) -> None:
    """Leave Ctrl-C to the parent; on Linux be stopped when the parent dies, even by kill -9."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
        libc.prctl(15, name.encode())  # PR_SET_NAME, for ps and top
    os.chdir(folder)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    module, *sys.argv[1:] = command
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _is_ready(server: Server) -> bool:
    with suppress(requests.RequestException):
        return requests.get(server.ready_url, timeout=2, proxies={"http": ""}).ok
    return False


def _require_running(children: Sequence[BaseProcess]) -> None:
    for child in children:
        if child.exitcode is not None:
            raise CannotServe(f"The {child.name} ended with status {child.exitcode}, so everything stops.")
