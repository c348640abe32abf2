"""The harness itself: it stays outside of the shop, and every campaign fits in."""

from __future__ import annotations

import ast
import json
import sys
import time
from pathlib import Path

import pytest
import requests

from tests.chaos import campaigns, processes, profile
from tests.chaos.listener import Listener
from tests.chaos.processes import Group
from tests.chaos.profile import Profile

HERE = Path(__file__).parent
SOURCES = sorted(path for path in HERE.rglob("*.py") if not path.name.startswith("test_"))

NESTED = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
time.sleep(60)
"""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(HERE)))
def test_nothing_of_the_shop_is_imported(path: Path) -> None:
    """So it judges any shop by what is public, and none by its own word."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    modules += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]

    assert [name for name in modules if name.partition(".")[0] in ("shop", "app")] == []


@pytest.mark.parametrize("name", campaigns.NAMES)
def test_every_campaign_has_a_figure_and_a_run(name: str) -> None:
    campaign = campaigns.load(name)

    assert callable(campaign.run)
    assert 0 < campaign.FIGURE.quick <= campaign.FIGURE.full
    assert campaign.FIGURE.holds


def test_what_dials_the_canary_is_counted_even_if_it_says_nothing() -> None:
    with Listener("127.0.0.1") as canary:
        requests.post(canary.url + "told", json={"id": 3}, timeout=5)
        assert canary.wait(1, 5)

        assert canary.bodies() == [{"id": 3}]
        assert b"POST /told" in canary.hits[0]


def test_a_group_ends_with_everything_it_has_started(tmp_path: Path) -> None:
    group = Group([sys.executable, "-c", NESTED], tmp_path, {}, tmp_path / "log")
    deadline = time.monotonic() + 20
    while not group.children() and time.monotonic() < deadline:
        time.sleep(0.02)
    children = group.children()

    group.kill()

    assert children
    assert not group.is_alive
    deadline = time.monotonic() + 20
    while any(processes.is_running(child) for child in children) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(processes.is_running(child) for child in children)


def test_another_shop_is_described_by_what_differs(tmp_path: Path) -> None:
    told = tmp_path / "other.json"
    told.write_text(json.dumps({"root": "/srv/other", "sweep": ["other", "sweep"], "desk_button": ""}))

    other = profile.from_file(told)

    assert (other.root, other.sweep, other.desk_button) == (Path("/srv/other"), ("other", "sweep"), "")
    assert other.ledger == Profile().ledger


def test_a_profile_with_an_unknown_name_is_refused(tmp_path: Path) -> None:
    told = tmp_path / "other.json"
    told.write_text(json.dumps({"swep": []}))

    with pytest.raises(ValueError, match="swep"):
        profile.from_file(told)
