"""`python -m shop.simulator`: the simulator as a server of its own."""

import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from shop.simulator.__main__ import main
from tests.gateway.receiver import Receiver
from tests.gateway.serving import serving
from tests.tools.servers import free_ports


def test_what_has_happened_survives_kill_9(tmp_path: Path, receiver: Receiver) -> None:
    """A charge, a cancel before its answer, and a webhook that waits. Only the owner reads the file."""
    data, address = tmp_path / "folder" / "simulator.sqlite", ("--webhook-url", receiver.url)
    with serving(data, *address) as (merchant, group), ThreadPoolExecutor(1) as pool:
        paid = merchant.confirmed()
        assert receiver.came.get(timeout=10)["PCD_PAY_OID"] == paid["PCD_PAY_OID"]
        merchant.order("POST", "/webhooks", {"hold": True})
        waiting = merchant.paid()
        merchant.order("POST", "/barrier", {"op": "cancel", "phase": "after", "notify_url": receiver.url})
        answer = pool.submit(merchant.cancel, paid, 300)
        receiver.came.get(timeout=10)
        modes = {path.stat().st_mode & 0o777 for path in data.parent.iterdir()}
        os.killpg(group, signal.SIGKILL)
        with pytest.raises(requests.ConnectionError):
            answer.result(10)

    with serving(data, *address) as (merchant, _):
        assert merchant.refunded(paid) == ("partially_cancelled", 300)
        assert merchant.inquire(waiting["PCD_PAY_OID"])["PCD_PAY_RST"] == "success"
        merchant.order("POST", "/webhooks", {"release": True})
        assert receiver.came.get(timeout=10)["PCD_PAY_OID"] == waiting["PCD_PAY_OID"]
    assert (modes, data.parent.stat().st_mode & 0o777) == ({0o600}, 0o700)


@pytest.mark.parametrize(
    ("arguments", "mode", "env_file", "sentence"),
    [
        (("--webhook-url", "http://example.com/hook"), "", "", "--webhook-host"),
        *((("--host", host), "", "", "SIMULATOR_PUBLIC=yes") for host in ("0.0.0.0", "::", "192.0.2.1")),
        *(((), mode, "", mode.strip()) for mode in ("test", "live", "LIVE", " Live ", "production")),
        ((), None, "PAYPLE_MODE='live'", "live"),
    ],
)
def test_a_wrong_start_is_one_sentence(
    arguments: tuple[str, ...],
    mode: str | None,
    env_file: str,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text(env_file, encoding="utf-8")
    monkeypatch.delenv("PAYPLE_MODE", raising=False)
    if mode is not None:
        monkeypatch.setenv("PAYPLE_MODE", mode)

    assert main([*arguments, "--data", "simulator.sqlite"]) == 1
    assert sentence in capsys.readouterr().err
    assert not Path("simulator.sqlite").exists()


def test_a_busy_port_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", free_ports(1)[0])) as taken:
        port = taken.getsockname()[1]

        assert main(["--port", str(port)]) == 1
    assert capsys.readouterr().err == f"simulator: 127.0.0.1:{port} cannot be used: Address already in use\n"
