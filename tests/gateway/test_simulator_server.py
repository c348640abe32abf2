"""`python -m shop.simulator`: the simulator as a server of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.gateway.merchant import Merchant
from tests.tools.servers import clean_environment, free_ports
from tests.tools.sources import ROOT


def start(*arguments: str, **settings: str) -> subprocess.Popen[str]:
    """The command, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "shop.simulator", *arguments],
        cwd=ROOT,
        env=clean_environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@contextmanager
def serving(data: Path) -> Iterator[tuple[Merchant, int]]:
    """A started simulator and its process group; it is over at the end, however it was treated."""
    process = start("--port", str(free_ports(1)[0]), "--data", str(data))
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


def test_it_says_in_one_line_that_it_is_ready_and_serves(tmp_path: Path) -> None:
    with serving(tmp_path / "simulator.sqlite") as (merchant, _):
        claim = merchant.claim()

        assert claim["PCD_PAY_COFURL"].startswith(merchant.origin)
        assert merchant.confirm(claim)["PCD_PAY_RST"] == "success"


def test_a_lost_answer_is_a_connection_closed_without_a_byte(tmp_path: Path) -> None:
    with serving(tmp_path / "simulator.sqlite") as (merchant, _):
        claim = merchant.claim()
        merchant.order("POST", "/faults", {"op": "confirm", "kind": "lost_answer"})

        with pytest.raises(requests.ConnectionError, match="Connection aborted"):
            merchant.confirm(claim)

        assert merchant.payment(claim["PCD_PAY_OID"])["state"] == "approved"


def test_a_charge_survives_kill_9(tmp_path: Path) -> None:
    """What the merchant was told, or would have been told, is in the file before the answer leaves."""
    with serving(tmp_path / "simulator.sqlite") as (merchant, group):
        claim = merchant.claim()
        merchant.confirm(claim)
        os.killpg(group, signal.SIGKILL)

    with serving(tmp_path / "simulator.sqlite") as (merchant, _):
        assert merchant.payment(claim["PCD_PAY_OID"])["state"] == "approved"
        assert merchant.inquire(claim["PCD_PAY_OID"])["PCD_PAY_RST"] == "success"


def test_a_busy_port_is_one_sentence_and_exit_1(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", free_ports(1)[0])) as taken:
        port = taken.getsockname()[1]
        output, errors = start("--port", str(port), "--data", str(tmp_path / "s.sqlite")).communicate(timeout=30)

    assert output == ""
    assert errors == f"simulator: 127.0.0.1:{port} cannot be used: Address already in use\n"


@pytest.mark.parametrize("mode", ["test", "live"])
def test_it_does_not_serve_beside_the_real_payple(tmp_path: Path, mode: str) -> None:
    process = start("--data", str(tmp_path / "s.sqlite"), PAYPLE_MODE=mode)

    _, errors = process.communicate(timeout=30)

    assert process.returncode == 1
    assert mode in errors
    assert not (tmp_path / "s.sqlite").exists()
