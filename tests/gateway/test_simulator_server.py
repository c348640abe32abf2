"""`python -m shop.simulator`: the simulator as a server of its own."""

import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.gateway.receiver import Receiver, receiving
from tests.gateway.serving import serving, start
from tests.tools.servers import free_ports


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "simulator.sqlite"


def refusal(data: Path, *arguments: str, **settings: str) -> str:
    """What a simulator says that does not start."""
    process = start("--data", str(data), *arguments, folder=data.parents[1], **settings)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert not data.exists()
    return errors


def test_a_charge_survives_kill_9_and_only_the_owner_reads_the_file(data: Path) -> None:
    with serving(data) as (merchant, group):
        paid = merchant.confirmed()
        modes = {path.stat().st_mode & 0o777 for path in data.parent.iterdir()}
        os.killpg(group, signal.SIGKILL)

    with serving(data) as (merchant, _):
        assert merchant.inquire(paid["PCD_PAY_OID"])["PCD_PAY_RST"] == "success"
    assert (modes, data.parent.stat().st_mode & 0o777) == ({0o600}, 0o700)


def test_a_cancel_survives_kill_9_even_before_its_answer(data: Path) -> None:
    with serving(data) as (merchant, group), ThreadPoolExecutor(1) as pool:
        with receiving() as driver:
            paid = merchant.paid()
            merchant.order("POST", "/barrier", {"op": "cancel", "phase": "after", "notify_url": driver.url})
            answer = pool.submit(merchant.cancel, paid, 300)
            driver.came.get(timeout=10)
            os.killpg(group, signal.SIGKILL)
        with pytest.raises(requests.ConnectionError):
            answer.result(10)

    with serving(data) as (merchant, _):
        assert merchant.refunded(paid) == ("partially_cancelled", 300)
        assert "cancelled" in [line["effect"] for line in merchant.ledger()]


def test_webhooks_leave_by_themselves_and_also_after_kill_9(data: Path, receiver: Receiver) -> None:
    with serving(data, "--webhook-url", receiver.url) as (merchant, group):
        first = merchant.paid()
        assert receiver.came.get(timeout=10)["PCD_PAY_OID"] == first["PCD_PAY_OID"]
        merchant.order("POST", "/webhooks", {"hold": True})
        second = merchant.paid()
        os.killpg(group, signal.SIGKILL)

    with serving(data, "--webhook-url", receiver.url) as (merchant, _):
        merchant.order("POST", "/webhooks", {"release": True})
        assert receiver.came.get(timeout=10)["PCD_PAY_OID"] == second["PCD_PAY_OID"]
        merchant.order("POST", "/webhooks", {"hold": False, "delay": 3600})
        third = merchant.paid()
        merchant.advance(3600)
        assert receiver.came.get(timeout=10)["PCD_PAY_OID"] == third["PCD_PAY_OID"]


@pytest.mark.parametrize(
    ("arguments", "settings", "sentence"),
    [
        (("--webhook-url", "http://example.com/hook"), {}, "--webhook-host"),
        *((("--host", host), {}, "SIMULATOR_PUBLIC=yes") for host in ("0.0.0.0", "::", "192.0.2.1")),
        *(((), {"PAYPLE_MODE": mode}, mode.strip()) for mode in ("test", "live", "LIVE", " Live ", "production")),
    ],
)
def test_a_wrong_start_is_one_sentence(
    data: Path, arguments: tuple[str, ...], settings: dict[str, str], sentence: str
) -> None:
    assert sentence in refusal(data, *arguments, **settings)


def test_it_does_not_start_beside_the_env_file_of_a_live_shop(data: Path) -> None:
    (data.parents[1] / ".env").write_text("PAYPLE_MODE='live'\n", encoding="utf-8")

    assert "live" in refusal(data)


def test_a_busy_port_is_one_sentence(data: Path) -> None:
    with socket.create_server(("127.0.0.1", free_ports(1)[0])) as taken:
        port = taken.getsockname()[1]

        sentence = f"simulator: 127.0.0.1:{port} cannot be used: Address already in use\n"
        assert refusal(data, "--port", str(port)) == sentence


def test_on_demand_it_listens_everywhere(data: Path) -> None:
    (port,) = free_ports(1)
    process = start("--host", "0.0.0.0", "--port", str(port), "--data", str(data), SIMULATOR_PUBLIC="yes")
    try:
        assert process.stdout
        assert process.stdout.readline().startswith("simulator: ")
        assert requests.get(f"http://127.0.0.1:{port}/_sim/clock", timeout=10).ok
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=10)
