"""``python app.py``: two servers that start, live and stop as one; and an import that builds the shop only."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.page import PAYER
from tests.payer import Payer
from tests.tools import servers
from tests.tools.servers import Program, clean_environment, lay_home, running, wait_until_ready
from tests.tools.sources import ROOT

ADMIN = {"ADMIN_USERNAME": "kim", "ADMIN_PASSWORD": "correct horse battery"}
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="finds the children in /proc, which Linux has")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return lay_home(tmp_path / "home")


def test_both_servers_answer_and_stop_on_ctrl_c(tmp_path: Path) -> None:
    """First a bare start, then a second one that finds everything in place; both stop at once."""
    with running(tmp_path / "home") as program:
        assert program.log.splitlines()[:2] == ["Preparing the database", "Starting shop, simulator, sweep"]
        assert requests.get(f"{program.shop_url}/healthz", timeout=10).status_code == 200
        assert "test-product" in requests.get(program.shop_url, timeout=10).text
        assert requests.get(f"{program.simulator_url}/_sim/payments", timeout=10).json() == []
        secrets = (program.home / "instance" / "secrets.json").read_text()
        assert program.stop(signal.SIGINT) == 0
    assert not answers(program.shop_url)
    assert not answers(program.simulator_url)

    again = servers.start(program.home, {})
    wait_until_ready(again)
    assert again.stop() == 0
    assert (program.home / "instance" / "secrets.json").read_text() == secrets
    assert json.loads(secrets)["SECRET_KEY"] not in again.log


@on_linux
@pytest.mark.parametrize("part", ["gunicorn", "shop.simulator"])
def test_when_one_server_dies_the_other_stops(part: str, tmp_path: Path) -> None:
    with running(tmp_path / "home") as program:
        os.kill(child_of(program, part), signal.SIGKILL)

        assert program.process.wait(15) == 1

    assert wait_for(lambda: not answers(program.shop_url) and not answers(program.simulator_url))
    assert "so everything stops" in program.log


@on_linux
def test_no_server_survives_a_killed_program(tmp_path: Path) -> None:
    with running(tmp_path / "home") as program:
        program.process.kill()
        program.process.wait(15)

        assert wait_for(lambda: not answers(program.shop_url) and not answers(program.simulator_url))


@on_linux
@pytest.mark.parametrize("part", ["gunicorn", "shop.simulator"])
def test_ctrl_c_ends_a_worker_that_hangs(part: str, tmp_path: Path) -> None:
    """In a terminal Ctrl-C reaches the whole process group."""
    with running(tmp_path / "home") as program:
        hanging = children_of(child_of(program, part))[0]
        os.kill(hanging, signal.SIGSTOP)
        os.killpg(program.process.pid, signal.SIGINT)

        assert program.process.wait(15) == 0
        assert wait_for(lambda: not Path(f"/proc/{hanging}").exists())


@pytest.mark.parametrize("setting", ["SHOP_PORT", "SIMULATOR_PORT"])
def test_a_busy_port_is_one_sentence(setting: str, home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        program = servers.start(home, {setting: str(port)})
        assert program.process.wait(30) == 1

    [sentence] = program.log.splitlines()
    assert sentence.endswith(f"cannot listen on 127.0.0.1:{port}: Address already in use.")


def test_database_of_an_older_version_stops_the_start(home: Path) -> None:
    with closing(sqlite3.connect(home / "instance" / "shop.sqlite")) as database:
        database.executescript(
            "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('0008')"
        )

    program = servers.start(home, {})

    assert program.process.wait(60) == 1
    assert "make reset" in program.log
    assert "Traceback" not in program.log


def test_reset_deletes_the_databases_and_keeps_the_secrets(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    instance = tmp_path / "instance"
    instance.mkdir()
    for name in ("shop.sqlite", "shop.sqlite-wal", "simulator.sqlite", "secrets.json", "other.sqlite"):
        (instance / name).touch()

    subprocess.run(["make", "reset"], cwd=tmp_path, check=True, timeout=60)

    assert sorted(path.name for path in instance.iterdir()) == ["other.sqlite", "secrets.json"]


def test_live_mode_names_everything_that_is_missing(home: Path) -> None:
    program = servers.start(home, {"PAYPLE_MODE": "live"})

    assert program.process.wait(30) == 1
    assert "Traceback" not in program.log
    names = ("SHOP_URL", "SECRET_KEY", "PAYPLE_CST_ID", "PAYPLE_CUST_KEY", "PAYPLE_REFUND_KEY", "PAYPLE_CLIENT_KEY")
    assert [name for name in names if name not in program.log] == []
    assert list((home / "instance").iterdir()) == []


@pytest.mark.parametrize(
    "command", [("flask", "--app", "app", "sweep"), ("gunicorn", "app:app", "--bind", "127.0.0.1:0")]
)
def test_commands_say_what_is_missing_in_a_sentence(command: tuple[str, ...], home: Path) -> None:
    environment = clean_environment({"PAYPLE_MODE": "test"})
    told = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert told.returncode == 3
    assert "SECRET_KEY is missing" in told.stderr
    assert "Traceback" not in told.stderr


def test_test_mode_starts_no_simulator(tmp_path: Path) -> None:
    settings = {"PAYPLE_MODE": "test", "SECRET_KEY": "k" * 40, **ADMIN}
    with running(tmp_path / "home", settings) as program:
        assert requests.get(f"{program.shop_url}/healthz", timeout=10).status_code == 200
        assert not answers(program.simulator_url)
        assert program.simulator_url not in program.log


def test_nobody_to_sign_in_stops_the_start_in_test_mode(home: Path) -> None:
    """There is no default password: the first account is named by the operator, once."""
    settings = {"PAYPLE_MODE": "test", "SECRET_KEY": "k" * 40}
    program = servers.start(home, settings)

    assert program.process.wait(30) == 1
    assert "ADMIN_USERNAME and ADMIN_PASSWORD are missing" in program.log
    assert "Traceback" not in program.log

    with_account = servers.start(home, settings | ADMIN)
    wait_until_ready(with_account)
    assert ADMIN["ADMIN_PASSWORD"] not in with_account.log
    with_account.stop()
    without_again = servers.start(home, settings)
    wait_until_ready(without_again)
    without_again.stop()


def test_the_banner_names_a_staff_login_that_opens(tmp_path: Path) -> None:
    with running(tmp_path / "home") as program:
        [line] = [line for line in program.log.splitlines() if line.strip().startswith("login")]
        name, _slash, password = line.split()[1:]
        browser = requests.Session()
        page = browser.get(f"{program.shop_url}/admin/login", timeout=10).text
        token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
        form = {"name": name, "password": password, "csrf_token": token}
        answer = browser.post(f"{program.shop_url}/admin/login", form, timeout=10)

    assert answer.url == f"{program.shop_url}/admin/orders"


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_payment_whose_browser_never_returns_is_paid_by_the_webhook_alone(host: str, tmp_path: Path) -> None:
    """The program registers its own address at its simulator. A window that asks for a confirm stays unpaid."""
    with running(tmp_path / "home", {"HOST": host, "SIMULATOR_PUBLIC": "yes"}) as program:
        lost, unconfirmed = Buyer(program), Buyer(program)
        fields = unconfirmed.order("CERT")
        unconfirmed.pays(fields)
        unconfirmed.is_told_of(fields["PCD_PAY_OID"])
        lost.pays(lost.order("PAY"), scenario="lost_paid")

        assert wait_for(lambda: lost.sees("paid"))
        assert unconfirmed.sees("awaiting_payment")
        assert not unconfirmed.sees("paid")


class Buyer:
    """Somebody without JavaScript at the real shop, and at the real payment window."""

    def __init__(self, program: Program) -> None:
        self._program, self._session, self._order = program, requests.Session(), ""

    def order(self, work: str) -> dict[str, str]:
        """Order the test product and open the window; its fields."""
        self._post("/cart/items", product="test-product", quantity="1")
        page = self._post("/orders", **PAYER)
        self._order = page.url
        path = page.url.removeprefix(self._program.shop_url) + "/attempts"
        answer = self._post(path, method="card", window="popup", work=work, delivery="redirect")
        fields: dict[str, str] = answer.json()["fields"]
        return fields

    def pays(self, fields: dict[str, str], scenario: str = "") -> None:
        """Go through the window and vanish: the result is not delivered."""
        Payer(requests.Session(), self._order, self._program.simulator_url).pay(fields, scenario)

    def is_told_of(self, attempt_no: str) -> None:
        """Somebody forges the webhook of a payment."""
        told = {"PCD_PAY_OID": attempt_no, "PCD_PAY_RST": "success", "PCD_PAY_TOTAL": "1000"}
        assert requests.post(f"{self._program.shop_url}/payments/webhook", json=told, timeout=10).status_code == 200

    def sees(self, state: str) -> bool:
        """Whether the order's page shows this state."""
        return f'data-state="{state}"' in self._session.get(self._order, timeout=10).text

    def _post(self, path: str, **fields: str) -> requests.Response:
        page = self._session.get(f"{self._program.shop_url}/orders/lookup", timeout=10).text
        token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
        answer = self._session.post(self._program.shop_url + path, fields | {"csrf_token": token}, timeout=10)
        answer.raise_for_status()
        return answer


def test_importing_app_writes_nothing(home: Path) -> None:
    """So that several workers and commands never race for migrations or first-run secrets."""
    command = [sys.executable, "-c", "from app import app; print(app.name)"]
    environment = clean_environment({"SECRET_KEY": "k" * 40})
    subprocess.run(command, cwd=home, env=environment, check=True, capture_output=True)

    assert list((home / "instance").iterdir()) == []


def test_dotenv_is_read_and_the_environment_goes_before_it(home: Path) -> None:
    (home / ".env").write_text("PAYPLE_MODE=sandbox\nORDER_MINUTES=5\n")
    program = servers.start(home, {"ORDER_MINUTES": "60"})

    assert program.process.wait(30) == 1
    assert "PAYPLE_MODE" in program.log
    assert "ORDER_MINUTES" not in program.log


def child_of(program: Program, words: str) -> int:
    """The process that the program started with these words in its command."""
    commands = {child: Path(f"/proc/{child}/cmdline").read_text() for child in children_of(program.process.pid)}
    [found] = [child for child, command in commands.items() if words in command]
    return found


def children_of(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def answers(url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(url).port or 80)) == 0


def wait_for(happens: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 15
    while not happens() and time.monotonic() < deadline:
        time.sleep(0.05)
    return happens()
