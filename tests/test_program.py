"""``python app.py``: two servers that start, run and stop as one; and an import that builds the shop only."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from shop.factory import BODY_SECONDS, LARGEST_BODY
from tests.bench.shopper import Shopper
from tests.tools import servers
from tests.tools.processes import answers, children_of, wait_until
from tests.tools.servers import Program, clean_environment, lay_home, running, wait_until_ready
from tests.tools.sources import ROOT

TEST_MODE = {"PAYPLE_MODE": "test", "SECRET_KEY": "k" * 40}
ACCOUNT = {"ADMIN_USERNAME": "kim", "ADMIN_PASSWORD": "correct horse battery"}
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="finds the children in /proc, which Linux has")


WAYS = [
    "SCRIPT_NAME: /admin",
    "SCRIPT_NAME: //evil.example",
    "SCRIPT-NAME: //evil.example",
    "PATH_INFO: //evil.example",
    "X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off",
    "X-Forwarded-Prefix: //evil.example",
    "X-Forwarded-Host: evil.example",
]
UNREADABLE = [
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
]

CHUNKED = {
    "whole": b"2\r\nab\r\n0\r\n\r\n",
    "too large": b"11171\r\n" + b"a" * 70_001 + b"\r\n0\r\n\r\n",
    "no size": b"zz\r\n",
    "wrong size": b"2\r\nabXX",
    "no end": b"2\r\nab\r\n0\r\n",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return lay_home(tmp_path / "home")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A program that every test leaves running, open to the network."""
    settings = {"HOST": "0.0.0.0", "SIMULATOR_PUBLIC": "yes"}
    with running(tmp_path_factory.mktemp("program") / "home", settings) as started:
        yield started


def test_a_start_names_a_login_that_opens(program: Program) -> None:
    assert program.log.splitlines()[:2] == ["Preparing the database", "Starting shop, simulator, sweep"]
    [name, _slash, password] = next(line for line in program.log.splitlines() if "login " in line).split()[1:]
    shopper = Shopper(program)
    shopper.sign_in(name, password)
    shopper.get("/admin/orders")


def test_only_their_owner_reads_the_databases(program: Program) -> None:
    folder = program.home / "instance"
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.glob("*.sqlite*")}

    assert {"shop.sqlite", "simulator.sqlite"} <= set(modes)
    assert (set(modes.values()), folder.stat().st_mode & 0o777) == ({0o600}, 0o700)


@pytest.mark.parametrize("line", ["POST /payments/webhook", "GET /healthz"])
def test_a_body_that_comes_byte_by_byte_is_cut_off(line: str, program: Program) -> None:
    address = urlsplit(program.shop_url)
    head = f"{line} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: 1000\r\n\r\n"
    over = time.monotonic() + 2 * BODY_SECONDS
    with socket.create_connection(("127.0.0.1", address.port or 80), timeout=0.2) as client:
        client.sendall(head.encode())
        answer = b""
        while not answer and time.monotonic() < over:
            client.sendall(b"a")
            with suppress(TimeoutError):
                answer = client.recv(100)

    assert answer.startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("body", CHUNKED.values(), ids=CHUNKED)
def test_a_chunked_body_is_refused_before_it_has_come(method: str, body: bytes, program: Program) -> None:
    address = urlsplit(program.shop_url)
    head = f"{method} /payments/webhook HTTP/1.1\r\nHost: {address.netloc}\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", address.port or 80), timeout=2 * BODY_SECONDS) as client:
        client.sendall(head.encode() + body)
        answer = b"".join(iter(lambda: client.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 413")
    assert "Traceback" not in program.log


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_body_that_is_too_long_frees_its_connection_at_once(method: str, program: Program) -> None:
    address = urlsplit(program.shop_url)
    head = (
        f"{method} /payments/webhook HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: {LARGEST_BODY + 1}\r\n\r\na"
    )
    with socket.create_connection(("127.0.0.1", address.port or 80), timeout=2 * BODY_SECONDS) as client:
        client.sendall(head.encode())
        answer = b"".join(iter(lambda: client.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 413")


def test_a_payment_whose_browser_never_returns_is_paid_by_the_webhook_alone(program: Program) -> None:
    """The program registers its own address at its simulator. A window that asks for a confirm stays unpaid."""
    shopper = Shopper(program)
    unconfirmed, lost = shopper.order(), shopper.order()
    attempt_no = dict(shopper.authenticate(unconfirmed, work="CERT"))["PCD_PAY_OID"]
    webhook = {"PCD_PAY_OID": attempt_no, "PCD_PAY_RST": "success", "PCD_PAY_TOTAL": "1000"}
    shopper.post("/payments/webhook", webhook, 200)
    shopper.authenticate(lost, "lost_paid", work="PAY")

    assert wait_until(lambda: shopper.state(lost) == "paid")
    assert shopper.state(unconfirmed) == "awaiting_payment"


def test_what_a_neighbour_says_about_the_way_changes_nothing(program: Program) -> None:
    for way in WAYS:
        for path in ("/admin/", "/admin", "//evil.example/admin/"):
            answer = send(program.shop_url, f"GET {path} HTTP/1.0\r\nHost: localhost\r\n{way}\r\n\r\n".encode())
            assert (answer.split()[1], "//evil.example" in answer) in (("303", False), ("404", False)), way
        answer = send(program.simulator_url, f"GET /_sim HTTP/1.0\r\nHost: localhost\r\n{way}\r\n\r\n".encode())
        assert answer.split()[1] == "200", way


def test_requests_that_cannot_be_parsed_make_one_line_a_minute(program: Program) -> None:
    answers = [send(program.shop_url, request) for request in UNREADABLE * 4]

    assert {answer.split()[1][0] for answer in answers if answer} == {"4"}
    assert program.log.count("Invalid request from") == 1


@on_linux
def test_when_one_server_dies_all_stop_and_the_next_start_keeps_the_secrets(tmp_path: Path) -> None:
    with running(tmp_path / "home") as program:
        secrets = (program.home / "instance" / "secrets.json").read_text()
        os.kill(child_of(program, "simulator"), signal.SIGKILL)

        assert program.process.wait(15) == 1

    assert wait_until(lambda: not answers(program.shop_url) and not answers(program.simulator_url))
    assert "so everything stops" in program.log

    again = servers.start(program.home, {})
    wait_until_ready(again)
    assert again.stop(signal.SIGINT) == 0
    assert not answers(again.shop_url)
    assert (program.home / "instance" / "secrets.json").read_text() == secrets
    assert json.loads(secrets)["SECRET_KEY"] not in again.log


@on_linux
def test_no_server_survives_a_killed_program(tmp_path: Path) -> None:
    with running(tmp_path / "home") as program:
        program.process.kill()
        program.process.wait(15)

        assert wait_until(lambda: not answers(program.shop_url) and not answers(program.simulator_url))


@on_linux
def test_ctrl_c_ends_workers_that_hang(tmp_path: Path) -> None:
    """In a terminal Ctrl-C reaches the whole process group."""
    with running(tmp_path / "home") as program:
        hanging = [children_of(child_of(program, part))[0] for part in ("shop", "simulator")]
        for worker in hanging:
            os.kill(worker, signal.SIGSTOP)
        os.killpg(program.process.pid, signal.SIGINT)

        assert program.process.wait(15) == 0
        assert wait_until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in hanging))


def test_a_busy_port_is_one_sentence(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        log = log_of_refused_start(home, {"SIMULATOR_PORT": str(port)})

    [sentence] = log.splitlines()
    assert sentence.endswith(f"cannot listen on 127.0.0.1:{port}: Address already in use.")


def test_a_database_of_an_older_version_stops_the_start(home: Path) -> None:
    with closing(sqlite3.connect(home / "instance" / "shop.sqlite")) as database:
        database.executescript(
            "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('0008')"
        )

    assert "make reset" in log_of_refused_start(home, {})


def test_reset_deletes_the_databases_and_keeps_the_secrets(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    instance = tmp_path / "instance"
    instance.mkdir()
    for name in ("shop.sqlite", "shop.sqlite-wal", "simulator.sqlite", "secrets.json", "other.sqlite"):
        (instance / name).touch()

    subprocess.run(["make", "reset"], cwd=tmp_path, check=True, timeout=60)

    assert sorted(path.name for path in instance.iterdir()) == ["other.sqlite", "secrets.json"]


def test_live_mode_of_a_dotenv_names_everything_that_is_missing(home: Path) -> None:
    """The environment goes before the file."""
    (home / ".env").write_text("PAYPLE_MODE=live\nORDER_MINUTES=5\n")

    log = log_of_refused_start(home, {"ORDER_MINUTES": "60"})

    names = ("SHOP_URL", "SECRET_KEY", "PAYPLE_CST_ID", "PAYPLE_CUST_KEY", "PAYPLE_REFUND_KEY", "PAYPLE_CLIENT_KEY")
    assert [name for name in names if name not in log] == []
    assert "ORDER_MINUTES" not in log
    assert list((home / "instance").iterdir()) == []


@pytest.mark.parametrize(
    "command", [("flask", "--app", "app", "sweep"), ("gunicorn", "app:app", "--bind", "127.0.0.1:0")]
)
def test_commands_say_what_is_missing_in_a_sentence(command: tuple[str, ...], home: Path) -> None:
    ended = run(home, {"PAYPLE_MODE": "test"}, "-m", *command)

    assert ended.returncode == 3
    assert "SECRET_KEY is missing" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_test_mode_needs_a_first_account_and_starts_no_simulator(home: Path) -> None:
    """There is no default password: the operator names the first account, once."""
    assert "ADMIN_USERNAME and ADMIN_PASSWORD are missing" in log_of_refused_start(home, TEST_MODE)

    program = servers.start(home, TEST_MODE | ACCOUNT)
    wait_until_ready(program)
    assert requests.get(f"{program.shop_url}/healthz", timeout=10).status_code == 200
    assert not answers(program.simulator_url)
    assert not any(words in program.log for words in (program.simulator_url, ACCOUNT["ADMIN_PASSWORD"]))
    program.stop()


def test_importing_app_writes_nothing(home: Path) -> None:
    """So that several workers and commands never race for migrations or first-run secrets."""
    assert run(home, {"SECRET_KEY": "k" * 40}, "-c", "from app import app; print(app.name)").returncode == 0

    assert list((home / "instance").iterdir()) == []


def run(home: Path, settings: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    environment, words = clean_environment(settings), [sys.executable, *command]
    return subprocess.run(words, cwd=home, env=environment, capture_output=True, text=True, timeout=60, check=False)


def log_of_refused_start(home: Path, settings: dict[str, str]) -> str:
    program = servers.start(home, settings)
    assert program.process.wait(60) == 1
    assert "Traceback" not in program.log
    return program.log


def send(url: str, request: bytes) -> str:
    """The whole answer to a request as it stands, from this machine."""
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 80), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode(errors="replace")


def child_of(program: Program, name: str) -> int:
    names = {Path(f"/proc/{child}/comm").read_text().strip(): child for child in children_of(program.process.pid)}
    return names[name]
