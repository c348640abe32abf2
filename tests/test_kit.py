"""The kit works from a copy outside the repository: its README's first test passes as it is printed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shop.settings import Settings
from tests.tools import node
from tests.tools.sources import ROOT

KIT = ROOT / "tests" / "kit"


PURCHASE = """
from playwright.sync_api import expect

pytest_plugins = "kit.fixtures"


def test_a_buyer_pays_and_staff_see_it(shop, store, staff):
    order = store.order("moon-well", "pencil-set")
    window, attempt_no = order.open_window("layer")
    window.approve()
    order.insist_on_state("paid")
    staff.open_order(order.page.url.rsplit("/", 1)[1])
    expect(staff.page.get_by_test_id("refundable")).to_have_attribute("data-amount", "19400")
    assert shop.control("GET", f"payments/{attempt_no}")["total"] == 19400


def test_time_passes(shop, visit):
    order = shop.order("awaiting_payment")
    shop.advance(hours=2)
    visit(order).insist_on_state("expired")
"""

NODE = """
import { start } from "./kit/start.mjs";

const { shop, stop } = await start();
const { state, refunded } = await shop.show(await shop.order("refunded", { method: "transfer" }));
console.log(state, refunded);
await stop();
"""


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A folder with a copy of the kit and the Python test of its README."""
    shutil.copytree(KIT, tmp_path / "kit", ignore=shutil.ignore_patterns("__pycache__"))
    snippet = re.search(r"^```python\n(.*?)^```$", (KIT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    assert snippet
    (tmp_path / "test_first.py").write_text(snippet[1])
    (tmp_path / "test_purchase.py").write_text(PURCHASE)
    return tmp_path


@pytest.mark.browser
def test_the_first_test_of_the_readme_and_a_purchase_pass_in_a_copy(copied: Path) -> None:
    test = (copied / "test_first.py").read_text().splitlines()[1:]
    environment = os.environ | {"PAYPLE_SHOP_FOLDER": str(ROOT), "PYTHONPATH": "."}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]

    run = subprocess.run(command, cwd=copied, env=environment, capture_output=True, text=True, check=False)

    assert len(test) <= 10
    assert (run.returncode, "3 passed" in run.stdout) == (0, True), run.stdout + run.stderr


def test_a_test_in_node_gets_its_shop_and_its_order(copied: Path) -> None:
    (copied / "first.mjs").write_text(NODE)
    environment = os.environ | {"PAYPLE_SHOP_FOLDER": str(ROOT)}

    command = [str(node.program()), "first.mjs"]
    run = subprocess.run(command, cwd=copied, env=environment, capture_output=True, text=True, check=False)

    assert (run.returncode, run.stdout) == (0, "refunded 1000\n"), run.stderr


def test_an_installation_keeps_its_files_where_it_is_told(tmp_path: Path) -> None:
    values = {"SECRET_KEY": "s" * 40, "INSTANCE_FOLDER": str(tmp_path / "other")}

    settings = Settings.from_env(values, tmp_path / "instance")

    assert settings.instance == tmp_path / "other"
    assert settings.database_url.endswith("other/shop.sqlite")
