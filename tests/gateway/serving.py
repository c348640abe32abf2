"""`python -m shop.simulator` as a process of its own, and a merchant in front of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.gateway.merchant import Merchant
from tests.tools.servers import clean_environment, free_ports
from tests.tools.sources import ROOT


def start(*arguments: str, folder: Path = ROOT, **settings: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "shop.simulator", *arguments],
        cwd=folder,
        env=clean_environment(settings | {"PYTHONPATH": str(ROOT)}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@contextmanager
def serving(data: Path, *arguments: str) -> Iterator[tuple[Merchant, int]]:
    """A started simulator and its process group; it is over at the end, however it was treated."""
    process = start("--port", str(free_ports(1)[0]), "--data", str(data), *arguments)
    assert process.stdout, "a pipe was asked for"
    assert process.stderr, "a pipe was asked for"
    try:
        ready = process.stdout.readline()
        assert ready.startswith("simulator: http://127.0.0.1:"), process.stderr.read()
        with requests.Session() as session:
            yield Merchant(session, origin=ready.split()[1]), process.pid
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)
        process.stdout.close()
        process.stderr.close()
