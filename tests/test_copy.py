"""The client alone, copied into an empty project, runs its example with nothing else installed."""

from __future__ import annotations

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

# What `pip install requests` brings.
INSTALLED = ("requests", "urllib3", "idna", "certifi", "charset_normalizer")

CONFIRMED = {
    "PCD_PAY_RST": "success",
    "PCD_PAY_CODE": "PCCF0000",
    "PCD_PAY_OID": "ORDER_17027809",
    "PCD_PAY_TYPE": "card",
    "PCD_PAY_TOTAL": "1000",
    "PCD_PAY_TIME": "20231219134223",
}
DECLINED = {"PCD_PAY_RST": "error", "PCD_PAY_CODE": "3112", "PCD_PAY_MSG": "한도가 초과하였습니다."}
LOST = answering(b"", "502 Bad Gateway")


def example() -> str:
    """The example in the client's docstring, which its README shows too."""
    found = re.search(rf"^```python\n({MARK}.*?)^```", (CLIENT / "__init__.py").read_text(), re.DOTALL | re.MULTILINE)
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


def settled(
    project: Path, server: Loopback, confirm_url: str, number: str = "ORDER_17027809", then: str = ""
) -> list[str]:
    """Run the example against this server, then settle one claim; the lines that it printed."""
    posted = [
        ("PCD_PAY_RST", "success"),
        ("PCD_PAY_OID", number),
        ("PCD_AUTH_KEY", "claim-key"),
        ("PCD_PAY_REQKEY", "request-key"),
        ("PCD_PAY_COFURL", confirm_url),
    ]
    text = example()
    assert STAND_IN in text
    finished = run(project, f"{text.replace(STAND_IN, server.address)}\n\nprint(settle({posted!r}))\n{then}\n")
    assert finished.stderr == ""
    return finished.stdout.splitlines()


def test_the_copied_folder_stands_alone(project: Path) -> None:
    """Neither the shop nor anything but requests can be imported there, and the client can."""
    program = """
        import importlib.util
        import payple
        foreign = [name for name in ("shop", "flask", "sqlalchemy") if importlib.util.find_spec(name)]
        print(foreign, payple.codes.lookup("3112").fault)
    """
    finished = run(project, textwrap.dedent(program))
    assert (finished.stdout, finished.stderr) == ("[] issuer\n", "")


@pytest.mark.parametrize(
    ("answers", "ending"),
    [
        ([answering(CONFIRMED)], "paid"),
        ([answering(CONFIRMED | {"PCD_PAY_TOTAL": "100"})], "not ours: a person has to look"),
        ([answering(DECLINED)], "declined: 카드 한도를 넘었어요. 다른 카드나 결제 방법을 이용해 주세요."),
    ],
    ids=["paid", "another amount", "declined"],
)
def test_the_example_opens_a_window_and_settles(project: Path, answers: list[Behaviour], ending: str) -> None:
    with loopback() as server:
        server.behaviours += [granted(server, "/index.php?ACT_=PAYM"), *answers]
        shown, end = settled(project, server, server.address + "/php/PayCardConfirmAct.php?ACT_=PAYM")
    assert "'PCD_AUTH_KEY': 'auth-token'" in shown
    assert f"'PCD_PAY_URL': '{server.address}/index.php?ACT_=PAYM'" in shown
    assert end == ending


def test_the_example_looks_again_after_an_answer_that_was_lost(project: Path) -> None:
    with loopback() as server:
        server.behaviours += [
            granted(server, "/index.php?ACT_=PAYM"),
            LOST,
            granted(server, "/php/PayChkAct.php"),
            answering(CONFIRMED),
        ]
        ask = "import datetime; print(look_again(datetime.date(2023, 12, 19)))"
        _, lost, found = settled(project, server, server.address + "/php/PayCardConfirmAct.php?ACT_=PAYM", then=ask)
        asked = [request.split(b" ", 2)[1].decode() for request in server.requests]
    assert asked == ["/php/auth.php", "/php/PayCardConfirmAct.php?ACT_=PAYM", "/php/auth.php", "/php/PayChkAct.php"]
    assert (lost, found) == ("unknown: keep it open, never confirm again, look_again() later", "paid")


def test_the_example_never_takes_money_for_a_number_that_is_not_its_own(project: Path) -> None:
    with loopback() as server:
        server.behaviours.append(granted(server, "/index.php?ACT_=PAYM"))
        _, end = settled(project, server, server.address + "/php/PayCardConfirmAct.php?ACT_=PAYM", number="ANOTHER")
        assert len(server.requests) == 1
    assert end.startswith("not paid")


def test_the_example_sends_nothing_to_an_address_that_a_forger_names(project: Path) -> None:
    with loopback(answering(CONFIRMED)) as canary, loopback() as server:
        server.behaviours.append(granted(server, "/index.php?ACT_=PAYM"))
        _, end = settled(project, server, canary.address + "/php/PayCardConfirmAct.php?ACT_=PAYM")
        assert canary.connections == 0
    assert end == "nothing happened: let the payer try again"
