"""The client alone, copied into an empty project, runs the code of its README with nothing else installed."""

from __future__ import annotations

import hmac
import importlib.util
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.loopback import Behaviour, Loopback, answering, loopback

ROOT = Path(__file__).parents[1]
CLIENT = ROOT / "shop" / "payple"
MARK = "# copy-client-example"
STAND_IN = "http://127.0.0.1:8001"
NUMBER = "ORDER_17027809"
CONFIRM = "/php/PayCardConfirmAct.php?ACT_=PAYM"

# What `pip install requests` brings.
INSTALLED = ("requests", "urllib3", "idna", "certifi", "charset_normalizer")

CONFIRMED = {
    "PCD_PAY_RST": "success",
    "PCD_PAY_CODE": "PCCF0000",
    "PCD_PAY_OID": NUMBER,
    "PCD_PAY_TYPE": "card",
    "PCD_PAY_TOTAL": "1000",
    "PCD_PAY_TIME": "20231219134223",
}
DECLINED = {"PCD_PAY_RST": "error", "PCD_PAY_CODE": "3112", "PCD_PAY_MSG": "한도가 초과하였습니다."}
LOST = answering(b"", "502 Bad Gateway")


def example(mark: str = MARK, readme: str = "README.md") -> str:
    """Return the code of the README that begins with a mark."""
    found = re.search(rf"^```python\n({mark}.*?)^```", (CLIENT / readme).read_text(), re.DOTALL | re.MULTILINE)
    assert found
    return found[1]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project: the copied folder, and beside it only what requests needs."""
    shutil.copytree(CLIENT, tmp_path / "payple", ignore=shutil.ignore_patterns("__pycache__"))
    for name in INSTALLED:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.submodule_search_locations
        (tmp_path / name).symlink_to(spec.submodule_search_locations[0])
    return tmp_path


def run(project: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program in the project without any site-packages."""
    (project / "main.py").write_text(program)
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", "import sys; sys.path.insert(0, '.'); import main"],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def granted(server: Loopback, path: str) -> Behaviour:
    return answering(
        {
            "result": "success",
            "cst_id": "cst-token",
            "custKey": "cust-token",
            "AuthKey": "auth-token",
            "return_url": server.address + path,
        }
    )


def run_example(project: Path, server: Loopback, confirm_url: str, times: int = 1) -> list[str]:
    """Open a window with the README's code and post one result. Returns the lines that it printed."""
    posted = [
        ("PCD_PAY_RST", "success"),
        ("PCD_PAY_OID", NUMBER),
        ("PCD_AUTH_KEY", "result-key"),
        ("PCD_PAY_REQKEY", "request-key"),
        ("PCD_PAY_COFURL", confirm_url),
    ]
    then = f'print(open_window("ORDER", 1000))\nfor _ in range({times}):\n    print(receive_result({posted!r}))\n'
    code = example().replace("new_attempt_no(), ", f'"{NUMBER}", ')  # a number that the stub can answer about
    finished = run(project, f"{code.replace(STAND_IN, server.address)}\n\n{then}")
    assert finished.stderr == ""
    return finished.stdout.splitlines()


def test_the_copied_folder_stands_alone(project: Path) -> None:
    """Neither the shop nor anything but requests can be imported there, and the client can."""
    program = """
        import importlib.util
        import payple
        foreign = [name for name in ("shop", "flask", "sqlalchemy") if importlib.util.find_spec(name)]
        print(foreign, payple.explain("3112").fault)
    """
    finished = run(project, textwrap.dedent(program))
    assert (finished.stdout, finished.stderr) == ("[] issuer\n", "")


@pytest.mark.parametrize(
    ("answer", "ending"),
    [
        (answering(CONFIRMED), "paid"),
        (answering(CONFIRMED | {"PCD_PAY_TOTAL": "100"}), "review"),
        (answering(DECLINED), "declined"),
        (LOST, "unknown"),
    ],
    ids=["paid", "another amount", "declined", "lost"],
)
def test_the_code_of_the_readme_sells(project: Path, answer: Behaviour, ending: str) -> None:
    with loopback() as server:
        server.behaviours += [granted(server, "/index.php?ACT_=PAYM"), answer]
        shown, *endings = run_example(project, server, server.address + CONFIRM, times=2)
        asked = [request.split(b" ", 2)[1].decode() for request in server.requests]
    assert "'PCD_AUTH_KEY': 'auth-token'" in shown
    assert f"'PCD_PAY_URL': '{server.address}/index.php?ACT_=PAYM'" in shown
    assert endings == [ending] * 2
    assert asked.count(CONFIRM) == 1


def test_the_code_of_the_readme_sends_nothing_to_an_address_that_a_forger_names(project: Path) -> None:
    with loopback(answering(CONFIRMED)) as canary, loopback() as server:
        server.behaviours.append(granted(server, "/index.php?ACT_=PAYM"))
        _, ending = run_example(project, server, canary.address + CONFIRM)
        assert canary.connections == 0
    assert ending == "try_again"


def test_the_monthly_charge_of_the_readme_charges_once(project: Path) -> None:
    monthly = example("# monthly-charge-example")
    number = hmac.digest(b"random bytes of your own", b"S1 2026-12", "sha256").hex()[:30]
    charged = CONFIRMED | {"PCD_PAY_CODE": "0000", "PCD_PAY_OID": number, "PCD_PAY_TOTAL": "15000"}
    month = 'print(charge_month("S1", PayType.CARD, "billing-key", __import__("datetime").date(2026, 12, 31)))\n'
    with loopback() as server:
        server.behaviours += [granted(server, "/php/RePayCardAct.php?ACT_=PAYM"), answering(charged)]
        finished = run(project, f"{example().replace(STAND_IN, server.address)}\n{monthly}\n{month * 2}")
        _, asked = server.bodies()

    assert (finished.stdout, finished.stderr) == ("paid\npaid\n", "")
    assert {"PCD_PAY_YEAR": "2026", "PCD_PAY_MONTH": "12", "PCD_PAYER_ID": "billing-key"}.items() <= asked.items()
    assert len(monthly.splitlines()) <= 15
    assert monthly == example("# monthly-charge-example", "README.ko.md")


def test_the_folder_with_its_examples_passes_mypy_in_strict_mode_alone(tmp_path: Path) -> None:
    shutil.copytree(CLIENT, tmp_path / "payple")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "payple"]
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert checked.stdout.startswith("Success"), checked.stdout
