"""`python -m shop.simulator`: the simulator as a server of its own."""

from __future__ import annotations

import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.gateway.receiver import receiving
from tests.gateway.serving import serving, start
from tests.tools.servers import free_ports


def test_a_charge_survives_kill_9(tmp_path: Path) -> None:
    """What the merchant was told, or would have been told, is in the file before the answer leaves."""
    with serving(tmp_path / "simulator.sqlite") as (merchant, group):
        claim = merchant.claim()
        merchant.confirm(claim)
        os.killpg(group, signal.SIGKILL)

    with serving(tmp_path / "simulator.sqlite") as (merchant, _):
        assert merchant.payment(claim["PCD_PAY_OID"])["state"] == "approved"
        assert merchant.inquire(claim["PCD_PAY_OID"])["PCD_PAY_RST"] == "success"


def test_a_cancel_survives_kill_9_even_before_its_answer(tmp_path: Path) -> None:
    """Killed while the answer waits at a barrier: the merchant gets no answer, and the money has gone back."""
    with serving(tmp_path / "simulator.sqlite") as (merchant, group), ThreadPoolExecutor(1) as pool:
        with receiving() as driver:
            paid = merchant.paid()
            barrier = {"op": "cancel", "phase": "after", "notify_url": driver.url}
            merchant.order("POST", "/barrier", barrier)
            answer = pool.submit(merchant.cancel, paid, 300)
            driver.came.get(timeout=10)
            os.killpg(group, signal.SIGKILL)
        with pytest.raises(requests.ConnectionError):
            answer.result(10)

    with serving(tmp_path / "simulator.sqlite") as (merchant, _):
        payment = merchant.payment(paid["PCD_PAY_OID"])
        assert (payment["state"], payment["refunded_total"]) == ("partially_cancelled", 300)
        assert "cancelled" in [line["effect"] for line in merchant.ledger()]


def test_webhooks_leave_by_themselves_and_also_after_kill_9(tmp_path: Path) -> None:
    """One leaves while the simulator runs; another is held, outlives the process, and leaves after its release."""
    with receiving() as receiver:
        start_with = (tmp_path / "simulator.sqlite", "--webhook-url", receiver.url)
        with serving(*start_with) as (merchant, group):
            first = merchant.paid()
            assert receiver.came.get(timeout=10)["PCD_PAY_OID"] == first["PCD_PAY_OID"]
            merchant.order("POST", "/webhooks", {"hold": True})
            second = merchant.paid()
            os.killpg(group, signal.SIGKILL)

        with serving(*start_with) as (merchant, _):
            merchant.order("POST", "/webhooks", {"release": True})
            assert receiver.came.get(timeout=10)["PCD_PAY_OID"] == second["PCD_PAY_OID"]
        assert receiver.came.empty()


def test_a_moved_clock_sends_what_is_due(tmp_path: Path) -> None:
    """A retry that is a minute away on the run's clock comes as soon as the clock has been moved."""
    with (
        receiving() as receiver,
        serving(tmp_path / "simulator.sqlite", "--webhook-url", receiver.url) as (merchant, _),
    ):
        merchant.order("POST", "/webhooks", {"delay": 3600})
        merchant.paid()
        merchant.order("POST", "/clock", {"advance": 3600})

        assert receiver.came.get(timeout=10)["PCD_PAY_RST"] == "success"


def test_a_webhook_address_elsewhere_is_one_sentence_and_exit_1(tmp_path: Path) -> None:
    process = start("--data", str(tmp_path / "s.sqlite"), "--webhook-url", "http://example.com/hook")

    _, errors = process.communicate(timeout=30)

    assert process.returncode == 1
    assert "--webhook-host" in errors


def test_a_busy_port_is_one_sentence_and_exit_1(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", free_ports(1)[0])) as taken:
        port = taken.getsockname()[1]
        output, errors = start("--port", str(port), "--data", str(tmp_path / "s.sqlite")).communicate(timeout=30)

    assert output == ""
    assert errors == f"simulator: 127.0.0.1:{port} cannot be used: Address already in use\n"


@pytest.mark.parametrize("mode", ["test", "live", "LIVE", " Live ", "production"])
@pytest.mark.parametrize("written", [False, True])
def test_it_does_not_serve_beside_the_real_payple(tmp_path: Path, mode: str, written: bool) -> None:
    """Whatever is no simulator mode, in any spelling, in the environment or in `.env`."""
    if written:
        (tmp_path / ".env").write_text(f"PAYPLE_MODE='{mode}'\n", encoding="utf-8")
    settings = {} if written else {"PAYPLE_MODE": mode}
    process = start("--data", str(tmp_path / "s.sqlite"), folder=tmp_path, **settings)

    _, errors = process.communicate(timeout=30)

    assert process.returncode == 1
    assert mode.strip() in errors
    assert not (tmp_path / "s.sqlite").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_other_machines_reach_it_only_on_demand(tmp_path: Path, host: str) -> None:
    process = start("--host", host, "--data", str(tmp_path / "s.sqlite"))

    _, errors = process.communicate(timeout=30)

    assert process.returncode == 1
    assert "SIMULATOR_PUBLIC=yes" in errors


def test_on_demand_it_listens_everywhere(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    arguments = ("--host", "0.0.0.0", "--port", str(port), "--data", str(tmp_path / "s.sqlite"))
    process = start(*arguments, SIMULATOR_PUBLIC="yes")
    try:
        assert process.stdout
        assert process.stdout.readline().startswith("simulator: ")
        assert requests.get(f"http://127.0.0.1:{port}/_sim/clock", timeout=10).ok
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=10)


def test_only_its_owner_reads_its_file(tmp_path: Path) -> None:
    with serving(tmp_path / "folder" / "simulator.sqlite") as (merchant, _):
        merchant.claim()

        modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (tmp_path / "folder").iterdir()}

    assert set(modes.values()) == {"0o600"}
    assert oct((tmp_path / "folder").stat().st_mode & 0o777) == "0o700"
